"""Loops over jets, compiled by numba once and cached beside the module."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")

COMMON = {"cache": True, "nogil": True}


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; it keeps its type and releases the GIL."""
    kernel: Callable[P, R] = numba.njit(**COMMON)(function)
    return kernel


def vectorised(function: Callable[P, R]) -> Callable[P, R]:
    """Compile it with sums in any order, so that loops over numbers become loops over vectors."""
    freedoms = {"reassoc", "contract", "arcp", "nsz"}
    kernel: Callable[P, R] = numba.njit(**COMMON, error_model="numpy", fastmath=freedoms)(function)
    return kernel


def in_vectors(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers that vectorised loops call; its own sums keep their order."""
    _forget_what_called(Path(function.__code__.co_filename))
    options = {"error_model": "numpy", "fastmath": {"contract"}}
    kernel: Callable[P, R] = numba.njit(**COMMON, **options)(function)
    return kernel


def _forget_what_called(source: Path) -> None:
    """Remove what was compiled before a file was changed.

    Compiled functions contain those that they call, but numba compiles them anew only when their
    own file has changed.
    """
    for index in source.parent.glob("__pycache__/*.nbi"):
        with suppress(FileNotFoundError):  # another process may have been faster
            if index.stat().st_mtime < source.stat().st_mtime:
                index.unlink()
