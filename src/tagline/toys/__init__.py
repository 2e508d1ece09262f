"""Toys: one module each, which makes files that look like those of an experiment."""

import importlib
from pathlib import Path

from tagline.artefacts.files import whole_file
from tagline.settings.strict import did_you_mean


def make(toy: str, file: Path) -> None:
    """Write one of the files of a toy.

    Raises:
        ValueError: it has no file of that name.
    """
    makers = importlib.import_module(f"tagline.toys.{toy}").FILES
    if file.name not in makers:
        nearest = did_you_mean(file.name, list(makers))
        raise ValueError(f"toy {toy!r} has no file {file.name!r}; {nearest}")
    with whole_file(file) as unfinished:
        makers[file.name](unfinished)
