"""Small prepared tasks, for the tests of taggers and of their training."""

from functools import cache
from pathlib import Path

import numpy as np
import yaml

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets, write_jets
from tagline.prepare import prepare
from tagline.settings import catalogue
from tests.toys import toy_jets, with_columns_of

CONFIG = Path(__file__).parent.parent / "config"
NONE = catalogue.Decorrelation(method="none", when="never")
SMALL = {  # a network on 40 x 40 pixels takes seconds a step, and planning all graphs takes one
    "pixels": 12,
    "max_degree": 4,
}
FEW = {  # so do networks of pairs of constituents
    "particlenet_cloud": 20,
    "particle_transformer_cloud": 12,
    "transformer_cloud": 12,
    "lorentznet_vectors": 8,
    "pelican_vectors": 8,
    "lgatr_vectors": 10,
}
SHALLOW = {"lgatr": {"blocks": 2}}  # a step of all its blocks takes a fifth of a second


@cache
def taggers() -> dict[str, catalogue.Tagger]:
    """Return the taggers of the catalogue."""
    return {name: catalogue.Tagger(**entry) for name, entry in _read("taggers").items()}


@cache
def representations() -> dict[str, catalogue.Representation]:
    """Return the representations of the catalogue."""
    entries = _read("representations")
    return {name: catalogue.Representation(**entry) for name, entry in entries.items()}


def small(name: str) -> catalogue.Representation:
    """Return a representation of the catalogue with smaller images or shorter clouds."""
    representation = representations()[name]
    sizes = SMALL | ({"max_constituents": FEW[name]} if name in FEW else {})
    smaller = {key: value for key, value in sizes.items() if key in representation.parameters}
    return representation.model_copy(update={"parameters": representation.parameters | smaller})


def shallow(name: str) -> catalogue.Tagger:
    """Return a tagger of the catalogue with fewer blocks, if some of them are enough."""
    tagger = taggers()[name]
    return tagger.model_copy(update={"parameters": tagger.parameters | SHALLOW.get(name, {})})


def prepared_task(
    folder: Path, representation: catalogue.Representation, *, num_jets: int = 64
) -> Path:
    """Prepare train, validation and test splits of toy jets and return their folder."""
    for seed, split in enumerate(("train", "validation", "test")):
        jets = _labelled(toy_jets(num_jets, seed=seed), seed=seed)
        jets = with_columns_of(representation, jets, seed=seed)
        write_jets(jets, folder / "split" / split, provenance={})
    prepared = folder / "prepared"
    prepare(
        folder / "split",
        representation=representation,
        protected=["mass"],
        class_names=["qcd", "top"],
        folder=prepared,
    )
    return prepared


def with_training(tagger: catalogue.Tagger, **changes: object) -> catalogue.Tagger:
    """Return the same tagger trained in another way."""
    training = tagger.steps.model_copy(update=changes)
    return tagger.model_copy(update={"training": training})


def _labelled(jets: Jets, *, seed: int) -> Jets:
    columns = {
        "event_id": np.random.default_rng(seed).integers(2**63, size=len(jets)).astype(np.uint64),
        "label": (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.int64),
    }
    return Jets(jets=jets.jets | columns, constituents=jets.constituents)


def _read(name: str) -> dict[str, dict[str, object]]:
    entries: dict[str, dict[str, object]] = yaml.safe_load((CONFIG / f"{name}.yaml").read_text())[
        name
    ]
    return entries
