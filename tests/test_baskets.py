"""Plain branches come as uproot reads them; what else there is, is left to it."""

import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot
from uproot.compression import LZ4, LZMA, ZLIB, ZSTD

from tagline.reading import blocks
from tagline.reading.baskets import Kind, from_file, kind_of, read_places, read_plain
from tagline.reading.lists import RawRagged
from tests.toys import add_tree

BY_ROOT = Path(__file__).parent / "data/jetclass.root"
NUM_ENTRIES, NUM_CLUSTERS = 6_000, 3
TYPES = ["f4", "f8", "i1", "i4", "u4", "i8", "?"]
PACKINGS = {"zlib": ZLIB(1), "zstd": ZSTD(5), "lz4": LZ4(1), "lzma": LZMA(1), "none": None}


def cluster(seed):
    """Return numbers of all types, and lists of them, some of which are empty."""
    random = np.random.default_rng(seed)
    counts = random.poisson(3, NUM_ENTRIES // NUM_CLUSTERS)
    numbers = {f"a_{kind}": random.poisson(5, len(counts)).astype(kind) for kind in TYPES}
    lists = {
        f"b_{kind}": ak.unflatten(random.poisson(5, counts.sum()).astype(kind), counts)
        for kind in TYPES
    }
    return numbers | lists


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """Write a file packed in some way."""
    folder = tmp_path_factory.mktemp("plain")

    def file(packing):
        path = folder / f"{packing.name if packing else 'none'}.root"
        if not path.exists():
            with uproot.recreate(path, compression=packing) as file:
                add_tree(file, "tree", *map(cluster, range(NUM_CLUSTERS)))
        return path

    return file


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize(
    "entries", [(0, 6_000), (2_000, 4_000), (1_900, 4_100), (10, 20), (5_999, 6_000)]
)
def test_reads_what_uproot_reads(write, packing, entries):
    path = write(PACKINGS[packing])
    with uproot.open(path) as file:
        for name in [f"{letter}_{kind}" for letter in "ab" for kind in TYPES]:
            branch = file["tree"][name]
            kind = kind_of(branch)
            assert kind.is_list == name.startswith("b")
            found = read_plain(from_file(str(path)), branch, kind, *entries)
            assert_same(found, branch.array(entry_start=entries[0], entry_stop=entries[1]))


def assert_same(found, expected):
    values = found.values if isinstance(found, RawRagged) else found
    assert values.dtype.isnative
    assert values.dtype == ak.flatten(expected, axis=None).layout.dtype
    if isinstance(found, RawRagged):
        values = ak.unflatten(values, np.diff(found.offsets))
    assert ak.to_list(values) == ak.to_list(expected)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("entries", [(0, 6_000), (2_000, 4_000)])
@pytest.mark.parametrize("share", [0, 0.01, 1])
def test_places_in_whole_baskets_have_the_values_that_all_have(write, packing, entries, share):
    path = write(PACKINGS[packing])
    with uproot.open(path) as file:
        for name in [f"b_{kind}" for kind in TYPES]:
            read = from_file(str(path)), file["tree"][name], kind_of(file["tree"][name]), *entries
            every = read_plain(*read)
            places = np.flatnonzero(np.random.default_rng(3).random(every.offsets[-1]) <= share)
            places = np.repeat(places, 2)
            found = read_places(*read, places=places)
            np.testing.assert_array_equal(found.values, every.values[places], strict=True)
            np.testing.assert_array_equal(found.offsets, every.offsets)


@pytest.mark.parametrize("entries", [(10, 20), (0, 5_000), (10, 6_000)])
def test_places_in_parts_of_baskets_are_left_to_others(write, entries):
    with uproot.open(path := write(ZSTD(5))) as file:
        read = from_file(str(path)), file["tree"]["b_f4"], kind_of(file["tree"]["b_f4"])
        assert read_places(*read, *entries, places=np.array([0])) is None


@pytest.mark.parametrize("places", [[7_000, 0], [30_000]], ids=["back", "beyond all"])
def test_places_that_do_not_go_on_are_left_to_others(write, places):
    with uproot.open(path := write(ZSTD(5))) as file:
        read = from_file(str(path)), file["tree"]["b_f4"], kind_of(file["tree"]["b_f4"])
        assert read_places(*read, 0, NUM_ENTRIES, places=np.array(places)) is None


def test_vectors_that_root_wrote_are_what_uproot_reads():
    with uproot.open(BY_ROOT) as file:
        for branch in file["tree"].branches:
            kind = kind_of(branch)
            assert kind.is_list == branch.name.startswith("part_")
            found = read_plain(from_file(str(BY_ROOT)), branch, kind, 3, 20)
            assert_same(found, branch.array(entry_start=3, entry_stop=20))


def vectors(kind, num_baskets=2, num_entries=500):
    """Return a file with a branch of vectors, which uproot does not write, and what it has."""
    random = np.random.default_rng(2)
    members = {"fBasketSeek": [], "fBasketBytes": [], "fBasketEntry": [0]}
    file, lists = b"at the beginning of the file", []
    for _ in range(num_baskets):
        counts = random.poisson(3, num_entries)
        values = random.poisson(5, counts.sum()).astype(np.dtype(kind).newbyteorder("="))
        numbers = ak.unflatten(values, counts)
        contents = [
            struct.pack(">IhI", 0x40000000 | (4 + len(each)), 9, len(each)) + bytes(each)
            for each in (np.asarray(each, kind) for each in numbers)
        ]
        key_bytes = 70
        begins = key_bytes + np.cumsum([0, *map(len, contents)])
        tail = struct.pack(">i", num_entries + 1) + begins[:-1].astype(">i4").tobytes() + bytes(4)
        content = b"".join(contents) + tail
        block = zlib.compress(content)
        sizes = len(block).to_bytes(3, "little") + len(content).to_bytes(3, "little")
        packed = b"ZL\x08" + sizes + block
        key = struct.pack(">ihiIhh", key_bytes + len(packed), 4, len(content), 0, key_bytes, 1)
        last = struct.pack(">ib", begins[-1], 0)
        members["fBasketSeek"].append(len(file))
        members["fBasketBytes"].append(key_bytes + len(packed))
        members["fBasketEntry"].append(members["fBasketEntry"][-1] + num_entries)
        file += key + bytes(key_bytes - len(key) - len(last)) + last + packed
        lists.append(numbers)
    branch = SimpleNamespace(
        member=lambda name: np.array(members[name]),
        num_baskets=num_baskets,
        embedded_baskets=[],
        num_entries=num_baskets * num_entries,
    )
    return file, branch, ak.concatenate(lists)


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i2", "u1"])
@pytest.mark.parametrize("entries", [(0, 1_000), (400, 700), (999, 1_000)])
def test_vectors_lose_what_root_puts_before_each(kind, entries):
    file, branch, expected = vectors(kind)

    def fetch(places, sizes):
        return [file[place : place + size] for place, size in zip(places, sizes, strict=True)]

    kind = Kind(np.dtype(kind), is_list=True, header_bytes=10)
    assert_same(read_plain(fetch, branch, kind, *entries), expected[slice(*entries)])


def test_vectors_are_left_to_uproot_if_taken_for_what_they_are_not():
    file, branch, _ = vectors(">f4")

    def fetch(places, sizes):
        return [file[place : place + size] for place, size in zip(places, sizes, strict=True)]

    kind = Kind(np.dtype(">f4"), is_list=True)
    assert read_plain(fetch, branch, kind, 0, 1_000) is None
    assert read_plain(fetch, branch, kind._replace(header_bytes=10), 0, 1_000) is not None


def test_leaves_arrays_of_one_length_to_uproot(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        add_tree(file, "tree", {"array": np.ones((10, 3)), "number": np.ones(10)})
    with uproot.open(tmp_path / "a.root") as file:
        assert kind_of(file["tree"]["array"]) is None
        assert kind_of(file["tree"]["number"]) is not None


def test_a_file_within_another_is_read_where_it_is(write, tmp_path):
    path = write(ZSTD(5))
    (tmp_path / "a.tar").write_bytes(b"before it" + path.read_bytes())
    with uproot.open(path) as file:
        branch = file["tree"]["b_f4"]
        fetch = from_file(str(tmp_path / "a.tar"), begin=9)
        assert_same(read_plain(fetch, branch, kind_of(branch), 0, NUM_ENTRIES), branch.array())


@pytest.mark.parametrize("packing", [ZLIB(1), ZSTD(5), LZ4(1), LZMA(1)], ids=lambda p: p.name)
def test_a_damaged_basket_is_an_error(write, tmp_path, packing):
    content = bytearray(write(packing).read_bytes())
    with uproot.open(write(packing)) as file:
        branch = file["tree"]["b_f4"]
        place, size = branch.member("fBasketSeek")[1], branch.member("fBasketBytes")[1]
        for at in range(place + size - 200, place + size):
            content[at] ^= 0xFF
        (tmp_path / "damaged.root").write_bytes(content)
        fetch = from_file(str(tmp_path / "damaged.root"))
        with pytest.raises(blocks.DAMAGE):
            read_plain(fetch, branch, kind_of(branch), 0, NUM_ENTRIES)
        nowhere = np.array([], np.int64)
        with pytest.raises(blocks.DAMAGE):
            read_places(fetch, branch, kind_of(branch), 0, NUM_ENTRIES, places=nowhere)


@pytest.mark.parametrize("place", [0, 6, 14], ids=["in all", "unpacked", "of its key"])
def test_a_key_with_other_sizes_is_left_to_uproot(write, tmp_path, place):
    content = bytearray(write(ZSTD(5)).read_bytes())
    with uproot.open(write(ZSTD(5))) as file:
        branch = file["tree"]["b_f4"]
        content[branch.member("fBasketSeek")[0] + place + 1] ^= 0x01
        (tmp_path / "other.root").write_bytes(content)
        path = str(tmp_path / "other.root")
        read = from_file(path), branch, kind_of(branch), 0, NUM_ENTRIES
        assert read_plain(*read) is None
        assert read_places(*read, places=np.array([0])) is None


def test_a_file_that_ends_early_is_left_to_uproot(write, tmp_path):
    content = write(ZSTD(5)).read_bytes()
    with uproot.open(write(ZSTD(5))) as file:
        branch = file["tree"]["a_f8"]
        (tmp_path / "short.root").write_bytes(content[: branch.member("fBasketSeek")[2] + 20])
        path = str(tmp_path / "short.root")
        assert read_plain(from_file(path), branch, kind_of(branch), 0, NUM_ENTRIES) is None
        assert read_plain(from_file(path), branch, kind_of(branch), 0, 1_000) is not None


def test_baskets_that_lack_an_entry_are_left_to_uproot(write):
    path = write(ZSTD(5))
    with uproot.open(path) as file:
        branch = file["tree"]["a_f8"]
        branch._members["fEntries"] += 1
        fetch, kind = from_file(str(path)), kind_of(branch)
        assert read_plain(fetch, branch, kind, 0, NUM_ENTRIES + 1) is None
        branch._members["fEntries"] -= 2
        assert read_plain(fetch, branch, kind, 0, NUM_ENTRIES - 1) is None


def test_only_entries_in_baskets_that_lie_in_the_tree_are_left_to_uproot():
    file, branch, expected = vectors(">f4", num_baskets=2, num_entries=500)
    branch.num_baskets, branch.num_entries = 3, 1_200
    branch.embedded_baskets = ["the last 200 entries"]

    def fetch(places, sizes):
        return [file[place : place + size] for place, size in zip(places, sizes, strict=True)]

    kind = Kind(np.dtype(">f4"), is_list=True, header_bytes=10)
    assert_same(read_plain(fetch, branch, kind, 400, 1_000), expected[400:])
    assert read_plain(fetch, branch, kind, 400, 1_001) is None
