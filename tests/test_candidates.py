"""Files of the tau -> 3 mu challenge are made as a toy, and read as candidates."""

import numpy as np
import pytest
from pyarrow import csv

from tagline import toys
from tagline.datasets import UnreadableFileError
from tagline.measures.flavours_of_physics import correlation, disagreement
from tagline.reading.cuts import Cuts
from tagline.toys import flavours_of_physics as toy
from tests.readers import read, reader

COLUMNS = ("LifeTime", "FlightDistanceError", "signal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All files of the toy."""
    folder = tmp_path_factory.mktemp("toy")
    for name in toy.FILES:
        toys.make("flavours_of_physics", folder / name)
    return folder


def columns_of(path):
    table = csv.read_csv(path)
    return {name: table[name].to_numpy() for name in table.column_names}


class TestToy:
    def test_has_the_columns_of_the_challenge(self, folder):
        features = {"id", "mass", *toy.FEATURES}
        expected = {
            "training.csv": {"signal", "min_ANNmuon"},
            "check_agreement.csv": {"signal", "weight"},
            "check_correlation.csv": set(),
            "signal_in_data.csv": {"signal"},
        }
        for name, further in expected.items():
            assert set(columns_of(folder / name)) == features | further

    def test_is_the_same_each_time(self, folder, tmp_path):
        toys.make("flavours_of_physics", tmp_path / "training.csv")
        again = (tmp_path / "training.csv").read_bytes()
        assert again == (folder / "training.csv").read_bytes()

    def test_says_which_files_it_has(self, tmp_path):
        with pytest.raises(ValueError, match=r"no file 'trainnig\.csv'; did you mean 'training"):
            toys.make("flavours_of_physics", tmp_path / "trainnig.csv")

    def test_background_is_missing_where_the_signal_is(self, folder):
        training = columns_of(folder / "training.csv")
        from_peak = np.abs(training["mass"] - toy.MASS_PEAK["signal"])
        assert from_peak[training["signal"] == 0].min() > toy.BLINDED
        assert np.median(from_peak[training["signal"] == 1]) < toy.RESOLUTION

    def test_weights_subtract_the_background_of_the_control_channel(self, folder):
        control = columns_of(folder / "check_agreement.csv")
        of_data = control["signal"] == 0
        assert control["weight"][of_data].sum() == toy.NUM_EVENTS
        for place, name in enumerate(("LifeTime", "FlightDistance")):
            mean = np.average(control[name][of_data], weights=control["weight"][of_data])
            assert mean == pytest.approx(toy.SIGNAL_SHIFT_F[place] / 2, abs=0.03)

    def test_simulation_errs_where_it_says(self, folder):
        control = columns_of(folder / "check_agreement.csv")
        found = {
            name: disagreement(control[name], control["signal"] == 0, control["weight"])
            for name in toy.FEATURES
        }
        wrong = {name for name, distance in found.items() if distance > 0.09}
        assert wrong == {"IP", "IPSig", "VertexChi2", "DOCAone"}

    def test_one_feature_of_background_follows_the_mass(self, folder):
        background = columns_of(folder / "check_correlation.csv")
        mass = background["mass"]
        assert correlation(background["FlightDistanceError"], mass) > 0.002
        assert correlation(background["pt"], mass) < 0.001


class TestReader:
    def test_reads_candidates_in_gev(self, folder):
        path = folder / "check_agreement.csv"
        found, given = read("flavours_of_physics", path, columns=COLUMNS), columns_of(path)
        assert not found.constituents
        np.testing.assert_allclose(found.jets["pt"], given["pt"] / 1000, rtol=1e-6)
        np.testing.assert_allclose(found.jets["mass"], given["mass"] / 1000, rtol=1e-6)
        for name in (*COLUMNS, "weight"):
            np.testing.assert_allclose(found.jets[name], given[name], rtol=1e-6)
        assert len(np.unique(found.jets["event"])) == len(found)

    def test_a_selection_knows_the_columns(self, folder):
        options = {"columns": [*COLUMNS, "min_ANNmuon"]}
        chunk = next(reader("flavours_of_physics", **options).read(str(folder / "training.csv")))
        cuts = Cuts("signal == 1 and min_ANNmuon > 0.4", need_constituents=False)
        (kept,) = cuts.kept(chunk)
        assert kept.jets["signal"].all()
        assert len(kept) == pytest.approx(0.6 * toy.NUM_EVENTS, rel=0.03)
        assert (kept.jets["weight"] == 1).all()

    def test_a_mass_that_a_file_lacks_is_given_or_missed(self, tmp_path):
        (tmp_path / "bare.csv").write_text("id,pt\n7,2000\n")
        with pytest.raises(UnreadableFileError, match=r"bare\.csv: no column 'mass'"):
            read("flavours_of_physics", tmp_path / "bare.csv", columns=[])
        found = read("flavours_of_physics", tmp_path / "bare.csv", columns=[], mass=1.968)
        assert found.jets["mass"] == pytest.approx(1.968)
        assert found.jets["pt"] == pytest.approx(2)
        (tmp_path / "full.csv").write_text("pt,mass\n2000,1700\n")
        found = read("flavours_of_physics", tmp_path / "full.csv", columns=[], mass=1.968)
        assert found.jets["mass"] == pytest.approx(1.7)

    def test_a_column_that_a_file_lacks_is_named(self, folder):
        with pytest.raises(UnreadableFileError, match=r"no column 'LifeTim'; did you mean"):
            read("flavours_of_physics", folder / "training.csv", columns=["LifeTim"])
