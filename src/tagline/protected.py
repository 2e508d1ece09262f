"""The protected columns of jets, as methods that act on scores read them."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def only_column(protected_JR: Array, *, method: str) -> Array:
    """Return the protected column (J,) of a method that cannot have several."""
    if protected_JR.shape[1] != 1:
        raise ValueError(f"{method} protects one column, the task names {protected_JR.shape[1]}")
    return protected_JR[:, 0]
