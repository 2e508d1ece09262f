"""Prepare: the jets of a task become the numbers that taggers read."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tagline.artefacts.files import whole_folder, write_json
from tagline.data.inputs import Statistics, write_inputs
from tagline.data.jets import Jets, concatenate, read_jets, write_jets
from tagline.representations import BaseRepresentation
from tagline.settings import plugins
from tagline.settings.catalogue import Representation

log = logging.getLogger(__name__)

SPLITS = ("train", "validation", "test")
INPUTS_FILE = "inputs.json"
MEAN_IMAGES_FILE = "mean_images.json"
IDENTITY = ("event_id", "jet_index", "label", "weight", "pt", "mass")


def prepare(
    split: Path,
    *,
    representation: Representation,
    protected: Sequence[str],
    class_names: Sequence[str],
    folder: Path,
) -> None:
    """Fit a representation on the training jets and transform every split, as one folder."""
    plugin = load(representation)
    provenance = {"representation": representation.model_dump_json()}
    splits = {
        name: read_jets(split / name, constituents=plugin.reads(), tables=()) for name in SPLITS
    }
    statistics = plugin.fit(splits["train"])
    with whole_folder(folder) as unfinished:
        for name, jets in splits.items():
            start = time.perf_counter()
            prepared = transform(jets, plugin, statistics=statistics, protected=protected)
            _log_rate(name, prepared, seconds=time.perf_counter() - start)
            write_jets(prepared, unfinished / name, provenance=provenance)
        inputs = replace(plugin.inputs(statistics), num_classes=len(class_names))
        write_inputs(inputs, unfinished / INPUTS_FILE)
        if mean_images := plugin.mean_images(splits["train"], statistics, class_names):
            write_json(mean_images, unfinished / MEAN_IMAGES_FILE)


def load(representation: Representation) -> BaseRepresentation:
    """Make the representation of a catalogue entry."""
    module = plugins.load("representations", representation.kind)
    plugin: BaseRepresentation = module.Representation(module.Config(**representation.parameters))
    return plugin


def transform(
    jets: Jets, plugin: BaseRepresentation, *, statistics: Statistics, protected: Sequence[str]
) -> Jets:
    """Return the prepared jets with their identity, label, weight and protected columns."""
    prepared = concatenate([plugin.transform(piece, statistics) for piece in jets.pieces()])
    for name in protected:
        if name not in jets.jets:
            raise ValueError(
                f"protected: no jet column {name!r}; known are {', '.join(jets.jets)}"
            )
    kept = {name: jets.jets[name] for name in (*IDENTITY, *protected)}
    return Jets(jets=kept | prepared.jets, constituents=prepared.constituents)


def _log_rate(split: str, prepared: Jets, *, seconds: float) -> None:
    log.info(
        "%s: %d jets, %d constituents, %.0f jets/s",
        split,
        len(prepared),
        prepared.jets["num_constituents"].sum(),
        len(prepared) / seconds,
    )
