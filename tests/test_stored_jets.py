"""Jets of a folder in pieces, whatever the sizes of pieces and of row groups."""

from dataclasses import replace

import numpy as np
import pytest

from tagline.data import jets as jet_tables
from tagline.data.jets import concatenate, read_jets, write_columns, write_jets
from tagline.data.stored_jets import StoredJets
from tests.readers import assert_same
from tests.toys import toy_jets

NUM_JETS = 50


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Fifty jets with tracks, in row groups of seven rows."""
    monkeypatch.setattr(jet_tables, "ROWS_PER_GROUP", 7)
    jets = toy_jets(NUM_JETS, seed=1)
    num_tracks = (np.arange(NUM_JETS) % 4).astype(np.int32)
    tracks = {"number": np.arange(num_tracks.sum(), dtype=np.float32)}
    jets = replace(jets, jets=jets.jets | {"num_tracks": num_tracks}, tables={"tracks": tracks})
    write_jets(jets, tmp_path, provenance={})
    return tmp_path


@pytest.mark.parametrize("num_jets", [1, 7, 9, 50, 60])
def test_pieces_are_the_whole(folder, num_jets):
    pieces = list(StoredJets(folder, num_jets=num_jets).pieces())
    assert [len(piece) for piece in pieces[:-1]] == [num_jets] * (len(pieces) - 1)
    assert_same(concatenate(pieces), read_jets(folder))


def test_only_what_is_wanted_is_read(folder):
    (piece,) = StoredJets(folder, constituents=["py"], tables=()).pieces()
    assert list(piece.constituents) == ["py"]
    assert piece.tables == {}


def test_without_columns_of_constituents_their_number_stays(folder):
    (piece,) = StoredJets(folder, constituents=(), tables=()).pieces()
    assert piece.constituents == {}
    assert piece.jets["num_constituents"].sum() == read_jets(folder).offsets[-1]


def test_no_jets_are_one_empty_piece(tmp_path):
    write_jets(toy_jets(0, seed=1), tmp_path, provenance={})
    (piece,) = StoredJets(tmp_path).pieces()
    assert len(piece) == 0
    assert len(piece.constituents["px"]) == 0


@pytest.mark.parametrize(
    ("num_rows", "says"),
    [(3, "3 rows are left, but its jets have 9"), (80, "tracks has 7 rows of no jet")],
)
def test_a_table_of_another_length_is_refused(folder, num_rows, says):
    columns = {"number": np.arange(num_rows, dtype=np.float32)}
    write_columns(columns, folder / "tracks.parquet", provenance={})
    with pytest.raises(ValueError, match=says):
        list(StoredJets(folder, num_jets=7).pieces())


def test_a_missing_column_is_named(folder):
    with pytest.raises(ValueError, match=r"constituents.parquet: no column 'spin'; it has px"):
        next(StoredJets(folder, constituents=["spin"]).pieces())
