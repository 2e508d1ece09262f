"""Weights that make the classes of a task equal in training."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Jets

WEIGHTED = ("train", "validation")


def balanced(jets: Mapping[str, Jets]) -> dict[str, Jets]:
    """Return the splits with weights scaled so that the classes are equal in the training set.

    Training weights are one on average. The same factors apply to validation, whose loss stops the
    training; the test set keeps the weights of the input.
    """
    label, weight = (jets["train"].jets[name] for name in ("label", "weight"))
    sums = np.bincount(label, weight)
    if (sums <= 0).any():
        raise ValueError(f"cannot balance classes with these sums of weights: {sums.tolist()}")
    factors = len(label) / (len(sums) * sums)
    return {
        name: scaled(share, factors[share.jets["label"]]) if name in WEIGHTED else share
        for name, share in jets.items()
    }


def scaled(jets: Jets, factor: npt.NDArray[np.float64]) -> Jets:
    """Return the jets with weights multiplied by a factor (J,)."""
    weight = (jets.jets["weight"] * factor).astype(np.float32)
    return replace(jets, jets=jets.jets | {"weight": weight})
