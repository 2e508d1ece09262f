"""Fetching published files: each is there whole and with the right checksum, or not at all.

A file grows under a hidden name beside its own, which it gets when it is complete and checked. A
run that was killed goes on with what is there.
"""

import argparse
import json
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tagline.artefacts.digests import checksum_of
from tagline.artefacts.files import write_json
from tagline.reading.download import download
from tagline.settings import records
from tagline.settings.records import Manifest, RemoteFile

log = logging.getLogger(__name__)


def look_up(record: str, path: Path, *, checksum: str = "") -> Manifest:
    """Write, and return, the list of a record's files as its archive has it today.

    Raises:
        ValueError: the answer is no such list, or another one than the checksum is of.
    """
    url, answer = records.url_of(record), partial_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    answer.unlink(missing_ok=True)
    download(url, answer, size=None)
    if checksum:
        _refuse_other(answer, checksum, url=url, wanted=path)
    manifest = read_answer(answer, source=url)
    write_json(manifest.model_dump(mode="json"), path)
    answer.unlink()
    return manifest


def read_answer(answer: Path, *, source: str) -> Manifest:
    """Return the files that an archive's answer, or a file index, lists."""
    try:
        values = json.loads(answer.read_bytes())
    except ValueError as error:
        raise ValueError(f"{source}: the answer is no JSON: {error}") from None
    return records.parse(values, source=source)


def fetch(file: RemoteFile, path: Path) -> None:
    """Download a file, unless it is there already.

    Raises:
        ValueError: the server has no such file, or another one, of which nothing is left then.
    """
    if path.exists() and not wrong_checksum(path, file.checksum):
        log.info("%s is there already, and its checksum is right", path)
        return
    if not file.url.startswith("http"):
        raise ValueError(f"{path}: only http(s) is downloaded, not {file.url}; `read` it in place")
    path.parent.mkdir(parents=True, exist_ok=True)
    start, partial = time.monotonic(), partial_of(path)
    download(file.url, partial, size=file.size)
    _refuse_other(partial, file.checksum, url=file.url, wanted=path)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)
    megabytes, seconds = path.stat().st_size / 1e6, time.monotonic() - start
    log.info("%s: %.1f MB in %.0f s, and the checksum is right", path, megabytes, seconds)


def partial_of(path: Path) -> Path:
    """Return where a file grows until it is complete."""
    return path.with_name(f".{path.name}.part")


def wrong_checksum(path: Path, checksum: str) -> str:
    """Return the checksum that a file has instead of the right one; nothing if it is right."""
    algorithm, _, expected = checksum.partition(":")
    found = checksum_of(path, algorithm)
    return "" if int(found, 16) == int(expected, 16) else f"{algorithm}:{found}"


def _refuse_other(path: Path, checksum: str, *, url: str, wanted: Path) -> None:
    """Delete what was downloaded if it is not what was expected."""
    if found := wrong_checksum(path, checksum):
        size = path.stat().st_size
        path.unlink()
        raise ValueError(
            f"{wanted}: {url} has {found} in {size} bytes, but {checksum} was expected; "
            "nothing of it is kept"
        )


def main(arguments: Sequence[str]) -> int:
    """Write the list of a record's files, to be kept in the repository."""
    parser = argparse.ArgumentParser(
        prog="tagline record",
        description="Look up the files of a published record, with their sizes and checksums.",
    )
    parser.add_argument(
        "record", help="zenodo/NUMBER, cernopendata/NUMBER, or the URL or path of a file index"
    )
    parser.add_argument("file", type=Path, help="the list, such as config/manifests/NAME.json")
    options = parser.parse_args(arguments)
    try:
        if Path(options.record).is_file():
            manifest = read_answer(Path(options.record), source=options.record)
            write_json(manifest.model_dump(mode="json"), options.file)
        else:
            look_up(options.record, options.file)
    except ValueError as mistake:
        parser.error(str(mistake))
    return 0
