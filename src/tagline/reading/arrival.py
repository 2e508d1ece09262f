"""Input files as they arrive: where one can be read, and whether it is what was listed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tagline.artefacts.digests import checksum_of
from tagline.datasets import InterruptedFileError, NamedPath, UnreadableFileError, reading
from tagline.reading.remote import copy, size_of
from tagline.settings.records import ListedFile


@contextmanager
def arrived(
    file: ListedFile, place: str, *, copy_first: bool, folder: Path
) -> Iterator[tuple[NamedPath, int]]:
    """Yield the path that a file is read from, with its name, and its size in bytes.

    Args:
        file: what is known of it.
        place: where it is, perhaps at a mirror.
        copy_first: whether a remote file is copied.
        folder: gets the copy, as long as the block lasts.

    Raises:
        UnreadableFileError: it is not there, or another one; or what the block raises, of the
            place instead of the copy.
    """
    with reading(place):
        size = size_of(place)
    if file.size not in (None, size):
        raise UnreadableFileError(f"{place}: it has {size} bytes, {file.size} were expected")
    if "://" not in place:
        _check(file, place, Path(place))
        yield NamedPath(place, name=file.called), size
    elif not copy_first:
        yield NamedPath(place, name=file.called), size
    else:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as hidden:
            here = Path(hidden) / PurePosixPath(file.called).name
            with reading(place):
                copy(place, here)
            _check(file, place, here)
            try:
                yield NamedPath(str(here), name=file.called), size
            except UnreadableFileError as error:  # the copy is gone by then
                raise type(error)(str(error).replace(str(here), place)) from error


def _check(file: ListedFile, place: str, here: Path) -> None:
    """Raise an error unless the checksum is right, or there is none."""
    algorithm, _, expected = file.checksum.partition(":")
    if not algorithm:
        return
    found = checksum_of(here, algorithm)
    if int(found, 16) != int(expected, 16):
        wrong = f"{place}: it has {algorithm}:{found}, but {file.checksum} was expected"
        raise (InterruptedFileError if "://" in place else UnreadableFileError)(wrong)
