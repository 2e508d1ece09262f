"""Input files as they arrive: where one can be read, and whether it is what was listed."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tagline.artefacts.digests import wrong_checksum
from tagline.datasets import NamedPath, UnreadableFileError, reading
from tagline.reading.download import download
from tagline.reading.remote import size_of
from tagline.settings.records import ListedFile

log = logging.getLogger(__name__)


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
    if "://" in place and copy_first:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as hidden:
            here = Path(hidden) / PurePosixPath(file.called).name
            bring(file, place, here)
            try:
                yield _named(file, str(here)), here.stat().st_size
            except UnreadableFileError as error:  # the copy is gone by then
                raise type(error)(str(error).replace(str(here), place)) from error
        return
    with reading(place):
        size = size_of(place)
    if file.size not in (None, size):
        raise UnreadableFileError(f"{place}: it has {size} bytes, {file.size} were expected")
    if "://" not in place and (found := wrong_checksum(Path(place), file.checksum)):
        raise UnreadableFileError(f"{place}: it has {found}, but {file.checksum} was expected")
    yield _named(file, place), size


def _named(file: ListedFile, path: str) -> NamedPath:
    return NamedPath(path, name=file.called, before_members=file.before_members)


def bring(file: ListedFile, place: str, here: Path) -> None:
    """Complete and check a copy of a file, of which a part may be there.

    One with a wrong checksum is deleted, and made once more: it may have changed on its way, or
    have begun with a part of another file.

    Raises:
        UnreadableFileError: the file is not there, or another one.
    """
    for _ in range(2):
        with reading(place):
            download(place, here, size=file.size)
        found = wrong_checksum(here, file.checksum)
        if not found:
            return
        num_bytes = here.stat().st_size
        here.unlink()
        wrong = f"{place}: it has {found} in {num_bytes} bytes, but {file.checksum} was expected"
        log.warning(wrong)
    raise UnreadableFileError(f"{wrong}; nothing of it is kept")
