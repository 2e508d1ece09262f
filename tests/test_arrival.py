"""A skim of remote files: mirrors, later rounds, and files that are not what was listed."""

import hashlib
import re
import tarfile
from functools import partial

import numpy as np
import pytest

from tagline import skim as stage
from tagline.data.jets import read_jets
from tagline.reading import patience
from tagline.settings.catalogue import Dataset
from tagline.settings.records import ListedFile
from tagline.skim import skim
from tests import http_server, xrootd_server
from tests.disks import small_disk
from tests.readers import assert_same
from tests.skims import adler_of, ledger_of, skim_into
from tests.toys import (
    nano_branches,
    toy_jets,
    write_jetclass_root,
    write_tree,
)

NUM_JETS = 30
TRIES = 2


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01,) * (TRIES - 1))
    monkeypatch.setattr(stage, "ROUNDS", (0.0, 0.01, 0.02))


@pytest.fixture
def content(tmp_path):
    """What is in the files `0.root`, `1.root` and `2.root`, of different jets."""
    names = [f"{number}.root" for number in range(3)]
    for number, name in enumerate(names):
        write_jetclass_root(tmp_path / "raw" / name, toy_jets(NUM_JETS, seed=number))
    return {name: (tmp_path / "raw" / name).read_bytes() for name in names}


@pytest.fixture
def web(content):
    with http_server.serving() as server:
        server.files = {f"/{name}": bytes_ for name, bytes_ in content.items()}
        yield server


@pytest.fixture
def run(tmp_path):
    """Return a skim of listed files, and what it wrote."""
    return partial(skim_into, tmp_path)


def urls(server, names=("0.root", "1.root", "2.root")):
    return [server.url(f"/{name}") for name in names]


def assert_complete(folder, local):
    for number in range(3):
        part = f"{number:04d}"
        assert_same(read_jets(folder / part), read_jets(local / part))


def test_remote_files_become_the_jets_of_local_ones(web, run, tmp_path):
    local = run([str(tmp_path / "raw" / f"{number}.root") for number in range(3)])
    local.rename(tmp_path / "local")
    folder = run(urls(web))
    assert_complete(folder, tmp_path / "local")
    assert [file.attempts for file in ledger_of(folder)] == [1, 1, 1]


def test_nano_events_are_read_from_servers(web, run, tmp_path):
    dialect = {"links": "FatJetPFCands", "index": "pFCandsIdx", "candidates": "PFCands"}
    path = tmp_path / "raw" / "nano.root"
    write_tree(path, "Events", branches=nano_branches(toy_jets(NUM_JETS, seed=1), **dialect))
    web.files["/nano.root"] = path.read_bytes()
    local = run([str(path)], reader="pfnano").rename(tmp_path / "local")
    folder = run(urls(web, ["nano.root"]), reader="pfnano")
    assert_same(read_jets(folder / "0000"), read_jets(local / "0000"))


def test_a_mirror_of_another_protocol_gives_what_is_lost(web, run, content):
    del content["1.root"]
    with xrootd_server.serving() as server:
        for name, bytes_ in content.items():
            (server.folder / name).write_bytes(bytes_)
        files = [server.url(f"{number}.root") for number in range(3)]
        folder = run(files, mirrors={server.url(""): web.url("/")})
    first, second, third = ledger_of(folder)
    assert [file.attempts for file in (first, second, third)] == [1, 2, 1]
    assert second.file == files[1]
    assert second.kept == NUM_JETS


def test_mirrors_work_both_ways():
    dataset = Dataset(files=("a",), mirrors={"root://a//": "https://b/"})
    assert dataset.places_of("root://a//x") == ["root://a//x", "https://b/x"]
    assert dataset.places_of("https://b/x") == ["https://b/x", "root://a//x"]
    assert dataset.places_of("/local/x") == ["/local/x"]


def test_a_file_that_is_damaged_here_is_read_elsewhere(web, run, content):
    half = len(content["1.root"]) // 2
    web.files["/here/1.root"] = content["1.root"][:half] + bytes(half)
    folder = run([web.url("/here/1.root")], mirrors={web.url("/here/"): web.url("/")})
    (account,) = ledger_of(folder)
    assert (account.kept, account.attempts, account.failed) == (NUM_JETS, 2, "")


def test_what_may_pass_is_tried_again_after_all_others(web, run, caplog):
    caplog.set_level("INFO")
    web.mishaps = [503] * TRIES
    folder = run(urls(web))
    assert [file.attempts for file in ledger_of(folder)] == [2, 1, 1]
    done = [re.search(r"(\d).root: 30 events", record.message) for record in caplog.records]
    assert [found[1] for found in done if found] == ["1", "2", "0"]


def test_what_cannot_pass_is_not_tried_again(web, run):
    del web.files["/1.root"]
    folder = run(urls(web), allow_failed=1)
    assert [file.attempts for file in ledger_of(folder)] == [1, 1, 1]
    assert [path for path, _ in web.asked].count("/1.root") == 1


def test_a_file_that_never_comes_says_why_and_how_often(web, run, tmp_path):
    web.broken = {"/1.root"}
    with pytest.raises(ValueError, match=r"1 of 3 files failed(.|\n)*1.root: 503 .*2 tries"):
        run(urls(web))
    accounts = ledger_of(tmp_path / "cache")
    assert [file.attempts for file in accounts] == [1, 3, 1]
    assert [bool(file.failed) for file in accounts] == [False, True, False]


def test_another_run_asks_for_the_failed_files_alone(web, run):
    web.broken = {"/1.root"}
    with pytest.raises(ValueError, match="1 of 3 files failed"):
        run(urls(web))
    web.broken, web.asked = set(), []
    assert [file.kept for file in ledger_of(run(urls(web)))] == [NUM_JETS] * 3
    assert {path for path, _ in web.asked} == {"/1.root"}


def test_files_that_may_fail_are_alone_in_another_run_too(web, run, tmp_path):
    lost = web.files.pop("/1.root")
    folder = run(urls(web), allow_failed=1)
    assert not (folder / "0001").exists()
    web.files["/1.root"], web.asked = lost, []
    assert [file.kept for file in ledger_of(run(urls(web)))] == [NUM_JETS] * 3
    assert {path for path, _ in web.asked} == {"/1.root"}
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("remote_file", [True, False])
def test_a_truncated_file_is_caught_by_its_size(web, run, tmp_path, content, remote_file):
    size = len(content["0.root"])
    web.files["/0.root"] = content["0.root"][: size // 2]
    (tmp_path / "raw" / "0.root").write_bytes(content["0.root"][: size // 2])
    path = web.url("/0.root") if remote_file else str(tmp_path / "raw" / "0.root")
    with pytest.raises(ValueError, match=rf"0.root: it has {size // 2} bytes, {size} were exp"):
        run([ListedFile(path=path, size=size)])


def test_another_number_of_events_is_caught(run, tmp_path):
    path = str(tmp_path / "raw" / "0.root")
    write_jetclass_root(tmp_path / "raw" / "0.root", toy_jets(29, seed=1))
    with pytest.raises(ValueError, match=r"0.root: it has 29 events, 30 were expected"):
        run([ListedFile(path=path, events=30)])
    assert not list((tmp_path / "cache").glob("0*"))


@pytest.mark.parametrize("name", ["", "part0.tar"])
def test_a_copied_archive_is_read_as_one_whatever_its_url(web, run, tmp_path, name):
    with tarfile.open(tmp_path / "part0.tar", "w") as archive:
        archive.add(tmp_path / "raw" / "0.root", "0.root")
    web.files["/files/part0.tar/content"] = (tmp_path / "part0.tar").read_bytes()
    file = ListedFile(path=web.url("/files/part0.tar/content"), name=name)
    assert ledger_of(run([file], copy_first=True))[0].kept == NUM_JETS


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        ("jetclass", "/a.tar"),
        ("jetclass", "/files/a.tar/content"),
        ("energyflow", "/a.npz"),
        ("toptagging", "/a.h5"),
        ("atlas_ftag", "/files/a.h5/content"),
        ("flat", "/a.parquet"),
    ],
)
def test_what_is_not_read_in_place_says_what_to_do(web, run, reader, path):
    web.files[path] = b"content"
    says = (
        f"{web.url(path)}: only ROOT files are read in place; set `copy_first: true`, or `fetch`"
    )
    with pytest.raises(ValueError, match=re.escape(says)):
        run([web.url(path)], reader=reader)


def test_errors_and_notes_are_of_the_file_and_not_of_its_copy(web, run, tmp_path):
    particles_JNF = np.ones((2, 3, 4)) * [1, 1, 1, 211]
    particles_JNF[1, 1] = 0  # padding before the last particle
    np.savez(tmp_path / "a.npz", X=particles_JNF, y=np.array([0, 1]))
    web.files |= {"/a.npz": (tmp_path / "a.npz").read_bytes(), "/b.npz": b"content"}
    files = [web.url(f"/{name}.npz") for name in "ab"]
    folder = run(files, reader="energyflow", copy_first=True, allow_failed=1)
    first, second = ledger_of(folder)
    assert first.notes == (
        f"{files[0]}: rows 0 to 2: 1 empty constituents between others, left out",
    )
    assert second.failed == f"{files[1]}: BadZipFile: File is not a zip file"


def test_a_copy_is_checked_and_read_under_its_own_name(web, run, tmp_path):
    local = run([str(tmp_path / "raw" / "0.root")]).rename(tmp_path / "local")
    url = web.url("/0.root")
    folder = run([ListedFile(path=url, checksum=adler_of(web, url))], copy_first=True)
    assert_same(read_jets(folder / "0000"), read_jets(local / "0000"))
    assert not list(folder.glob(".writing-*"))


def test_a_copy_needs_no_ranges(web, run):
    web.ranges = False
    file = ListedFile(path=web.url("/0.root"), checksum=adler_of(web, web.url("/0.root")))
    assert ledger_of(run([file], copy_first=True))[0].kept == NUM_JETS


def test_a_wrong_checksum_is_caught_and_the_copy_made_again(web, run, content):
    md5 = f"md5:{hashlib.md5(content['0.root']).hexdigest()}"
    altered = bytearray(content["0.root"])
    altered[-1] ^= 1
    web.files["/0.root"] = bytes(altered)
    found = hashlib.md5(altered).hexdigest()
    says = f"0.root: it has md5:{found} in {len(altered)} bytes, but {md5} was expected"
    with pytest.raises(ValueError, match=says):
        run([ListedFile(path=web.url("/0.root"), checksum=md5)], copy_first=True)
    assert [path for path, _ in web.asked].count("/0.root") == 2
    web.files["/0.root"] = content["0.root"]
    folder = run([ListedFile(path=web.url("/0.root"), checksum=md5)], copy_first=True)
    assert ledger_of(folder)[0].kept == NUM_JETS


def test_a_disk_that_is_full_is_no_fault_of_a_file(web, tmp_path):
    web.files["/1.root"] = bytes(3_000_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    dataset = Dataset(files=("*",), copy_first=True, allow_failed=1)
    options = {"dataset": dataset, "processes": 1, "folder": disk / "skim"}
    with (
        small_disk(disk, megabytes=2),
        pytest.raises(OSError, match="No space left on device"),
    ):
        skim(urls(web), cache=disk / "cache", **options)
