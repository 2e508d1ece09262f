"""Lists as they lie in a file give the numbers that lists of numbers give."""

import numpy as np
import pytest

from tagline.reading.lists import Piece, Ragged, RawRagged, native

COUNTS = [np.array([3, 0, 2, 5]), np.array([0, 0]), np.array([1, 4, 0])]
HEADER = 10


def lists(dtype, *, header_bytes=0):
    """Return lists in pieces, and the same as numbers."""
    counts = np.concatenate(COUNTS)
    values = np.random.default_rng(1).integers(0, 100, counts.sum()).astype(dtype)
    offsets = np.append(0, np.cumsum(counts))
    pieces, first = [], 0
    for some in COUNTS:
        content, begins = b"", []
        for count in some:
            content += bytes(range(header_bytes))
            begins.append(len(content))
            content += values[first : first + count].tobytes()
            first += count
        content = np.frombuffer(content + b"what follows", np.uint8)
        pieces.append(Piece(content, np.array(begins, np.int64)))
    found = RawRagged(pieces, offsets, dtype=values.dtype, are_dense=not header_bytes)
    return found, Ragged(values.astype(values.dtype.newbyteorder("=")), offsets)


@pytest.fixture(params=[">f4", ">f8", ">i2", "i1"])
def dtype(request):
    return request.param


@pytest.mark.parametrize("header_bytes", [0, HEADER])
@pytest.mark.parametrize("rows", [[0, 2, 8], [], [1, 4, 5], [3, 3, 7], [8, 0, 3]])
def test_some_lists_are_those_of_their_rows(dtype, header_bytes, rows):
    raw, expected = lists(dtype, header_bytes=header_bytes)
    rows = np.array(rows, np.int64)
    np.testing.assert_array_equal(raw.of(rows), expected.of(rows), strict=True)


@pytest.mark.parametrize("header_bytes", [0, HEADER])
def test_places_are_among_the_values_of_all(dtype, header_bytes):
    raw, expected = lists(dtype, header_bytes=header_bytes)
    places = np.array([14, 0, 7, 7, 9])
    np.testing.assert_array_equal(raw.at(places), expected.at(places), strict=True)
    np.testing.assert_array_equal(raw.values, expected.values, strict=True)
    np.testing.assert_array_equal(raw.at(places), expected.at(places), strict=True)


@pytest.mark.parametrize("header_bytes", [0, HEADER])
@pytest.mark.parametrize("num_places", [1, 12])
def test_no_place_is_beyond_all_values(header_bytes, num_places):
    raw, (values, _) = lists(">f4", header_bytes=header_bytes)
    with pytest.raises(IndexError):
        raw.at(np.full(num_places, len(values)))


@pytest.mark.parametrize("header_bytes", [0, HEADER])
@pytest.mark.parametrize("places", [[7], [], [3, 1, 9, 10, 14, 10]])
def test_places_that_go_on_are_found_in_their_pieces(dtype, header_bytes, places):
    raw, expected = lists(dtype, header_bytes=header_bytes)
    places = np.array(places, np.int64)
    np.testing.assert_array_equal(raw.at(places), expected.at(places), strict=True)


@pytest.mark.parametrize("header_bytes", [0, HEADER])
@pytest.mark.parametrize(("start", "stop"), [(0, 9), (2, 8), (4, 6), (5, 7), (3, 3)])
def test_consecutive_entries_are_a_part(dtype, header_bytes, start, stop):
    raw, (values, offsets) = lists(dtype, header_bytes=header_bytes)
    part = raw.between(start, stop)
    expected = values[offsets[start] : offsets[stop]]
    np.testing.assert_array_equal(part.values, expected, strict=True)
    np.testing.assert_array_equal(part.offsets, offsets[start : stop + 1] - offsets[start])
    rows = np.arange(stop - start)
    np.testing.assert_array_equal(part.of(rows), expected, strict=True)
    places = np.arange(len(expected))[::-1]
    np.testing.assert_array_equal(part.at(places), expected[::-1], strict=True)


def test_numbers_in_the_machines_order_stay():
    values = np.arange(3)
    assert native(values) is values
