import logging
import shutil
import tracemalloc
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from tagline.data import jets as jet_tables
from tagline.data.jets import JETS_FILE, concatenate, read_jets
from tagline.datasets.jetclass import Reader
from tagline.reading import parts as stage
from tagline.reading.ledger import read_ledger
from tagline.settings.catalogue import Dataset
from tagline.skim import skim
from tests.disks import small_disk
from tests.toys import add_tree, jetclass_branches, toy_jets, write_jetclass_root, write_tree

SELECTION = "pt > 600 and abs(eta) < 1"
NO_CONSTITUENTS, NOT_FINITE = "num_constituents > 0", "all columns are finite"


@pytest.fixture
def files(tmp_path):
    """Three files of different events."""
    paths = [tmp_path / "raw" / f"{number}.root" for number in range(3)]
    for number, path in enumerate(paths):
        write_jetclass_root(path, toy_jets(50, seed=number))
    return [str(path) for path in paths]


@pytest.fixture
def run(tmp_path):
    """Return a skim of files into tmp_path/skim/0000, with a cache beside it."""

    def skim_files(files, processes=1, **options):
        dataset = Dataset(files=tuple(files), **options)
        folder = tmp_path / "skim" / "0000"
        skim(files, dataset=dataset, folder=folder, processes=processes, cache=tmp_path / "cache")
        return folder

    return skim_files


def ledger_of(folder):
    return read_ledger(folder / "ledger.json")


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_writes_a_part_a_file_with_the_jets_that_pass(files, run):
    folder = run(files, select=SELECTION)
    for number in range(3):
        jets = toy_jets(50, seed=number)
        passing = (jets.jets["pt"] > 600) & (np.abs(jets.jets["eta"]) < 1)
        expected = jets.take(np.flatnonzero(passing))
        part = read_jets(folder / f"{number:04d}")
        assert len(part) == len(expected) > 0
        for name, column in expected.jets.items():
            np.testing.assert_array_equal(part.jets[name], column)
        for name, column in expected.constituents.items():
            np.testing.assert_allclose(part.constituents[name], column, rtol=1e-6)


def test_the_ledger_counts_each_term_in_order(files, run):
    for number, account in enumerate(ledger_of(run(files, select=SELECTION))):
        jets = toy_jets(50, seed=number).jets
        soft = jets["pt"] <= 600
        forward = ~soft & (np.abs(jets["eta"]) >= 1)
        assert account.cut == {
            "pt > 600": soft.sum(),
            "abs(eta) < 1": forward.sum(),
            NO_CONSTITUENTS: 0,
            NOT_FINITE: 0,
        }
        assert (account.events, account.jets) == (50, 50)
        assert account.kept == 50 - soft.sum() - forward.sum()


def test_says_in_the_parquet_files_where_jets_come_from(files, run):
    folder = run(files, select=SELECTION)
    metadata = pq.read_schema(folder / "0001" / JETS_FILE).metadata
    assert metadata[b"tagline.source"] == files[1].encode()
    assert metadata[b"tagline.select"] == SELECTION.encode()


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(files, tmp_path):
    """The first file's part has room, the second's, of many more jets, has none."""
    write_jetclass_root(Path(files[1]), toy_jets(10_000, seed=1))
    disk = tmp_path / "disk"
    disk.mkdir()
    options = {"dataset": Dataset(files=tuple(files)), "processes": 1}
    with small_disk(disk, megabytes=2):
        with pytest.raises(OSError, match="No space left on device"):
            skim(files, folder=disk / "skim", cache=disk / "cache", **options)
        assert [path.name for path in (disk / "cache").iterdir()] == ["0000"]
        shutil.copytree(disk / "cache", tmp_path / "cache")
    skim(files, folder=tmp_path / "skim", cache=tmp_path / "cache", **options)
    assert [file.kept for file in ledger_of(tmp_path / "skim")] == [50, 10_000, 50]


def test_goes_on_where_it_was_killed(files, run, tmp_path, monkeypatch, caplog):
    undisturbed = contents(run(files))
    write_part = stage._write_part

    def die_in_the_last_file(source, place, dataset, *, attempts):
        if source.file.path == files[2]:
            (source.folder.parent / ".writing-0002").mkdir()
            raise KeyboardInterrupt
        return write_part(source, place, dataset, attempts=attempts)

    monkeypatch.setattr(stage, "_write_part", die_in_the_last_file)
    (tmp_path / "skim" / "0000").rename(tmp_path / "undisturbed")
    with pytest.raises(KeyboardInterrupt):
        run(files)
    assert not (tmp_path / "skim" / "0000").exists()
    monkeypatch.undo()
    with caplog.at_level(logging.INFO):
        assert contents(run(files)) == undisturbed
    assert caplog.text.count("done before") == 2
    assert not (tmp_path / "cache").exists()


def test_a_file_that_fails_is_named_and_fails_the_run(files, run, tmp_path):
    write_tree(tmp_path / "raw" / "1.root", "other", branches={"run": np.arange(3)})
    with pytest.raises(ValueError, match=r"1 of 3 files failed, 0 may(.|\n)*1.root: no tree"):
        run(files)
    assert not (tmp_path / "skim" / "0000").exists()
    assert [bool(account.failed) for account in ledger_of(tmp_path / "cache")] == [0, 1, 0]


def test_a_file_that_may_fail_is_in_the_ledger(files, run, tmp_path):
    content = (tmp_path / "raw" / "1.root").read_bytes()
    (tmp_path / "raw" / "1.root").write_bytes(content[: len(content) // 2])
    folder = run(files, allow_failed=1)
    first, failed, last = ledger_of(folder)
    assert first.kept == last.kept == 50
    assert (failed.events, failed.kept) == (0, 0)
    assert "1.root: tree 'tree', entries 0 to 50, branch" in failed.failed
    assert not (folder / "0001").exists()


def test_bad_jets_are_cut_and_their_event_is_named(run, tmp_path):
    branches = jetclass_branches(toy_jets(20, seed=4))
    branches["jet_eta"][3] = np.nan
    particles = branches["part"]
    energy = ak.to_numpy(ak.flatten(particles["energy"])).copy()
    energy[ak.num(particles)[:7].to_numpy().sum()] = np.inf
    particles = ak.with_field(particles, ak.unflatten(energy, ak.num(particles)), "energy")
    branches["part"] = ak.concatenate([particles[:19], particles[19:][:, :0]])
    write_tree(tmp_path / "bad.root", "tree", branches=branches)
    folder = run([str(tmp_path / "bad.root")])
    (account,) = ledger_of(folder)
    assert account.cut == {NO_CONSTITUENTS: 1, NOT_FINITE: 2}
    assert account.notes == (
        "not finite: eta of jet run 1, luminosity_block 1, event 3, jet_index 0 and 1 more",
    )
    kept = [event for event in range(19) if event not in (3, 7)]
    assert read_jets(folder / "0000").jets["event"].tolist() == kept


def test_a_file_without_events_is_read_and_empty(run, tmp_path):
    write_jetclass_root(tmp_path / "empty.root", toy_jets(0, seed=1))
    folder = run([str(tmp_path / "empty.root")])
    (account,) = ledger_of(folder)
    assert (account.events, account.kept, account.failed) == (0, 0, "")
    assert not (folder / "0000" / JETS_FILE).exists()


def test_a_missing_column_of_the_selection_fails_by_name(files, run):
    with pytest.raises(ValueError, match="no jet column 'softdrop_mass'"):
        run(files, select="softdrop_mass > 3")


def test_row_groups_are_filled_from_several_chunks(monkeypatch):
    monkeypatch.setattr(jet_tables, "ROWS_PER_GROUP", 25)
    pieces = [toy_jets(10, seed=seed) for seed in range(6)]
    groups = list(jet_tables.gathered(iter(pieces)))
    assert [len(group) for group in groups] == [30, 30]
    np.testing.assert_array_equal(concatenate(groups).jets["pt"], concatenate(pieces).jets["pt"])


def test_a_file_with_other_branches_than_its_name_says_stops_no_others(files, run):
    odd = jetclass_branches(toy_jets(20, seed=1))
    odd["jet_pt"] = odd["part"]["px"]
    write_tree(Path(files[1]), "tree", branches=odd)
    account = ledger_of(run(files, allow_failed=1))
    assert [file.kept for file in account] == [50, 0, 50]
    assert "'jet_pt'" in account[1].failed


def test_a_reader_that_fails_stops_no_other_files(files, run, monkeypatch):
    read = Reader.read

    def fails_at_one(reader, path):
        if path == files[1]:
            raise IndexError("too many")
        yield from read(reader, path)

    monkeypatch.setattr(Reader, "read", fails_at_one)
    account = ledger_of(run(files, allow_failed=1))
    assert [file.kept for file in account] == [50, 0, 50]
    assert account[1].failed == f"{files[1]}: IndexError: too many"


def test_a_larger_file_takes_no_more_memory(run, tmp_path, monkeypatch):
    """A file of twenty clusters, against one of four; kept arrays would double it, or worse."""
    monkeypatch.setattr(jet_tables, "ROWS_PER_GROUP", 2000)
    branches = jetclass_branches(toy_jets(1000, seed=1))

    def peak(num_clusters):
        path = tmp_path / f"{num_clusters}.root"
        with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
            add_tree(file, "tree", *[branches] * num_clusters)
        tracemalloc.start()
        run([str(path)], options={"entries": 1000})
        _, largest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return largest

    peak(1)  # imports what else there is
    small, large = peak(4), peak(20)
    assert large < 1.1 * small
