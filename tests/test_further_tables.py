"""Jets with further lists in them, such as tracks, in memory and on disk."""

from dataclasses import replace

import numpy as np
import pytest

from tagline.data.columns import CONSTITUENT_COLUMNS, JET_COLUMNS, Column
from tagline.data.jets import concatenate, read_jets, write_jets, write_stream
from tagline.reading.cuts import not_finite
from tagline.splitting.common import common_columns
from tests.readers import assert_same
from tests.toys import toy_jets

NUM_TRACKS = np.array([2, 0, 3, 1], np.int32)


@pytest.fixture
def jets():
    """Four jets whose tracks are numbered, jet by jet, from 0."""
    plain = toy_jets(len(NUM_TRACKS), seed=1)
    return replace(
        plain,
        jets=plain.jets | {"num_tracks": NUM_TRACKS},
        tables={"tracks": {"number": np.arange(6, dtype=np.float32)}},
    )


def numbers(jets):
    return jets.tables["tracks"]["number"].tolist()


def test_jets_take_their_tracks_along(jets):
    assert numbers(jets.take(np.array([3, 1, 2]))) == [5, 2, 3, 4]


def test_pieces_and_joined_jets_keep_their_tracks(jets):
    assert_same(concatenate(list(jets.pieces())), jets)
    assert numbers(concatenate([jets, jets.take(np.array([0]))])) == [0, 1, 2, 3, 4, 5, 0, 1]


def test_a_table_of_another_length_is_refused(jets):
    with pytest.raises(ValueError, match="tracks column 'number' has 5 rows, but num_tracks adds"):
        replace(jets, tables={"tracks": {"number": np.arange(5)}})


def test_jets_without_tracks_are_not_joined_to_those_with(jets):
    with pytest.raises(ValueError, match=r"tables differ: \['tracks'\]"):
        concatenate([jets, replace(jets, tables={})])


def test_a_folder_gives_back_all_tables_or_those_named(jets, tmp_path):
    write_jets(jets, tmp_path, provenance={})
    assert_same(read_jets(tmp_path), jets)
    assert read_jets(tmp_path, tables=()).tables == {}


def test_a_stream_is_written_as_the_whole(jets, tmp_path):
    pieces = [jets.take(np.array(rows)) for rows in ([0, 1], [2, 3])]
    assert write_stream(pieces, tmp_path, provenance={}) == 4
    assert_same(read_jets(tmp_path), jets)


def test_a_nan_in_a_track_is_of_its_jet(jets):
    jets.tables["tracks"]["number"][3] = np.nan
    number = Column("number", "float32", "", "its place")
    declared = {"jets": JET_COLUMNS, "constituents": CONSTITUENT_COLUMNS, "tracks": [number]}
    (bad,) = not_finite(jets, declared).items()
    assert (bad[0], bad[1].tolist()) == ("number in tracks", [False, False, True, False])


def test_a_split_has_the_tables_that_all_datasets_have(jets, tmp_path, caplog):
    plain = replace(jets, tables={}, jets=toy_jets(4, seed=1).jets)
    folders = [tmp_path / name for name in ("with_tracks", "without")]
    for folder, some in zip(folders, (jets, plain), strict=True):
        write_jets(some, folder, provenance={})
    common = common_columns(folders).of(jets)
    assert common.tables == {}
    assert "num_tracks" not in common.jets
    assert "['num_tracks', 'number']" in caplog.text
