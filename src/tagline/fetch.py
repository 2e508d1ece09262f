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

from tagline.artefacts.digests import wrong_checksum
from tagline.artefacts.files import write_json
from tagline.datasets import InterruptedFileError, UnreadableFileError
from tagline.reading.arrival import bring
from tagline.reading.download import bytes_of
from tagline.reading.patience import ROUNDS
from tagline.settings import records
from tagline.settings.records import ListedFile, Manifest

log = logging.getLogger(__name__)


def look_up(record: str, path: Path, *, checksum: str = "") -> Manifest:
    """Write, and return, the list of a record's files as its archive has it today.

    Raises:
        ValueError: the answer is no such list, or another one than the checksum is of.
    """
    url, answer = records.url_of(record), partial_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    answer.unlink(missing_ok=True)
    bring_from_any(ListedFile(path=url, checksum=checksum), [url], answer)
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


def fetch(file: ListedFile, path: Path, *, places: Sequence[str]) -> None:
    """Download a file, unless it is there already.

    Args:
        file: what is known of it.
        path: gets it.
        places: URLs that lead to it, the best first.

    Raises:
        ValueError: no place has it, or each has another one, of which nothing is left then.
    """
    if path.exists() and not wrong_checksum(path, file.checksum):
        log.info("%s is there already, and its checksum is right", path)
        return
    urls = [place for place in places if "://" in place]
    if not urls:
        raise ValueError(f"{path}: {file.path} is no URL; `read` it in place")
    path.parent.mkdir(parents=True, exist_ok=True)
    start, partial = time.monotonic(), partial_of(path)
    bring_from_any(file, urls, partial)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.replace(path)
    megabytes, seconds = path.stat().st_size / 1e6, time.monotonic() - start
    log.info("%s: %.1f MB in %.0f s, and the checksum is right", path, megabytes, seconds)


def bring_from_any(file: ListedFile, urls: Sequence[str], partial: Path) -> None:
    """Complete a file from the first place that gives it; what may pass is tried again later.

    Raises:
        ValueError: no place gives it.
    """
    for pause in ROUNDS:
        time.sleep(pause)
        errors: list[UnreadableFileError] = []
        for url in urls:
            try:
                bring(file, url, partial)
                return
            except UnreadableFileError as error:
                log.warning(error)
                errors.append(error)
        if not any(isinstance(error, InterruptedFileError) for error in errors):
            break
    kept = f"{bytes_of(partial)} bytes are kept for the next run" if partial.exists() else ""
    raise ValueError("; ".join(filter(None, [*map(str, errors), kept])))


def partial_of(path: Path) -> Path:
    """Return where a file grows until it is complete."""
    return path.with_name(f".{path.name}.part")


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
