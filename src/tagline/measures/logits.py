"""Scores between 0 and 1, and the logits in which methods that shift or map them work."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SMALLEST_PROBABILITY = 1e-7  # float32 cannot tell 1 - p from 1 below this
LARGEST_LOGIT = float(np.log1p(-SMALLEST_PROBABILITY) - np.log(SMALLEST_PROBABILITY))


def logits_of(score_J: Array) -> Array:
    """Return log(p / (1 - p)), finite for all scores."""
    score_J = np.clip(score_J, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.log(score_J) - np.log1p(-score_J)


def scores_of(logit_J: Array) -> Array:
    """Return 1 / (1 + exp(-logit))."""
    return 1 / (1 + np.exp(-logit_J))
