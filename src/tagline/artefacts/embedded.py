"""Reading the provenance that writers embedded, from every kind of file."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from tagline.artefacts.provenance import KEY, Provenance, parse

Written = str | bytes | dict[str, Any] | None

COMMENT = re.compile(rf"^(?:<!--|%) {KEY}: (\{{.*\}})(?: -->)?$", re.MULTILINE)
PDF_KEYWORDS = re.compile(rb"/Keywords \((\{(?:[^()\\]|\\.)*\})\)", re.DOTALL)
PDF_ESCAPE = re.compile(rb"\\(.)")


def read(path: Path) -> Provenance | None:
    """Return how a file was made, or a folder by the first of its files; None if it is not said.

    A CSV has no place for it: it is made with a Markdown file of the same name.

    Raises:
        ValueError: the file is damaged.
    """
    if path.is_dir():
        files = (file for file in sorted(path.iterdir()) if file.is_file())
        return next(filter(None, map(read, files)), None)
    if path.suffix == ".csv":
        return read(path.with_suffix(".md"))
    reader = READERS.get(path.suffix)
    if reader is None or not path.exists():
        return None
    try:
        written = reader(path)
    except (OSError, RuntimeError, UnpicklingError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from None
    return parse(written) if written else None


def _of_json(path: Path) -> Written:
    values = json.loads(path.read_bytes())
    found: Written = values.get(KEY) if isinstance(values, dict) else None
    return found


def _of_parquet(path: Path) -> Written:
    import pyarrow.parquet as pq

    metadata: dict[bytes, bytes] = pq.read_metadata(path).metadata or {}
    return metadata.get(f"tagline.{KEY}".encode())


def _of_model(path: Path) -> Written:
    import torch

    contents = torch.load(path, weights_only=True, mmap=True, map_location="cpu")
    found: Written = contents.get(KEY)
    return found


def _of_onnx(path: Path) -> Written:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ValueError(error) from None
    entries = {entry.key: entry.value for entry in model.metadata_props}
    return entries.get(f"tagline.{KEY}")


def _of_root(path: Path) -> Written:
    import uproot

    with uproot.open(path) as file:
        return str(file[KEY]) if KEY in file else None


def _of_png(path: Path) -> Written:
    from PIL import Image

    with Image.open(path) as image:
        found: Written = image.info.get(KEY)
        return found


def _of_pdf(path: Path) -> Written:
    found = PDF_KEYWORDS.search(path.read_bytes())
    return PDF_ESCAPE.sub(rb"\1", found[1]) if found else None


def _of_comment(path: Path) -> Written:
    found = COMMENT.findall(path.read_text())
    return found[-1] if found else None


READERS: dict[str, Callable[[Path], Written]] = {
    ".json": _of_json,
    ".md": _of_comment,
    ".onnx": _of_onnx,
    ".parquet": _of_parquet,
    ".pdf": _of_pdf,
    ".png": _of_png,
    ".pt": _of_model,
    ".root": _of_root,
    ".tex": _of_comment,
}
