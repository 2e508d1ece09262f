"""Prepare: the jets of a task become the numbers that taggers read."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tagline.artefacts.files import whole_folder, write_json
from tagline.data.inputs import Statistics, write_inputs
from tagline.data.jets import Jets, gathered, write_stream
from tagline.data.stored_jets import InPieces, StoredJets
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
        name: StoredJets(split / name, constituents=plugin.reads(), tables=()) for name in SPLITS
    }
    statistics = plugin.fit(splits["train"])
    with whole_folder(folder) as unfinished:
        for name, jets in splits.items():
            start = time.perf_counter()
            prepared = transformed(jets, plugin, statistics=statistics, protected=protected)
            number = write_stream(gathered(prepared), unfinished / name, provenance=provenance)
            rate = number / (time.perf_counter() - start)
            log.info("%s: %d jets, %.0f jets/s", name, number, rate)
        inputs = replace(plugin.inputs(statistics), num_classes=len(class_names))
        write_inputs(inputs, unfinished / INPUTS_FILE)
        if mean_images := plugin.mean_images(splits["train"], statistics, class_names):
            write_json(mean_images, unfinished / MEAN_IMAGES_FILE)


def load(representation: Representation) -> BaseRepresentation:
    """Make the representation of a catalogue entry."""
    module = plugins.load("representations", representation.kind)
    plugin: BaseRepresentation = module.Representation(module.Config(**representation.parameters))
    return plugin


def transformed(
    jets: InPieces, plugin: BaseRepresentation, *, statistics: Statistics, protected: Sequence[str]
) -> Iterator[Jets]:
    """Yield the prepared jets with their identity, label, weight and protected columns.

    Raises:
        ValueError: there is no such protected column.
    """
    for piece in jets.pieces():
        for name in protected:
            if name not in piece.jets:
                known = ", ".join(piece.jets)
                raise ValueError(f"protected: no jet column {name!r}; known are {known}")
        prepared = plugin.transform(piece, statistics)
        kept = {name: piece.jets[name] for name in (*IDENTITY, *protected)}
        yield Jets(jets=kept | prepared.jets, constituents=prepared.constituents)
