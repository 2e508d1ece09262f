"""Weights that make the classes of a task equal in training."""

from collections.abc import Mapping

import numpy as np

from tagline.data.jets import Columns
from tagline.splitting.draws import Draw


def balanced(columns: Mapping[str, Columns], draws: Mapping[str, Draw]) -> dict[str, Draw]:
    """Return the draws with weights scaled so that the classes are equal in the training set.

    Training weights are one on average. The same factors apply to validation, whose loss stops the
    training; the test set keeps the weights of the input.

    Raises:
        ValueError: the weights of a class do not add up to more than nothing.
    """
    label_K = {name: columns[name]["label"][draw.rows_K] for name, draw in draws.items()}
    sums = np.bincount(label_K["train"], draws["train"].weight_K)
    if (sums <= 0).any():
        raise ValueError(f"cannot balance classes with these sums of weights: {sums.tolist()}")
    factors = len(label_K["train"]) / (len(sums) * sums)
    return {name: draw.scaled(factors[label_K[name]]) for name, draw in draws.items()}
