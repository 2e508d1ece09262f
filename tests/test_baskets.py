"""Plain branches come as uproot reads them; what else there is, is left to it."""

import awkward as ak
import numpy as np
import pytest
import uproot
from cramjam import DecompressionError
from uproot.compression import LZ4, LZMA, ZLIB, ZSTD

from tagline import baskets
from tagline.baskets import kind_of, read_plain
from tests.toys import add_tree

NUM_ENTRIES, NUM_CLUSTERS = 6_000, 3
TYPES = ["f4", "f8", "i1", "i4", "u4", "i8", "?"]
PACKINGS = {"zlib": ZLIB(1), "zstd": ZSTD(5), "none": None}


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
            values, offsets = read_plain(str(path), branch, kind, *entries)
            expected = branch.array(entry_start=entries[0], entry_stop=entries[1])
            found = values if offsets is None else ak.unflatten(values, np.diff(offsets))
            assert values.dtype.isnative
            assert ak.to_list(found) == ak.to_list(expected)
            assert str(found.dtype if offsets is None else ak.flatten(found).layout.dtype) == str(
                ak.flatten(expected, axis=None).layout.dtype
            )


@pytest.mark.parametrize("packing", [LZ4(1), LZMA(1)])
def test_leaves_other_packings_to_uproot(write, packing):
    path = write(packing)
    with uproot.open(path) as file:
        branch = file["tree"]["a_f8"]
        assert read_plain(str(path), branch, kind_of(branch), 0, NUM_ENTRIES) is None


def test_leaves_arrays_of_one_length_to_uproot(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        add_tree(file, "tree", {"array": np.ones((10, 3)), "number": np.ones(10)})
    with uproot.open(tmp_path / "a.root") as file:
        assert kind_of(file["tree"]["array"]) is None
        assert kind_of(file["tree"]["number"]) is not None


def test_a_damaged_basket_is_an_error(write, tmp_path):
    content = bytearray(write(ZSTD(5)).read_bytes())
    with uproot.open(write(ZSTD(5))) as file:
        branch = file["tree"]["b_f4"]
        place, size = branch.member("fBasketSeek")[1], branch.member("fBasketBytes")[1]
        for at in range(place + size - 200, place + size):
            content[at] ^= 0xFF
        (tmp_path / "damaged.root").write_bytes(content)
        with pytest.raises(DecompressionError):
            read_plain(str(tmp_path / "damaged.root"), branch, kind_of(branch), 0, NUM_ENTRIES)


@pytest.mark.parametrize("place", [0, 6, 14], ids=["in all", "unpacked", "of its key"])
def test_a_key_with_other_sizes_is_left_to_uproot(write, tmp_path, place):
    content = bytearray(write(ZSTD(5)).read_bytes())
    with uproot.open(write(ZSTD(5))) as file:
        branch = file["tree"]["b_f4"]
        content[branch.member("fBasketSeek")[0] + place + 1] ^= 0x01
        (tmp_path / "other.root").write_bytes(content)
        path = str(tmp_path / "other.root")
        assert read_plain(path, branch, kind_of(branch), 0, NUM_ENTRIES) is None


def test_a_file_that_ends_early_is_left_to_uproot(write, tmp_path):
    content = write(ZSTD(5)).read_bytes()
    with uproot.open(write(ZSTD(5))) as file:
        branch = file["tree"]["a_f8"]
        (tmp_path / "short.root").write_bytes(content[: branch.member("fBasketSeek")[2] + 20])
        path = str(tmp_path / "short.root")
        assert read_plain(path, branch, kind_of(branch), 0, NUM_ENTRIES) is None
        assert read_plain(path, branch, kind_of(branch), 0, 1_000) is not None


def test_baskets_that_lack_an_entry_are_left_to_uproot(write):
    path = write(ZSTD(5))
    with uproot.open(path) as file:
        branch = file["tree"]["a_f8"]
        branch._members["fEntries"] += 1
        assert read_plain(str(path), branch, kind_of(branch), 0, NUM_ENTRIES) is None


def test_numbers_in_the_machines_order_stay():
    values = np.arange(3)
    assert baskets._native(values) is values
