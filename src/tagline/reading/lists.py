"""Lists of numbers, one an entry, of which perhaps those of few entries are wanted."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tagline.data.jets import particles_of
from tagline.datasets import Array, Rows
from tagline.machine.compiled import compiled
from tagline.reading.blocks import Bytes


class Ragged(NamedTuple):
    """Lists behind each other: their values (P,), and where each begins, and the last ends."""

    values: Array
    offsets: Rows

    def of(self, rows: Rows) -> Array:
        """Return the values of some lists, behind each other."""
        return self.values[particles_of(rows, offsets=self.offsets)]

    def at(self, places: Rows) -> Array:
        """Return the values at some places among those of all lists."""
        values: Array = self.values[places]
        return values


class Piece(NamedTuple):
    """Unpacked bytes, and where in them the values of each list begin, in bytes: (J,)."""

    content: Bytes
    begins: Rows

    def values(self, num: int, dtype: np.dtype[Any]) -> Array:
        """Return the values of all of its lists, which lie behind each other."""
        first = self.begins[0] if len(self.begins) else 0
        return self.content[first : first + num * dtype.itemsize].view(dtype)


class RawRagged:
    """Lists as they lie in the baskets of a file, turned into numbers when they are asked for.

    Args:
        pieces: the contents of the baskets.
        offsets: where each list begins among the values of all, and where the last ends.
        dtype: of the values, in the order of bytes that the file has.
        are_dense: whether there is nothing between the lists of a basket.
    """

    def __init__(
        self, pieces: Sequence[Piece], offsets: Rows, *, dtype: np.dtype[Any], are_dense: bool
    ) -> None:
        self.offsets = offsets
        self._pieces, self._dtype, self._are_dense = pieces, dtype, are_dense
        self._ends = np.cumsum([0, *(len(piece.begins) for piece in pieces)])

    def between(self, start: int, stop: int) -> "RawRagged":
        """Return the lists of some consecutive entries."""
        pieces = [
            Piece(content, begins[max(start - first, 0) : max(stop - first, 0)])
            for (content, begins), first in zip(self._pieces, self._ends, strict=False)
        ]
        offsets = self.offsets[start : stop + 1] - self.offsets[start]
        return RawRagged(pieces, offsets, dtype=self._dtype, are_dense=self._are_dense)

    @cached_property
    def values(self) -> Array:
        """The values of all lists."""
        if self._are_dense:
            return np.concatenate(self._contents).astype(self._dtype.newbyteorder("="))
        return self.of(np.arange(len(self.offsets) - 1))

    def of(self, rows: Rows) -> Array:
        """Return the values of some lists, behind each other."""
        if np.any(rows[1:] < rows[:-1]):
            return Ragged(self.values, self.offsets).of(rows)
        num_bytes = np.diff(self.offsets)[rows] * self._dtype.itemsize
        borders = np.searchsorted(rows, self._ends)
        ends = np.append(0, np.cumsum(num_bytes))[borders]
        out = np.empty(ends[-1], np.uint8)
        for piece, first, (begin, end), (start, stop) in zip(
            self._pieces, self._ends, pairwise(borders), pairwise(ends), strict=False
        ):
            begins = piece.begins[rows[begin:end] - first]
            copy_all(piece.content, begins, num_bytes[begin:end], out[start:stop])
        return native(out.view(self._dtype))

    def at(self, places: Rows) -> Array:
        """Return the values at some places among those of all lists."""
        if self._are_dense and "values" not in self.__dict__:
            starts = self.offsets[self._ends].tolist()
            found = gathered(zip(starts, self._contents, strict=False), places, self._dtype)
            if found is not None:
                return found
        chosen: Array = self.values[places]
        return chosen

    @cached_property
    def _contents(self) -> list[Array]:
        """The values of each piece, if they are dense, in the order of bytes of the file."""
        sizes = np.diff(self.offsets[self._ends]).tolist()
        return [
            piece.values(num, self._dtype) for piece, num in zip(self._pieces, sizes, strict=True)
        ]


AnyRagged = Ragged | RawRagged


@compiled
def copy_all(content: Bytes, begins: Rows, num_bytes: Rows, out: Bytes) -> None:
    """Copy stretches of bytes behind each other."""
    filled = 0
    for begin, length in zip(begins, num_bytes):  # noqa: B905 (numba knows no `strict`)
        there, here = content[begin : begin + length], out[filled : filled + length]
        for place in range(length):
            here[place] = there[place]
        filled += length


@compiled
def copy_while_here(values: Array, start: int, places: Rows, out: Array) -> int:
    """Copy values at places counted from before the first, up to one that is elsewhere."""
    for num in range(len(places)):
        place = places[num] - start
        if not 0 <= place < len(values):
            return num
        out[num] = values[place]
    return len(places)


def gathered(
    pieces: Iterable[tuple[int, Array]], places: Rows, dtype: np.dtype[Any]
) -> Array | None:
    """Return the values at some places, or nothing if these go back to an earlier piece.

    Args:
        pieces: where each begins among all values, and those in it, as the file has them.
        places: among all values.
        dtype: of the values.
    """
    bits = np.dtype(f"u{dtype.itemsize}")
    found = np.empty(len(places), dtype.newbyteorder("="))
    num = 0
    for start, values in pieces:
        here = found[num:].view(bits)
        num_here = copy_while_here(values.view(bits), start, places[num:], here)
        native(here[:num_here].view(dtype))
        num += num_here
    return found if num == len(places) else None


def native(values: Array) -> Array:
    """Turn the bytes of each number round, in place, where the machine's order is another."""
    if values.dtype.isnative:
        return values
    return values.byteswap(inplace=True).view(values.dtype.newbyteorder("="))
