"""Skims of many files by several processes end as undisturbed ones, whatever dies meanwhile.

A single read is disturbed in `test_remote`, files are damaged one by one in `test_arrival`, and
processes die in `test_clusters`.
"""

import shutil
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import uproot

from tagline.artefacts.checksums import checksum
from tagline.artefacts.digests import checksum_of
from tagline.reading import clusters
from tagline.reading.clusters import THIS_MACHINE
from tagline.reading.ledger import read_ledger
from tagline.settings.catalogue import Dataset, Skim
from tagline.settings.records import ListedFile
from tagline.skim import skim
from tests import nginx_server, xrootd_server
from tests.cutting_proxy import cutting
from tests.disks import small_disk
from tests.disturbances import go_through_everything, half_a_file
from tests.productions import Production, verify
from tests.toys import add_tree, jetclass_branches, toy_jets

NUM_FILES, NUM_JETS, NUM_CLUSTERS = 6, 300, 3
KINDS = {"xrootd": xrootd_server, "nginx": nginx_server}
SERVERS = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
UNCUT = 1 << 40


def write_files(folder):
    """Write files of several clusters, so that no request needs more than a third of one."""
    for number in range(NUM_FILES):
        jets = toy_jets(NUM_JETS, seed=number)
        clusters = [jets.take(rows) for rows in np.split(np.arange(NUM_JETS), NUM_CLUSTERS)]
        with uproot.recreate(folder / f"{number}.root") as file:
            add_tree(file, "tree", *map(jetclass_branches, clusters))


def listed(server, port):
    return [
        ListedFile(
            path=server.url(path.name, port=port),
            size=path.stat().st_size,
            checksum=f"adler32:{checksum_of(path, 'adler32')}",
            events=NUM_JETS,
        )
        for path in sorted(server.folder.iterdir())
    ]


@pytest.fixture(scope="module")
def workers():
    """Two processes of Dask, which all tests here use one after another."""
    with clusters.start(THIS_MACHINE, processes=2, memory_mb=4000) as (cluster, _):
        yield Skim(cluster="scheduler", scheduler=cluster.scheduler_address)


def skimmed(files, place, where=THIS_MACHINE, **options):
    """Skim files, and return the folder."""
    dataset = Dataset(files=("*",), select="pt > 600", options={"entries": 100}, **options)
    folders = {"folder": place / "skim", "cache": place / "cache"}
    skim(files, dataset=dataset, processes=1, where=where, **folders)
    return place / "skim"


def contents(folder):
    """Return a checksum of each file, without how often what was tried."""
    return {
        path.relative_to(folder).as_posix(): checksum(str(path), cache=None)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def num_finished(cache):
    return len(list(cache.glob("[0-9]*/ledger.json")))


@contextmanager
def killing(server, cache, *, after):
    """Kill a server, and start it again, each time that so many parts are finished."""
    seen, ended = [], threading.Event()

    def kill():
        for num_parts in after:
            while num_finished(cache) < num_parts:
                if ended.wait(0.01):
                    return
            server.kill()
            seen.append(num_finished(cache))
            ended.wait(0.5)
            server.start()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield seen
    finally:
        ended.set()
        killer.join()


@SERVERS
def test_a_server_that_is_killed_and_connections_that_are_cut_change_nothing(
    kind, workers, tmp_path
):
    with kind.serving() as server, cutting(server.port, cut_after=UNCUT) as proxy:
        write_files(server.folder)
        files = listed(server, proxy.port)
        undisturbed = contents(skimmed(files, tmp_path / "undisturbed"))
        proxy.cut_after = files[0].size // 2
        with killing(server, tmp_path / "disturbed" / "cache", after=(1, 3)) as kills:
            disturbed = skimmed(files, tmp_path / "disturbed", workers)
        assert len(kills) == 2
        assert max(kills) < NUM_FILES
        assert proxy.num_cuts >= NUM_FILES
    assert contents(disturbed) == undisturbed


def test_a_web_server_that_is_busy_now_and_then_changes_nothing(workers, tmp_path):
    with nginx_server.serving() as server:
        write_files(server.folder)
        files = listed(server, server.port)
        undisturbed = contents(skimmed(files, tmp_path / "undisturbed"))
        server.kill()
        server.most_requests = 20
        server.start()
        busy = skimmed(files, tmp_path / "busy", workers)
        assert (server.admin / "log").read_text().count("limiting requests") > NUM_FILES
    assert contents(busy) == undisturbed


def test_damaged_and_missing_files_come_from_the_mirror_of_another_protocol(workers, tmp_path):
    with xrootd_server.serving() as server, nginx_server.serving() as mirror:
        write_files(server.folder)
        files = listed(server, server.port)
        undisturbed = contents(skimmed(files, tmp_path / "undisturbed"))
        shutil.copytree(server.folder, mirror.folder, dirs_exist_ok=True)
        (server.folder / "0.root").unlink()
        truncated, altered = (server.folder / f"{number}.root" for number in (1, 2))
        truncated.write_bytes(truncated.read_bytes()[:-100])
        altered.write_bytes(altered.read_bytes()[:-1] + b"?")
        options = {"mirrors": {server.url(""): mirror.url("")}, "copy_first": True}
        mirrored = skimmed(files, tmp_path / "mirrored", workers, **options)
    assert contents(mirrored) == undisturbed
    accounts = read_ledger(mirrored / "ledger.json")
    assert [account.attempts for account in accounts] == [2, 2, 2, 1, 1, 1]


def test_a_full_disk_ends_the_skim_and_the_next_one_goes_on(workers, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    with nginx_server.serving() as server:
        write_files(server.folder)
        files = listed(server, server.port)
        undisturbed = contents(skimmed(files, tmp_path / "undisturbed"))
        with small_disk(disk, megabytes=1):
            with pytest.raises(OSError, match="No space left on device"):
                skimmed(files, disk, workers)
            found = num_finished(disk / "cache")
            assert 0 < found < NUM_FILES
            shutil.copytree(disk / "cache", tmp_path / "roomy" / "cache")
        finished = contents(skimmed(files, tmp_path / "roomy", workers))
    assert finished == undisturbed


@pytest.mark.slow
@pytest.mark.timeout(600)
@SERVERS
def test_a_production_that_is_killed_as_a_whole_ends_like_an_undisturbed_one(kind, tmp_path):
    """By the rule: besides, a file is missing and one truncated, until they are repaired."""
    with kind.serving() as server, cutting(server.port, cut_after=UNCUT) as proxy:
        production = Production(tmp_path / "project", server.folder, 8, toy_jets(400, seed=1), 4)
        production.write_files()
        production.write_project(server, proxy.port)
        production.run()
        skims = production.folder / "results/datasets/production/skim"
        undisturbed = contents(skims)
        shutil.rmtree(production.folder / "results")
        proxy.cut_after = half_a_file(production)
        go_through_everything(production, server, pause=2)
    assert production.faults["production killed"] == 1
    assert production.faults["server killed"] >= 2
    assert proxy.num_cuts >= 1
    assert contents(skims) == undisturbed
    verify(production)
