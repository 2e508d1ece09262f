"""Baskets of a TTree's plain branches, unpacked without detours.

A plain branch has a number or a list of numbers an entry, be it an array with a counter or a
`std::vector`. uproot knows all kinds of branches, and for plain ones spends more on each basket
than it takes to unpack it; what is not plain, or not as expected, is left to it, with its words
for what is wrong.
"""

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from uproot import AsDtype, AsJagged

from tagline.datasets import Array, Rows
from tagline.machine.compiled import compiled
from tagline.reading.blocks import Bytes, unpacked
from tagline.reading.lists import Piece, Ragged, RawRagged, gathered, native

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


class UnusualError(Exception):
    """A basket is not as those of plain branches are."""


class Stretch(NamedTuple):
    """Consecutive baskets of a branch: where they are in the file, and between which entries."""

    places: list[int]
    sizes: list[int]
    borders: Rows


class Basket(NamedTuple):
    """What a basket holds, unpacked, and the sizes that its key tells."""

    content: Bytes
    key_bytes: int
    value_bytes: int
    num_entries: int


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
    stretch = _stretch(branch, start, stop)
    if stretch is None:
        return None
    first = stretch.borders[0]
    baskets = _baskets(fetch, stretch)
    try:
        if not kind.is_list:
            return _numbers(baskets, kind)[start - first : stop - first]
        offsets = np.zeros(stretch.borders[-1] - first + 1, np.int64)
        pieces = list(_pieces(baskets, kind, offsets))
    except UnusualError:
        return None
    lists = RawRagged(pieces, offsets, dtype=kind.dtype, are_dense=not kind.header_bytes)
    return lists.between(start - first, stop - first)


def read_places(
    fetch: Fetch,
    branch: Any,  # noqa: ANN401 (uproot's)
    kind: Kind,
    start: int,
    stop: int,
    *,
    places: Rows,
) -> Ragged | None:
    """Read the values at some places among those of all lists, and keep no others.

    They are taken from each basket while that is still in the processor's cache.

    Returns:
        These values, and where each of all lists begins; nothing where `read_plain` has nothing,
        where there is something between lists, or entries begin or end within a basket, or if
        places do not go on from basket to basket.
    """
    stretch = _stretch(branch, start, stop)
    if stretch is None or not kind.is_list or kind.header_bytes:
        return None
    borders = (stretch.borders - start).tolist()
    if borders[0] != 0 or borders[-1] != stop - start:
        return None
    offsets = np.zeros(stop - start + 1, np.int64)
    pieces = _pieces(_baskets(fetch, stretch), kind, offsets)
    contents = (
        (offsets[first], piece.values(offsets[last] - offsets[first], kind.dtype))
        for piece, (first, last) in zip(pieces, pairwise(borders), strict=True)
    )
    try:
        values = gathered(contents, places, kind.dtype)
    except UnusualError:
        return None
    return None if values is None else Ragged(values, offsets)


def _stretch(branch: Any, start: int, stop: int) -> Stretch | None:  # noqa: ANN401 (uproot's)
    """Return the baskets with some entries, unless there are none or some lie in the tree."""
    num_in_file = branch.num_baskets - len(branch.embedded_baskets)
    borders = branch.member("fBasketEntry")[: num_in_file + 1]
    if not num_in_file or not stop <= borders[-1] <= branch.num_entries:
        return None
    first = np.searchsorted(borders, start, side="right") - 1
    last = np.searchsorted(borders, stop, side="left")
    places, sizes = (branch.member(f"fBasket{what}")[first:last] for what in ("Seek", "Bytes"))
    if not len(places):
        return None
    return Stretch(places.tolist(), sizes.tolist(), borders[first : last + 1])


def _baskets(fetch: Fetch, stretch: Stretch) -> Iterator[Basket]:
    """Fetch and unpack one basket after the other."""
    contents = fetch(stretch.places, stretch.sizes)
    for packed, num_entries in zip(contents, np.diff(stretch.borders).tolist(), strict=True):
        yield _basket(packed, num_entries)


def _basket(packed: bytes, num_entries: int) -> Basket:
    """Unpack a basket by its key, unless they contradict each other."""
    if len(packed) < KEY.size:
        raise UnusualError
    num_bytes, _, unpacked_bytes, _, key_bytes, _ = KEY.unpack_from(packed)
    if num_bytes != len(packed) or not KEY.size < key_bytes <= num_bytes:
        raise UnusualError
    (last,) = LAST.unpack_from(packed, key_bytes - 1 - LAST.size)
    if not 0 <= last - key_bytes <= unpacked_bytes:
        raise UnusualError
    content = unpacked(memoryview(packed)[key_bytes:], unpacked_bytes)
    if content is None:
        raise UnusualError
    return Basket(content, key_bytes, last - key_bytes, num_entries)


def _numbers(baskets: Iterable[Basket], kind: Kind) -> Array:
    contents: list[Bytes] = []
    for content, _, value_bytes, num_entries in baskets:
        if not len(content) == value_bytes == num_entries * kind.dtype.itemsize:
            raise UnusualError
        contents.append(content)
    return native(np.concatenate(contents).view(kind.dtype))


def _pieces(baskets: Iterable[Basket], kind: Kind, offsets: Rows) -> Iterator[Piece]:
    """Yield the lists of baskets, and fill in where each begins among the values of all."""
    filled = 0
    for content, key_bytes, value_bytes, num_entries in baskets:
        if len(content) - value_bytes != 4 * (num_entries + 2):
            raise UnusualError  # a number of numbers, then these, of which the last is 0
        heads = content[value_bytes + 4 :].view(">i4").astype(np.int32)
        begins = np.empty(num_entries, np.int64)
        ends = offsets[filled : filled + num_entries + 1]
        sizes = key_bytes, value_bytes, kind.header_bytes, kind.dtype.itemsize
        if not find_lists(heads, *sizes, begins, ends):
            raise UnusualError
        yield Piece(content, begins)
        filled += num_entries


@compiled
def find_lists(
    heads: Array,
    key_bytes: int,
    value_bytes: int,
    header_bytes: int,
    itemsize: int,
    begins: Rows,
    offsets: Rows,
) -> bool:
    """Find where the values of each list begin in a basket, and their places among all.

    Args:
        heads: where each list begins with its header, counted from the key.
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
    begin = heads[0] - key_bytes if num_lists else 0
    if begin != 0:
        return False
    for entry in range(num_lists):
        is_last = entry + 1 == num_lists
        end = value_bytes if is_last else heads[entry + 1] - key_bytes
        begins[entry] = begin + header_bytes
        length = end - begins[entry]
        if length < 0 or end > value_bytes or length % itemsize:
            return False
        offsets[entry + 1] = offsets[entry] + length // itemsize
        begin = end
    return True
