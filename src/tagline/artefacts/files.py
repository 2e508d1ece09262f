"""Files that appear whole or not at all, and say how they were made."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tagline.artefacts import provenance

COMMENTS = {".md": ("<!-- ", " -->"), ".tex": ("% ", "")}


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which becomes `path` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        unfinished = Path(folder) / path.name
        yield unfinished
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, which replaces `path` when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        unfinished = Path(folder) / path.name
        unfinished.mkdir()
        yield unfinished
        if path.exists():
            shutil.rmtree(path)
        unfinished.replace(path)


def write_json(values: Any, path: Path) -> None:  # noqa: ANN401 (any JSON)
    """Write values as JSON with sorted keys, refusing NaN and infinities.

    A dictionary gets the provenance of this job as one entry more.
    """
    if isinstance(values, dict):
        values = values | provenance.entry()
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(values, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401 (any JSON)
    """Read the values of a JSON file, without its provenance."""
    values = json.loads(path.read_text())
    if isinstance(values, dict):
        values.pop(provenance.KEY, None)
    return values


def write_text(text: str, path: Path) -> None:
    """Write Markdown or TeX, with the provenance of this job in a comment at its end."""
    begin, end = COMMENTS[path.suffix]
    comments = [f"{begin}{key}: {record}{end}\n" for key, record in provenance.text().items()]
    with whole_file(path) as unfinished:
        unfinished.write_text("".join([text, *comments]))
