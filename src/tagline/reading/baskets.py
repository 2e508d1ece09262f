"""Baskets of a TTree's plain branches, unpacked without detours.

A plain branch has a number or a list of numbers an entry, be it an array with a counter or a
`std::vector`. uproot knows all kinds of branches, and for plain ones spends more on each basket
than it takes to unpack it; what is not plain, or not as expected, is left to it, with its words
for what is wrong.
"""

import os
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from uproot import AsDtype, AsJagged

from tagline.datasets import Array, Rows
from tagline.machine.compiled import compiled, inlined
from tagline.reading.blocks import Bytes, unpacked
from tagline.reading.lists import Piece, RawRagged, native

KEY = struct.Struct(">ihiIhh")  # TKey: bytes in all, version, bytes unpacked, date, its own, cycle
LAST = struct.Struct(">i")  # where values end, counted from the key; a flag of one byte follows
VECTOR_HEADER = 10  # bytes before the values of each: their number in bytes, a version, how many

Fetch = Callable[[Sequence[int], Sequence[int]], Iterable[bytes]]
"""What returns ranges of a file, by where they begin and how many bytes they have."""


class Kind(NamedTuple):
    """What a plain branch has an entry: a number, or a list with so many bytes before it."""

    dtype: np.dtype[Any]
    is_list: bool
    header_bytes: int = 0


class Basket(NamedTuple):
    """A basket as it lies in the file: what is packed, and the sizes that its key tells."""

    packed: memoryview
    key_bytes: int
    value_bytes: int
    unpacked_bytes: int


def from_file(path: str, *, begin: int = 0) -> Fetch:
    """Return what reads a file of this machine, which may lie within another one."""

    def fetch(places: Sequence[int], sizes: Sequence[int]) -> Iterable[bytes]:
        with Path(path).open("rb", buffering=0) as file:
            yield from map(os.pread, repeat(file.fileno()), sizes, (begin + at for at in places))

    return fetch


def kind_of(branch: Any) -> Kind | None:  # noqa: ANN401 (uproot's)
    """Return the kind of a branch that is plain."""
    interpretation = branch.interpretation
    is_list = isinstance(interpretation, AsJagged)
    number = interpretation.content if is_list else interpretation
    header_bytes = interpretation.header_bytes if is_list else 0
    if type(number) is not AsDtype or number.inner_shape or len(branch.branches):
        return None
    dtype = number.from_dtype
    if dtype.kind not in "biuf" or number.to_dtype != dtype.newbyteorder("="):
        return None
    return Kind(dtype, is_list, header_bytes) if header_bytes in (0, VECTOR_HEADER) else None


def read_plain(
    fetch: Fetch,
    branch: Any,  # noqa: ANN401 (uproot's)
    kind: Kind,
    start: int,
    stop: int,
) -> Array | RawRagged | None:
    """Read some entries of a plain branch, unless its baskets are unusual, or lie in the tree.

    Raises:
        OSError: the file cannot be read.
        DAMAGE: a block is damaged.
    """
    num_in_file = branch.num_baskets - len(branch.embedded_baskets)
    borders = branch.member("fBasketEntry")[: num_in_file + 1]
    if not num_in_file or not stop <= borders[-1] <= branch.num_entries:
        return None
    first = np.searchsorted(borders, start, side="right") - 1
    chosen = slice(first, np.searchsorted(borders, stop, side="left"))
    places, sizes = (branch.member(f"fBasket{what}")[chosen] for what in ("Seek", "Bytes"))
    found = list(map(_basket, fetch(places.tolist(), sizes.tolist())))
    baskets = [basket for basket in found if basket]
    if not baskets or len(baskets) < len(found):
        return None
    num_entries = np.diff(borders[chosen.start : chosen.stop + 1]).tolist()
    unpack = _lists if kind.is_list else _numbers
    return unpack(baskets, num_entries, kind, start - borders[first], stop - borders[first])


def _basket(content: bytes) -> Basket | None:
    """Return a basket by its key, or nothing if they contradict each other."""
    if len(content) < KEY.size:
        return None
    num_bytes, _, unpacked_bytes, _, key_bytes, _ = KEY.unpack_from(content)
    if num_bytes != len(content) or not KEY.size < key_bytes <= num_bytes:
        return None
    (last,) = LAST.unpack_from(content, key_bytes - 1 - LAST.size)
    if not 0 <= last - key_bytes <= unpacked_bytes:
        return None
    return Basket(memoryview(content)[key_bytes:], key_bytes, last - key_bytes, unpacked_bytes)


def _numbers(
    baskets: Sequence[Basket], num_entries: Sequence[int], kind: Kind, start: int, stop: int
) -> Array | None:
    contents: list[Bytes] = []
    for basket, entries in zip(baskets, num_entries, strict=True):
        content = unpacked(basket.packed, basket.unpacked_bytes)
        if (
            content is None
            or not len(content) == basket.value_bytes == entries * kind.dtype.itemsize
        ):
            return None
        contents.append(content)
    return native(np.concatenate(contents).view(kind.dtype))[start:stop]


def _lists(
    baskets: Sequence[Basket], num_entries: Sequence[int], kind: Kind, start: int, stop: int
) -> RawRagged | None:
    """Unpack baskets that end with where each list begins."""
    pieces: list[Piece] = []
    offsets = np.zeros(sum(num_entries) + 1, np.int64)
    filled = 0
    for basket, entries in zip(baskets, num_entries, strict=True):
        content = unpacked(basket.packed, basket.unpacked_bytes)
        if content is None or len(content) - basket.value_bytes != 4 * (entries + 2):
            return None  # a number of numbers, then these, of which the last is 0
        begins = np.empty(entries, np.int64)
        ends = offsets[filled : filled + entries + 1]
        sizes = basket.key_bytes, basket.value_bytes, kind.header_bytes, kind.dtype.itemsize
        if not find_lists(content[basket.value_bytes + 4 :], *sizes, begins, ends):
            return None
        pieces.append(Piece(content, begins))
        filled += entries
    return RawRagged(pieces, offsets, dtype=kind.dtype, are_dense=not kind.header_bytes).between(
        start, stop
    )


@compiled
def find_lists(
    tail: Bytes,
    key_bytes: int,
    value_bytes: int,
    header_bytes: int,
    itemsize: int,
    begins: Rows,
    offsets: Rows,
) -> bool:
    """Find where the values of each list begin in a basket, and their places among all.

    Args:
        tail: four bytes for where each list begins with its header, counted from the key.
        key_bytes: of the key.
        value_bytes: where the last list ends.
        header_bytes: before the values of each list.
        itemsize: bytes of a value.
        begins: becomes where the values of each list begin.
        offsets: whose first is where the first list begins; the others become where each ends.

    Returns:
        False if lists do not lie behind each other, or have no whole number of values.
    """
    num_lists = len(begins)
    begin = big_endian(tail, 0) - key_bytes if num_lists else 0
    if begin != 0:
        return False
    for entry in range(num_lists):
        is_last = entry + 1 == num_lists
        end = value_bytes if is_last else big_endian(tail, 4 * (entry + 1)) - key_bytes
        begins[entry] = begin + header_bytes
        length = end - begins[entry]
        if length < 0 or end > value_bytes or length % itemsize:
            return False
        offsets[entry + 1] = offsets[entry] + length // itemsize
        begin = end
    return True


@inlined
def big_endian(content: Bytes, place: int) -> int:
    """Return the number of four bytes that begins at a place."""
    number = 0
    for byte in content[place : place + 4]:
        number = 256 * number + byte
    return number
