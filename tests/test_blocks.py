"""Blocks that ROOT packs are unpacked, or said to be damaged."""

import lzma
import zlib

import pyarrow as pa
import pytest
import xxhash

from tagline.reading.blocks import DAMAGE, unpacked

CONTENT = bytes(range(256)) * 40


def block(method, packed, num_bytes):
    return (
        method
        + b"x"
        + len(packed).to_bytes(3, "little")
        + num_bytes.to_bytes(3, "little")
        + packed
    )


def by_lz4(content):
    packed = pa.Codec("lz4_raw").compress(content, asbytes=True)
    return xxhash.xxh64_digest(packed) + packed


PACK = {
    b"ZL": zlib.compress,
    b"ZS": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
    b"L4": by_lz4,
    b"XZ": lzma.compress,
}


@pytest.fixture(params=PACK, ids=bytes.decode)
def method(request):
    return request.param


@pytest.mark.parametrize("num_blocks", [1, 3])
def test_blocks_give_what_was_packed(method, num_blocks):
    packed = block(method, PACK[method](CONTENT), len(CONTENT)) * num_blocks
    found = unpacked(memoryview(packed), num_blocks * len(CONTENT))
    assert found.tobytes() == num_blocks * CONTENT


def test_what_is_not_packed_stays():
    assert unpacked(memoryview(CONTENT), len(CONTENT)).tobytes() == CONTENT


def test_a_block_cut_short_is_not_what_it_says(method):
    packed = block(method, PACK[method](CONTENT), len(CONTENT))
    assert unpacked(memoryview(packed[:-1]), len(CONTENT)) is None


def test_blocks_of_another_number_of_bytes_are_not_what_was_asked_for(method):
    packed = block(method, PACK[method](CONTENT), len(CONTENT))
    assert unpacked(memoryview(packed), len(CONTENT) + 1) is None


def test_unknown_ways_of_packing_are_not_guessed():
    packed = block(b"CS", zlib.compress(CONTENT), len(CONTENT))
    assert unpacked(memoryview(packed), len(CONTENT)) is None


def test_a_damaged_block_is_an_error(method):
    packed = bytearray(PACK[method](CONTENT))
    packed[1 if method == b"ZS" else len(packed) // 2] ^= 0xFF  # zstd has no checksum here
    with pytest.raises(DAMAGE):
        unpacked(memoryview(block(method, bytes(packed), len(CONTENT))), len(CONTENT))


def test_a_block_that_gives_more_or_less_than_it_says_is_an_error(method):
    for said in (len(CONTENT) - 1, len(CONTENT) + 1):
        with pytest.raises(DAMAGE):
            unpacked(memoryview(block(method, PACK[method](CONTENT), said)), said)
