"""Loops over jets, compiled by numba once and cached beside the module."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; it keeps its type and releases the GIL."""
    kernel: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return kernel
