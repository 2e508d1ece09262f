"""Remote trees are read in few requests, and nothing is read in vain for long."""

import numpy as np
import pytest
import uproot

from tagline.data.jets import concatenate
from tagline.reading import patience, read_ahead, remote
from tagline.reading.cuts import Cuts
from tagline.reading.read_ahead import baskets_of
from tagline.reading.remote import RemoteFile, grouped, neighbours
from tagline.reading.trees import Span
from tests import http_server, nginx_server, xrootd_server
from tests.readers import assert_same, reader
from tests.toys import add_tree, jetclass_branches, toy_jets

NUM_JETS, NUM_CLUSTERS = 6_000, 6
SIZE = NUM_JETS // NUM_CLUSTERS
EVERYTHING, NOTHING = "pt > 0", "pt < 0"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A file of several clusters."""
    path = tmp_path_factory.mktemp("raw") / "toy.root"
    jets = toy_jets(NUM_JETS, seed=1)
    clusters = [jets.take(np.arange(n, n + SIZE)) for n in range(0, NUM_JETS, SIZE)]
    with uproot.recreate(path) as file:
        add_tree(file, "tree", *map(jetclass_branches, clusters))
    return path


@pytest.fixture
def web(path):
    with http_server.serving() as server:
        server.files = {"/toy.root": path.read_bytes()}
        yield server


def kept(place, selection):
    """Return the jets that pass, of a file that is read cluster by cluster."""
    cuts = Cuts(selection)
    chunks = reader("jetclass", entries=SIZE).read(str(place))
    return [jets for chunk in chunks for jets in cuts.kept(chunk)]


def bytes_asked(server):
    """Return how many bytes each request asked for."""
    ranges = [asked.removeprefix("bytes=").split("-") for _, asked in server.asked]
    return [int(last) + 1 - int(first) for first, last in ranges]


def test_a_cluster_takes_a_few_requests(web, path):
    opened = RemoteFile(web.url("/toy.root"))
    opened.close()
    jets = kept(web.url("/toy.root"), EVERYTHING)
    assert_same(concatenate(jets), concatenate(kept(path, EVERYTHING)))
    branches = len(uproot.open(path)["tree"].keys())
    assert branches > 20
    of_clusters = [size for size in bytes_asked(web) if size > 10_000]
    assert NUM_CLUSTERS <= len(of_clusters) <= 3 * NUM_CLUSTERS


def test_plain_branches_of_remote_files_do_without_uproot(web, path, monkeypatch):
    expected = concatenate(kept(path, EVERYTHING))
    monkeypatch.delattr(Span, "array")
    assert_same(concatenate(kept(web.url("/toy.root"), EVERYTHING)), expected)


def test_hardly_more_is_asked_for_than_is_in_the_file(web, path):
    kept(web.url("/toy.root"), EVERYTHING)
    assert sum(bytes_asked(web)) < 1.2 * path.stat().st_size


def test_constituents_that_nobody_needs_are_asked_for_once(web, path):
    """Of the first cluster, of which nothing is known."""
    assert not kept(web.url("/toy.root"), NOTHING)
    assert sum(bytes_asked(web)) < 1.3 * path.stat().st_size / NUM_CLUSTERS


def test_they_come_together_where_some_jet_passes(web, path):
    """What the selection reads is one request a cluster, and what else is another, or two."""
    last = f"event > {NUM_JETS - SIZE - 1} and pt > 0"
    (jets,) = kept(web.url("/toy.root"), last)
    assert_same(jets, kept(path, last)[0])
    assert sum(bytes_asked(web)) < 2.5 * path.stat().st_size / NUM_CLUSTERS


@pytest.mark.parametrize("most", [0, 50_000])
def test_little_waits_in_memory(web, path, monkeypatch, most):
    monkeypatch.setattr(read_ahead, "MOST_BYTES", most)
    jets = kept(web.url("/toy.root"), EVERYTHING)
    assert_same(concatenate(jets), concatenate(kept(path, EVERYTHING)))
    assert max(bytes_asked(web)) < 200_000


def test_what_breaks_off_is_asked_for_again(web, path, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.0,) * 8)
    web.mishaps = [503, None, None, None, ("cut", 100), 503, None, ("cut", 0)]
    jets = kept(web.url("/toy.root"), EVERYTHING)
    assert not web.mishaps
    assert_same(concatenate(jets), concatenate(kept(path, EVERYTHING)))


@pytest.mark.parametrize("kind", [xrootd_server, nginx_server])
def test_many_ranges_come_whole(kind):
    content = np.random.default_rng(1).bytes(6_000_000)
    ranges = [(start, start + 7) for start in range(0, 90_000, 30)]
    ranges += [(100_000, 5_500_000), (5_600_000, 5_600_001), (17, 4_000_000)]
    with kind.serving() as server:
        (server.folder / "a").write_bytes(content)
        file = RemoteFile(server.url("a"))
        assert file.read_all(ranges) == [content[start:stop] for start, stop in ranges]
        file.close()


def test_jets_come_the_same_by_vector_reads(path):
    with xrootd_server.serving() as server:
        (server.folder / "toy.root").write_bytes(path.read_bytes())
        jets = kept(server.url("toy.root"), EVERYTHING)
    assert_same(concatenate(jets), concatenate(kept(path, EVERYTHING)))


def test_neighbours_are_together_unless_that_is_too_much(monkeypatch):
    monkeypatch.setattr(remote, "GAP", 10)
    monkeypatch.setattr(remote, "BYTES_OF_REQUEST", 100)
    ranges = [(50, 60), (0, 5), (15, 40), (71, 80), (80, 101), (300, 900)]
    found = list(neighbours(ranges))
    assert found == [[(0, 5), (15, 40), (50, 60)], [(71, 80), (80, 101)], [(300, 900)]]
    assert list(grouped(found, most=2)) == [found[:2], found[2:]]
    assert list(grouped(found, most=1)) == [[cluster] for cluster in found]


def test_baskets_are_those_of_the_entries(path):
    branch = uproot.open(path)["tree"]["part_px"]
    for alone in (True, False):
        everything = set(baskets_of(branch, 0, NUM_JETS, alone=alone))
        of_each = [
            set(baskets_of(branch, n, n + SIZE, alone=alone)) for n in range(0, NUM_JETS, SIZE)
        ]
        assert set.union(*of_each) == everything
        assert sum(map(len, of_each)) == len(everything)
        assert len(everything) == (NUM_CLUSTERS if alone else 2 * NUM_CLUSTERS)
