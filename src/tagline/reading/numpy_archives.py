"""NumPy archives (.npz), read some rows at a time.

`numpy.load` makes the whole array of a member, which is many times the size of a packed file.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from math import prod
from typing import IO
from zipfile import BadZipFile, ZipFile

import numpy as np

from tagline.datasets import Array, UnreadableFileError, reading, require_here
from tagline.settings.strict import did_you_mean

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Member:
    """An array (R, ...) of an open archive, which is read from its first row to its last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.shape, by_column, self.dtype = HEADERS[np.lib.format.read_magic(stream)](stream)
        if by_column or self.dtype.hasobject or not self.shape:
            raise ValueError(f"no rows of numbers: {self.dtype} {self.shape}, {by_column=}")

    def read(self, num_rows: int) -> Array:
        """Return the next rows."""
        shape = (num_rows, *self.shape[1:])
        content = self.stream.read(prod(shape) * self.dtype.itemsize)
        return np.frombuffer(content, self.dtype).reshape(shape)


def read_rows(
    path: str, names: Sequence[str], *, at_once: int
) -> Iterator[tuple[range, list[Array]]]:
    """Yield consecutive rows of an archive with their values in each of these members.

    Raises:
        UnreadableFileError: a member is missing or damaged, or they have different lengths, or
            the file is elsewhere.
    """
    require_here(path)
    with ExitStack() as stack:
        with reading(path, BadZipFile):
            archive = stack.enter_context(ZipFile(path))
        members = [_open(path, archive, name, stack) for name in names]
        lengths = {name: member.shape[0] for name, member in zip(names, members, strict=True)}
        if len(set(lengths.values())) > 1:
            raise UnreadableFileError(f"{path}: members of different lengths: {lengths}")
        for start in range(0, lengths[names[0]], at_once):
            rows = range(start, min(start + at_once, lengths[names[0]]))
            with reading(f"{path}: rows {rows.start} to {rows.stop}", BadZipFile):
                values = [member.read(len(rows)) for member in members]
            yield rows, values


def _open(path: str, archive: ZipFile, name: str, stack: ExitStack) -> Member:
    known = [member.removesuffix(".npy") for member in archive.namelist()]
    if name not in known:
        raise UnreadableFileError(f"{path}: no array {name!r}; {did_you_mean(name, known)}")
    with reading(f"{path}: array {name!r}", BadZipFile):
        return Member(stack.enter_context(archive.open(f"{name}.npy")))
