"""Packed blocks of ROOT files: nine bytes that say how and how many, then what is packed."""

import lzma
from collections.abc import Callable

import deflate
import numpy as np
import numpy.typing as npt
import xxhash
import zstandard
from cramjam import DecompressionError, lz4

Bytes = npt.NDArray[np.uint8]

HEADER = 9  # bytes: two letters, a version, the sizes packed and unpacked
CHECKSUM = 8  # bytes, before what lz4 has packed
DAMAGE = (
    deflate.DeflateError,
    zstandard.ZstdError,
    DecompressionError,
    lzma.LZMAError,
    ValueError,
)
"""What is raised for a damaged block."""


def inflate(packed: memoryview, num_bytes: int) -> bytearray:
    """Unpack what zlib has packed, ROOT's default, in two thirds of zlib's own time or less.

    Raises:
        DeflateError: it is damaged.
    """
    return deflate.zlib_decompress(packed, num_bytes)


def _zstd(packed: memoryview, num_bytes: int) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=num_bytes)


def _lz4(packed: memoryview, num_bytes: int) -> memoryview:
    if xxhash.xxh64_digest(packed[CHECKSUM:]) != packed[:CHECKSUM]:
        raise ValueError("a block packed by lz4 has another checksum than it says")
    content = bytearray(num_bytes)
    return memoryview(content)[: lz4.decompress_block_into(packed[CHECKSUM:], content)]


def _lzma(packed: memoryview, num_bytes: int) -> bytes:  # noqa: ARG001 (as all have it)
    return lzma.decompress(packed)


UNPACKERS: dict[bytes, Callable[[memoryview, int], bytes | bytearray | memoryview]] = {
    b"ZL": inflate,
    b"ZS": _zstd,
    b"L4": _lz4,
    b"XZ": _lzma,
}


def unpacked(packed: memoryview, num_bytes: int) -> Bytes | None:
    """Unpack blocks, of so many bytes together; nothing if that is not what they say they are.

    Raises:
        DAMAGE: a block is damaged.
    """
    if len(packed) == num_bytes:
        return np.frombuffer(packed, np.uint8)
    parts: list[Bytes] = []
    while packed:
        unpack = UNPACKERS.get(bytes(packed[:2]))
        begin, size = (int.from_bytes(packed[at : at + 3], "little") for at in (3, 6))
        block, packed = packed[HEADER : HEADER + begin], packed[HEADER + begin :]
        if unpack is None or len(block) != begin:
            return None
        parts.append(np.frombuffer(unpack(block, size), np.uint8))
        if len(parts[-1]) != size:
            raise ValueError(f"{len(parts[-1])} bytes unpacked, {size} expected")
    if sum(map(len, parts)) != num_bytes:
        return None
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
