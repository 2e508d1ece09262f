"""Baskets of a local TTree's plain branches, each unpacked to where its numbers will stay.

A plain branch has a number or a list of numbers an entry. uproot knows all kinds of branches, and
for plain ones spends more on each basket than it takes to unpack it; what is not plain, or not as
expected, is left to it, with its words for what is wrong.
"""

import os
import struct
from collections.abc import Sequence
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from cramjam import DecompressionError, zstd
from isal import isal_zlib
from uproot import AsDtype, AsJagged

from tagline.datasets import Array, Rows

KEY = struct.Struct(">ihiIhh")  # TKey: bytes in all, version, bytes unpacked, date, its own, cycle
LAST = struct.Struct(">i")  # where values end, counted from the key; a flag of one byte follows
BLOCK_HEADER = 9  # bytes: two letters, a version, the sizes packed and unpacked
ZSTD, ZLIB = b"ZS", b"ZL"


class Kind(NamedTuple):
    """What a plain branch has an entry: a number, or a list of numbers."""

    dtype: np.dtype[Any]
    is_list: bool


class Numbers(NamedTuple):
    """Numbers of consecutive entries, and where each entry's begin, if there are lists of them."""

    values: Array
    offsets: Rows | None


class Basket(NamedTuple):
    """A basket as it lies in the file: what is packed, and the sizes that its key tells."""

    packed: memoryview
    key_bytes: int
    value_bytes: int
    unpacked_bytes: int


def kind_of(branch: Any) -> Kind | None:  # noqa: ANN401 (uproot's)
    """Return the kind of a branch that is plain and whose baskets all lie in the file."""
    interpretation = branch.interpretation
    is_list = isinstance(interpretation, AsJagged) and interpretation.header_bytes == 0
    number = interpretation.content if is_list else interpretation
    if type(number) is not AsDtype or number.inner_shape or len(branch.branches):
        return None
    dtype = number.from_dtype
    if dtype.kind not in "biuf" or number.to_dtype != dtype.newbyteorder("="):
        return None
    in_file = branch.num_baskets > 0 and not branch.embedded_baskets
    return Kind(dtype, is_list) if in_file else None


def read_plain(
    path: str,
    branch: Any,  # noqa: ANN401 (uproot's)
    kind: Kind,
    start: int,
    stop: int,
) -> Numbers | None:
    """Read some entries of a plain branch of a local file, unless its baskets are unusual.

    Raises:
        OSError: the file cannot be read.
        DecompressionError, IsalError: a basket is damaged.
    """
    borders = branch.member("fBasketEntry")[: branch.num_baskets + 1]
    if borders[-1] != branch.num_entries:
        return None
    first = np.searchsorted(borders, start, side="right") - 1
    chosen = slice(first, np.searchsorted(borders, stop, side="left"))
    places, sizes = branch.member("fBasketSeek")[chosen], branch.member("fBasketBytes")[chosen]
    with Path(path).open("rb", buffering=0) as file:
        contents = map(os.pread, repeat(file.fileno()), sizes, places)
        baskets = list(map(_basket, contents))
    usual = [basket for basket in baskets if basket]
    if not usual or len(usual) < len(baskets):
        return None
    num_entries = np.diff(borders[chosen.start : chosen.stop + 1]).tolist()
    unpack = _lists if kind.is_list else _flat
    found = unpack(usual, num_entries, kind.dtype)
    return found and _between(found, start - borders[first], stop - borders[first])


def _basket(content: bytes) -> Basket | None:
    """Return a basket by its key, or nothing if they contradict each other."""
    if len(content) < KEY.size:
        return None
    num_bytes, _, unpacked, _, key_bytes, _ = KEY.unpack_from(content)
    if num_bytes != len(content) or not KEY.size < key_bytes <= num_bytes:
        return None
    (last,) = LAST.unpack_from(content, key_bytes - 1 - LAST.size)
    if not 0 <= last - key_bytes <= unpacked:
        return None
    return Basket(memoryview(content)[key_bytes:], key_bytes, last - key_bytes, unpacked)


def _flat(
    baskets: Sequence[Basket], num_entries: Sequence[int], dtype: np.dtype[Any]
) -> Numbers | None:
    ends = np.cumsum([0, *(basket.unpacked_bytes for basket in baskets)])
    for basket, entries in zip(baskets, num_entries, strict=True):
        if not basket.value_bytes == basket.unpacked_bytes == entries * dtype.itemsize:
            return None
    content = np.empty(ends[-1], np.uint8)
    for basket, (begin, end) in zip(baskets, pairwise(ends), strict=True):
        if not _unpack(basket.packed, content[begin:end]):
            return None
    return Numbers(_native(content.view(dtype)), None)


def _lists(
    baskets: Sequence[Basket], num_entries: Sequence[int], dtype: np.dtype[Any]
) -> Numbers | None:
    """Unpack baskets that end with where each list begins, which the next one overwrites."""
    ends = np.cumsum([0, *(basket.value_bytes for basket in baskets)])
    room = max(end + basket.unpacked_bytes for end, basket in zip(ends[:-1], baskets, strict=True))
    content = np.empty(room, np.uint8)
    offsets = [np.zeros(1, np.int64)]
    for basket, entries, begin in zip(baskets, num_entries, ends[:-1], strict=True):
        end = begin + basket.unpacked_bytes
        if not _unpack(basket.packed, content[begin:end]):
            return None
        tail = content[begin + basket.value_bytes : end]
        if len(tail) != 4 * (entries + 2):  # how many there are, and the last of them, which is 0
            return None
        begins = tail.view(">i4")[1:].astype(np.int64) - basket.key_bytes
        begins[-1] = basket.value_bytes
        if begins[0] != 0 or np.any(np.diff(begins) < 0) or np.any(begins % dtype.itemsize):
            return None
        offsets.append((begins[1:] + begin) // dtype.itemsize)
    return Numbers(_native(content[: ends[-1]].view(dtype)), np.concatenate(offsets))


def _unpack(packed: memoryview, room: npt.NDArray[np.uint8]) -> bool:
    """Unpack a basket into its room; say whether it was packed in a way that is known here."""
    if len(packed) == len(room):
        room[:] = packed
        return True
    done = 0
    while done < len(room):
        method = bytes(packed[:2])
        num_packed = int.from_bytes(packed[3:6], "little")
        num_bytes = int.from_bytes(packed[6:BLOCK_HEADER], "little")
        block = packed[BLOCK_HEADER : BLOCK_HEADER + num_packed]
        if len(block) != num_packed or not 0 < num_bytes <= len(room) - done:
            return False
        into = room[done : done + num_bytes]
        if method == ZSTD:
            unpacked = zstd.decompress_into(block, into.data)
        elif method == ZLIB:
            content = isal_zlib.decompress(block, bufsize=num_bytes)
            unpacked = len(content)
            if unpacked == num_bytes:
                into[:] = memoryview(content)
        else:
            return False
        if unpacked != num_bytes:
            raise DecompressionError(f"{unpacked} bytes unpacked, {num_bytes} expected")
        done += num_bytes
        packed = packed[BLOCK_HEADER + num_packed :]
    return len(packed) == 0


def _native(values: Array) -> Array:
    """Turn the bytes of each number round where the machine's order is another."""
    if values.dtype.isnative:
        return values
    return values.byteswap(inplace=True).view(values.dtype.newbyteorder("="))


def _between(numbers: Numbers, start: int, stop: int) -> Numbers:
    """Return the numbers of some of the entries."""
    values, offsets = numbers
    if offsets is None:
        return Numbers(values[start:stop], None)
    chosen = offsets[start : stop + 1]
    return Numbers(values[chosen[0] : chosen[-1]], chosen - chosen[0])
