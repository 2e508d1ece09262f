"""Ranges of entries that are read at once."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from tagline.datasets import UnreadableFileError
from tagline.reading.sources import open_sources
from tagline.reading.tree_files import open_tree
from tagline.reading.trees import Span, Tree
from tests.readers import assert_same, read
from tests.toys import add_tree, jetclass_branches, toy_jets, write_jetclass_root

CLUSTER, NUM_CLUSTERS = 10, 30


@pytest.fixture(scope="module")
def jets():
    return toy_jets(CLUSTER * NUM_CLUSTERS, seed=1)


@pytest.fixture(scope="module")
def root(jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("trees") / "toy.root"
    first = range(0, len(jets), CLUSTER)
    clusters = [jetclass_branches(jets.take(np.arange(n, n + CLUSTER))) for n in first]
    with uproot.recreate(path) as file:
        add_tree(file, "tree", *clusters)
    return path


@pytest.fixture
def without_clusters(monkeypatch):
    """As if branches had baskets that end nowhere together."""
    monkeypatch.setattr(Tree, "_cluster_ends", lambda tree: [tree.num_entries])


@pytest.mark.usefixtures("without_clusters")
def test_a_range_without_clusters_is_cut_where_baskets_end(root, jets):
    with open_tree(str(root), "tree") as tree:
        ranges = list(tree.ranges(25))
    assert ranges == [(n, n + 30) for n in range(0, 300, 30)]
    assert_same(read("jetclass", root, entries=25), jets, rtol=1e-6)


@pytest.mark.usefixtures("without_clusters")
def test_a_range_that_is_not_much_too_large_stays_whole(root):
    with open_tree(str(root), "tree") as tree:
        assert list(tree.ranges(75)) == [(0, 300)]


@pytest.fixture
def parquet(tmp_path):
    """Row groups of 2,500, 2,500 and 1,000 rows."""
    table = pa.table({"number": np.arange(6000), "list": [[n, -n][: n % 3] for n in range(6000)]})
    pq.write_table(table, tmp_path / "toy.parquet", row_group_size=2500)
    return str(tmp_path / "toy.parquet")


@pytest.mark.parametrize("entries", [100, 600, 700, 1100, 3000])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_parts_of_row_groups_are_those_of_the_whole(entries, step, parquet):
    """Branches of some ranges alone may be asked for, as where no jet of others passes."""
    tree = next(opened := open_sources(parquet, ""))
    ranges = list(tree.ranges(entries))
    assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
    assert ranges[-1][1] == 6000
    for start, stop in ranges[::step]:
        wanted = np.arange(start, stop)
        np.testing.assert_array_equal(Span(tree, start, stop).flat("number"), wanted)
        lists = Span(tree, start, stop).ragged("list")
        np.testing.assert_array_equal(np.diff(lists.offsets), wanted % 3)
    opened.close()


def test_a_large_row_group_is_unpacked_once(parquet, monkeypatch):
    tree = next(opened := open_sources(parquet, ""))
    ranges = list(tree.ranges(100))
    assert max(stop - start for start, stop in ranges) <= 1000
    asked = []
    unpack = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda *args, **kw: asked.append(1) or unpack(*args, **kw)
    )
    for start, stop in ranges:
        Span(tree, start, stop).flat("number")
    assert len(asked) == 1
    opened.close()


def test_lists_are_no_numbers(tmp_path):
    write_jetclass_root(tmp_path / "toy.root", toy_jets(10, seed=1))
    with (
        open_tree(str(tmp_path / "toy.root"), "tree") as tree,
        pytest.raises(UnreadableFileError, match=r"'part_px': .* is not one number an entry"),
    ):
        Span(tree, 0, 10).flat("part_px")
