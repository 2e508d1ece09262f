"""Hashes of 64 bits, of many numbers at once."""

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


def splitmix(state: Hashes) -> Hashes:
    """Mix 64 bits one to one: Fast splittable pseudorandom number generators, Steele (2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
