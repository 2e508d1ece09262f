"""Expanding the files of a dataset into a list, when the Snakefile is read."""

from collections import Counter
from collections.abc import Sequence
from glob import glob
from os.path import isfile


def expand_files(patterns: Sequence[str]) -> list[str]:
    """Return URLs as they are, and the local files of each path or pattern in sorted order.

    Raises:
        ValueError: a path or pattern matches no file, or a file is matched twice.
    """
    files: list[str] = []
    for pattern in patterns:
        if "://" in pattern:
            files.append(pattern)
            continue
        found = sorted(filter(isfile, glob(pattern, recursive=True)))  # noqa: PTH207 (absolute too)
        if not found:
            raise ValueError(f"no file matches {pattern!r}")
        files.extend(found)
    twice = [file for file, times in Counter(files).items() if times > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} is listed twice")
    return files
