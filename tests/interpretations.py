"""Toy attributions of three taggers: images, constituents and observables."""

import numpy as np

from tagline.interpretation.attributions import (
    Attributions,
    ConstituentMaps,
    Importance,
    Interpretation,
    Key,
    PixelMaps,
)
from tests.scores import toy_legend

NUM_JETS = {"qcd": 60, "top": 40}


def toy_interpretation(*, num_jets=NUM_JETS) -> Interpretation:
    """Return two seeds of each tagger."""
    makers = {"cnn": _of_images, "pfn": _of_constituents, "topodnn": _of_observables}
    found = {
        Key("tops", tagger): {seed: make(num_jets, np.random.default_rng(seed)) for seed in (1, 2)}
        for tagger, make in makers.items()
    }
    return Interpretation(toy_legend(), found)


def of_trees() -> Interpretation:
    """Return two seeds of trees, whose score is constant between cuts."""
    key = Key("tops", "topodnn")
    seeds = {}
    for seed, found in toy_interpretation().found[key].items():
        features = {
            name: importance.model_copy(update={"attribution": 0.0})
            for name, importance in found.features.items()
        }
        seeds[seed] = found.model_copy(update={"features": features, "gap": 1.0})
    return Interpretation(toy_legend(), {key: seeds})


def _blob(random, *, sign=1.0):
    x = np.linspace(-1, 1, 12)
    image = np.exp(-8 * (x[:, None] ** 2 + (x - sign * 0.2) ** 2))
    return (sign * image * random.uniform(0.9, 1.1, image.shape)).tolist()


def _of_images(num_jets, random) -> Attributions:
    pixels = {
        name: PixelMaps(
            mean=(_blob(random),), saliency=(_blob(random),), attribution=(_blob(random, sign=s),)
        )
        for name, s in zip(num_jets, (-1, 1), strict=False)
    }
    return Attributions(
        num_jets=num_jets, gap=0.002, features={}, channels=("gray",), pixels=pixels
    )


def _of_constituents(num_jets, random) -> Attributions:
    places = np.arange(1, 31)
    maps = {
        name: ConstituentMaps(
            by_rank=tuple(s / places + 0.02 * random.normal(size=30)),
            absolute_by_rank=tuple(1.2 / places),
            saliency_by_rank=tuple(1 / places),
            jets_by_rank=tuple(range(num, num - 30, -1)),
            plane=_blob(random, sign=s),
        )
        for (name, num), s in zip(num_jets.items(), (-1, 1), strict=False)
    }
    return Attributions(
        num_jets=num_jets,
        gap=0.03,
        features=_features(random, ("pt_fraction", "eta", "phi")),
        constituents=maps,
        half_width=0.6,
    )


def _of_observables(num_jets, random) -> Attributions:
    names = [f"tau{number}" for number in range(1, 9)]
    return Attributions(num_jets=num_jets, gap=0.0, features=_features(random, names))


def _features(random, names) -> dict[str, Importance]:
    return {
        name: Importance(
            auc_drop=0.1 / place + 0.01 * random.normal(),
            auc_drop_error=0.005,
            attribution=1 / place,
        )
        for place, name in enumerate(names, start=1)
    }
