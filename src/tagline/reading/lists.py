"""Lists of numbers, one an entry, of which perhaps those of few entries are wanted."""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tagline.data.jets import particles_of
from tagline.datasets import Array, Rows
from tagline.machine.compiled import compiled
from tagline.reading.blocks import Bytes

FEW = 8  # of so many values at most one is wanted, so that pieces are better not joined


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
        self._bits = np.dtype(f"u{dtype.itemsize}")  # which numpy gathers faster
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
            return self._dense.view(self._dtype).astype(self._dtype.newbyteorder("="))
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
        if not self._are_dense or "values" in self.__dict__:
            found: Array = self.values[places]
            return found
        if FEW * len(places) > self.offsets[-1]:
            return native(self._dense[places].view(self._dtype))
        if len(places) and not 0 <= places.min() <= places.max() < self.offsets[-1]:
            raise IndexError(f"some of {len(places)} places are beyond {self.offsets[-1]} values")
        out = np.empty(len(places), self._bits)
        for values, start in zip(self._contents, self.offsets[self._ends], strict=False):
            here = np.flatnonzero((places >= start) & (places < start + len(values)))
            out[here] = values[places[here] - start]
        return native(out.view(self._dtype))

    @cached_property
    def _contents(self) -> list[Array]:
        """The values of each piece, if they are dense, as bits in the order of the file."""
        borders = self.offsets[self._ends] * self._dtype.itemsize
        contents = []
        for (content, begins), (start, stop) in zip(self._pieces, pairwise(borders), strict=True):
            first = begins[0] if len(begins) else 0
            contents.append(content[first : first + stop - start].view(self._bits))
        return contents

    @cached_property
    def _dense(self) -> Array:
        """All of them behind each other."""
        contents = self._contents
        joined: Array = contents[0] if len(contents) == 1 else np.concatenate(contents)
        return joined


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


def native(values: Array) -> Array:
    """Turn the bytes of each number round, in place, where the machine's order is another."""
    if values.dtype.isnative:
        return values
    return values.byteswap(inplace=True).view(values.dtype.newbyteorder("="))
