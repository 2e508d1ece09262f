"""Loops over jets, compiled by numba once and cached in the package."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")

PACKAGE = Path(__file__).parents[1]


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers; it keeps its type and releases the GIL."""
    return _kernel(function)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small function into those that call it, where a call would cost as much as it."""
    return _kernel(function, forceinline=True)


def vectorised(function: Callable[P, R]) -> Callable[P, R]:
    """Compile it with sums in any order, so that loops over numbers become loops over vectors."""
    freedoms = {"reassoc", "contract", "arcp", "nsz"}
    return _kernel(function, error_model="numpy", fastmath=freedoms)


def in_vectors(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers that vectorised loops call; its own sums keep their order."""
    return _kernel(function, error_model="numpy", fastmath={"contract"})


def _kernel(function: Callable[P, R], **options: Any) -> Callable[P, R]:  # noqa: ANN401
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(_cache_folder(before))
    try:
        kernel: Callable[P, R] = numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        numba.config.CACHE_DIR = before
    return kernel


@cache
def _cache_folder(parent: str) -> Path:
    """Return a folder that is another one whenever a module with compiled functions changes.

    What numba has cached of a function contains those that it calls, but numba asks only whether
    the file of the function itself is still the same.
    """
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if b"tagline.machine.compiled" in source:
            digest.update(source)
    return Path(parent or PACKAGE / "__pycache__") / f"kernels-{digest.hexdigest()[:16]}"
