"""The challenge's own files are read, and say what is wrong with a score."""

import numpy as np
import pytest

from tagline.__main__ import COMMANDS
from tagline.measures.challenge import BACKGROUND, CONTROL, TRAINING, judge, main
from tagline.reading.csv_tables import read_table

NUM_EVENTS = 4000


def write(path, **columns):
    """Write columns as the challenge has them."""
    header = ",".join(columns)
    np.savetxt(
        path, np.column_stack(list(columns.values())), "%.6g", ",", header=header, comments=""
    )


@pytest.fixture
def folder(tmp_path):
    """Three files: `honest` tells signal alone, `simulated` tells simulation, `heavy` the mass."""
    random = np.random.default_rng(1)

    def normal(shift):
        return random.normal(size=NUM_EVENTS) + shift

    signal = random.integers(2, size=NUM_EVENTS)
    mass = random.uniform(1600, 2000, NUM_EVENTS)
    write(
        tmp_path / TRAINING,
        id=np.arange(NUM_EVENTS),
        honest=normal(2 * signal),
        simulated=normal(2 * signal),
        heavy=normal(2 * signal),
        min_ANNmuon=random.uniform(size=NUM_EVENTS),
        signal=signal,
    )
    write(
        tmp_path / CONTROL,
        honest=normal(1),
        simulated=normal(2 * signal),
        heavy=normal(1),
        weight=random.uniform(0.5, 1.5, NUM_EVENTS),
        signal=signal,
    )
    write(
        tmp_path / BACKGROUND,
        honest=normal(0),
        simulated=normal(0),
        heavy=normal((mass - 1600) / 100),
        mass=mass,
    )
    return tmp_path


def test_an_honest_score_is_valid(folder):
    verdict = judge(folder, ["honest"])
    assert verdict.is_valid, verdict
    assert 0.85 < verdict.area < 1


def test_a_score_that_knows_the_simulation_is_not(folder):
    verdict = judge(folder, ["honest", "simulated"])
    assert verdict.disagreement > 0.3
    assert not verdict.is_valid
    assert verdict.area > judge(folder, ["honest"]).area


def test_a_score_that_knows_the_mass_is_not(folder):
    verdict = judge(folder, ["heavy"])
    assert verdict.correlation > 0.005
    assert not verdict.is_valid


def test_the_command_says_so(folder, capsys):
    assert COMMANDS["challenge"] == judge.__module__
    assert main([str(folder), "honest"]) == 0
    assert "valid; weighted area" in capsys.readouterr().out
    assert main([str(folder), "heavy"]) == 1
    assert "not valid; weighted area" in capsys.readouterr().out


def test_the_features_of_the_baseline_are_the_default(folder):
    with pytest.raises(ValueError, match=r"training\.csv: no column 'LifeTime'"):
        main([str(folder)])


def test_what_is_no_table_of_numbers_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3\n")
    with pytest.raises(ValueError, match=r"a\.csv: no table of comma-separated values"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("a,b\n1,x\n")
    with pytest.raises(ValueError, match=r"b\.csv: column 'b' holds other than numbers"):
        read_table(tmp_path / "b.csv")
