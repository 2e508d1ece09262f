"""The top-tagging reference files, written by pandas as the published ones were."""

import h5py
import numpy as np
import pandas as pd
import pytest

from tagline.data.columns import CONSTITUENT_COLUMNS, JET_COLUMNS
from tagline.data.jets import read_jets
from tagline.datasets import UnreadableFileError
from tagline.reading.ledger import read_ledger
from tagline.settings.catalogue import Dataset
from tagline.skim import skim
from tests.published_files import top_tagging_frame, write_top_tagging
from tests.readers import assert_same, read, reader
from tests.toys import toy_jets

NUM_JETS = 53
MOMENTA = ("px", "py", "pz", "energy")


@pytest.fixture(scope="module")
def jets():
    return toy_jets(NUM_JETS, seed=1)


@pytest.fixture(scope="module")
def path(jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("top_tagging") / "train.h5"
    write_top_tagging(path, jets)
    return path


def altered(path, frame):
    frame.to_hdf(path, key="table", format="table", mode="w")
    return path


def test_gives_back_momenta_truth_and_the_sums_of_momenta(jets, path):
    found = read("toptagging", path)
    for name in MOMENTA:
        np.testing.assert_array_equal(found.constituents[name], jets.constituents[name])
    np.testing.assert_array_equal(found.jets["truth"], jets.jets["truth"])
    for name in ("pt", "eta", "phi", "mass"):
        np.testing.assert_allclose(found.jets[name], jets.jets[name], rtol=2e-6, err_msg=name)


def test_columns_are_as_declared(path):
    found = read("toptagging", path)
    assert list(found.jets) == [column.name for column in JET_COLUMNS if column.required]
    assert list(found.constituents) == [c.name for c in CONSTITUENT_COLUMNS if c.required]


@pytest.mark.parametrize("entries", [1, 10, NUM_JETS - 1, NUM_JETS, 1000])
def test_keeps_the_last_jet_whatever_the_chunks(jets, path, entries):
    """Not so `convert_top_datasets.py` of the particle transformer, which drops it."""
    found = read("toptagging", path, entries=entries)
    assert_same(found, read("toptagging", path))
    assert len(found) == NUM_JETS
    assert found.jets["num_constituents"][-1] == jets.jets["num_constituents"][-1]
    assert found.constituents["energy"][-1] == jets.constituents["energy"][-1]


@pytest.mark.parametrize("compression", [None, "zlib", "blosc", "blosc:lz4", "bzip2"])
def test_reads_what_pandas_may_have_compressed(jets, path, compression, tmp_path):
    other = tmp_path / path.name
    write_top_tagging(other, jets, compression=compression)
    assert_same(read("toptagging", other), read("toptagging", path))


def test_reads_the_names_that_python_2_has_pickled(path, tmp_path):
    other = tmp_path / path.name
    other.write_bytes(path.read_bytes())
    with h5py.File(other, "r+") as file:
        for field in (0, 1):
            attributes = file["table/table"].attrs
            pickled = attributes[f"values_block_{field}_kind"]
            names = [line[1:] for line in pickled.split(b"\n") if line[:1] in (b"V", b"a")]
            names = [name.removeprefix(b"V") for name in names]
            lines = [b"(lp1"] + [
                b"%sS'%s'\np%d" % (b"a" if place else b"", name, place + 2)
                for place, name in enumerate(names)
            ]
            attributes[f"values_block_{field}_kind"] = np.bytes_(b"\n".join([*lines, b"a."]))
    assert_same(read("toptagging", other), read("toptagging", path))


def test_a_row_is_an_event_of_its_file(path):
    ids = read("toptagging", path).jets
    assert ids["event"].tolist() == list(range(NUM_JETS))
    assert len(set(ids["run"])) == len(set(ids["luminosity_block"])) == 1
    assert set(ids["jet_index"]) == {0}


def test_drops_padding_and_counts_it_between_constituents(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train")
    hole = [f"{name}_1" for name in ("E", "PX", "PY", "PZ")]
    frame.loc[frame.index[[2, 5]], hole] = 0
    (chunk,) = reader("toptagging").read(str(altered(tmp_path / "holes.h5", frame)))
    counts = jets.jets["num_constituents"].copy()
    counts[[2, 5]] -= 1
    found = chunk.take(np.arange(NUM_JETS))
    np.testing.assert_array_equal(found.jets["num_constituents"], counts)
    assert chunk.notes == (
        f"{tmp_path}/holes.h5: table 'table', rows 0 to {NUM_JETS}: "
        "2 empty constituents between others, left out",
    )


def test_constituents_without_pt_are_left_out_and_counted_in_the_ledger(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train")
    frame.loc[frame.index[3], ["PX_0", "PY_0", "PZ_0"]] = 0
    frame.loc[frame.index[5], ["PX_1", "PY_1"]] = 0
    path = altered(tmp_path / "still.h5", frame)
    counts = jets.jets["num_constituents"].copy()
    counts[[3, 5]] -= 1
    found = read("toptagging", path)
    np.testing.assert_array_equal(found.jets["num_constituents"], counts)
    assert np.hypot(found.constituents["px"], found.constituents["py"]).all()
    dataset = Dataset(reader="toptagging", files=(str(path),), select="mass > 0")
    folder = tmp_path / "skim"
    skim([str(path)], dataset=dataset, folder=folder, processes=1, cache=tmp_path / "cache")
    (account,) = read_ledger(folder / "ledger.json")
    assert account.notes == ("2 constituents without pt, left out",)
    assert account.kept == NUM_JETS


def test_the_ledger_adds_up_with_jets_without_constituents(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train")
    frame.iloc[7, :800] = 0
    path = altered(tmp_path / "train.h5", frame)
    dataset = Dataset(reader="toptagging", files=(str(path),), select="pt > 600 or pt < 1")
    folder = tmp_path / "skim"
    skim([str(path)], dataset=dataset, folder=folder, processes=1, cache=tmp_path / "cache")
    (account,) = read_ledger(folder / "ledger.json")
    others = np.delete(jets.jets["pt"], 7)
    assert (account.events, account.jets) == (NUM_JETS, NUM_JETS)
    assert account.kept == (others > 600).sum() == len(read_jets(folder / "0000"))
    assert account.cut["num_constituents > 0"] == 1
    assert sum(account.cut.values()) == NUM_JETS - account.kept


def test_takes_any_order_of_columns_and_types(jets, path, tmp_path):
    frame = top_tagging_frame(jets, split="train")
    order = np.random.default_rng(1).permutation(frame.columns)
    frame = frame[order].astype({"E_3": np.float64, "PX_0": np.float64})
    assert_same(read("toptagging", altered(tmp_path / path.name, frame)), read("toptagging", path))


def test_refuses_a_file_of_two_splits(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train")
    frame.iloc[-1, frame.columns.get_loc("ttv")] = 1
    path = altered(tmp_path / "mixed.h5", frame)
    with pytest.raises(UnreadableFileError, match=r"mixed.h5.*rows 40 to 53: 'ttv' is {0, 1}"):
        read("toptagging", path, entries=20)


def test_refuses_a_label_that_is_neither(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train").replace({"is_signal_new": {1: 2}})
    path = altered(tmp_path / "odd.h5", frame)
    with pytest.raises(UnreadableFileError, match=r"odd.h5.*'is_signal_new' is \[0 2\]"):
        read("toptagging", path)


def test_names_the_nearest_column_and_table(jets, tmp_path):
    frame = top_tagging_frame(jets, split="train").rename(columns={"is_signal_new": "is_signal"})
    path = altered(tmp_path / "renamed.h5", frame)
    with pytest.raises(
        UnreadableFileError, match=r"no column 'is_signal_new'; did you mean 'is_s"
    ):
        read("toptagging", path)
    with pytest.raises(UnreadableFileError, match=r"no table 'tabel'; did you mean 'table'"):
        read("toptagging", path, key="tabel")


def test_refuses_the_other_format_of_pandas(tmp_path):
    pd.DataFrame({"E_0": [1.0]}).to_hdf(tmp_path / "fixed.h5", key="table", format="fixed")
    with pytest.raises(UnreadableFileError, match="no table 'table'"):
        read("toptagging", tmp_path / "fixed.h5")


def test_names_the_rows_of_damage(path, tmp_path):
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        start = file["table/table"].id.get_chunk_info(0).byte_offset
    content[start + 16 : start + 200] = bytes(184)
    (tmp_path / "bad.h5").write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"bad.h5: table 'table', rows 0 to"):
        read("toptagging", tmp_path / "bad.h5")


def test_never_has_more_rows_in_memory_than_configured(path, monkeypatch):
    sizes = []
    read_rows = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset,
        "__getitem__",
        lambda data, rows: sizes.append(rows.stop - rows.start) or read_rows(data, rows),
    )
    read("toptagging", path, entries=16)
    assert sizes == [16, 16, 16, 5]
