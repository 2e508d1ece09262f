"""The contract of every representation, and of the stage that prepares jets with it."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tagline.data.inputs import read_inputs
from tagline.data.jets import Jets, read_jets
from tagline.prepare import SPLITS, load, prepare
from tagline.settings import plugins
from tagline.settings.catalogue import Representation
from tests.toy_splits import SIZES, emptied, permuted, toy_split_jets, write_toy_split
from tests.toys import with_columns_of

CATALOGUE = yaml.safe_load(Path("config/representations.yaml").read_text())["representations"]
KINDS = plugins.names("representations")


@pytest.fixture
def jets():
    return toy_split_jets(60, seed=3)


@pytest.fixture(params=KINDS)
def representation(request):
    return load(Representation(kind=request.param))


def transformed(representation, jets: Jets) -> Jets:
    return representation.transform(jets, representation.fit(jets))


def columns_of(jets: Jets):
    return {**jets.constituents, **jets.jets}


def assert_same(found: Jets, expected: Jets, *, tolerance=0.0):
    assert columns_of(found).keys() == columns_of(expected).keys()
    for name, column in columns_of(expected).items():
        np.testing.assert_allclose(
            columns_of(found)[name], column, rtol=tolerance, atol=tolerance, err_msg=name
        )


def prepare_toys(kind: str, split: Path, folder: Path, *, protected=("mass",)) -> Path:
    prepare(
        split,
        representation=Representation(kind=kind),
        protected=protected,
        class_names=["qcd", "top"],
        folder=folder,
    )
    return folder


def test_keeps_every_jet(representation, jets):
    assert len(transformed(representation, jets)) == len(jets)


def test_makes_finite_float32(representation, jets):
    for name, column in columns_of(transformed(representation, jets)).items():
        if name != "num_constituents":
            assert column.dtype == np.float32, name
            assert np.isfinite(column).all(), name


def test_describes_what_it_makes(representation, jets):
    prepared = transformed(representation, jets)
    inputs = representation.inputs(representation.fit(jets))
    assert inputs.constituent_features == tuple(prepared.constituents)
    features = {f"feature_{name}" for name in inputs.jet_features}
    assert features == prepared.jets.keys() - {"num_constituents"}
    assert prepared.jets["num_constituents"].max() <= inputs.max_constituents


def test_is_deterministic(representation, jets):
    assert_same(transformed(representation, jets), transformed(representation, jets))


def test_ignores_the_order_of_constituents(representation, jets):
    expected = transformed(representation, jets)
    assert_same(transformed(representation, permuted(jets, seed=1)), expected, tolerance=1e-5)


def test_treats_jets_one_by_one(representation, jets):
    statistics = representation.fit(jets)
    rows = np.array([7, 3])
    alone = representation.transform(jets.take(rows), statistics)
    assert_same(alone, representation.transform(jets, statistics).take(rows), tolerance=1e-6)


def test_accepts_jets_without_constituents(representation, jets):
    prepared = transformed(representation, emptied(jets))
    assert len(prepared) == len(jets)
    assert all(np.isfinite(column).all() for column in columns_of(prepared).values())


def test_accepts_no_jets(representation, jets):
    none = jets.take(np.arange(0))
    assert len(representation.transform(none, representation.fit(jets))) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_prepared_splits_keep_identity_and_protected_columns(kind, tmp_path):
    split = write_toy_split(tmp_path / "split")
    folder = prepare_toys(kind, split, tmp_path / "prepared", protected=("eta",))
    for name in SPLITS:
        before, after = read_jets(split / name), read_jets(folder / name)
        assert len(after) == SIZES[name]
        for column in ("event_id", "jet_index", "label", "weight", "pt", "mass", "eta"):
            np.testing.assert_array_equal(after.jets[column], before.jets[column])


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_come_from_the_training_jets_alone(kind, tmp_path):
    others = {"validation": toy_split_jets(30, seed=8), "test": toy_split_jets(20, seed=9)}
    one = prepare_toys(kind, write_toy_split(tmp_path / "1"), tmp_path / "prepared_1")
    other = prepare_toys(kind, write_toy_split(tmp_path / "2", **others), tmp_path / "prepared_2")
    assert (one / "inputs.json").read_text() == (other / "inputs.json").read_text()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_catalogue_entry_is_prepared(name, jets):
    entry = Representation(**CATALOGUE[name])
    jets = with_columns_of(entry, jets, seed=4)
    assert len(transformed(load(entry), jets)) == len(jets)


def test_counts_the_classes(tmp_path):
    folder = prepare_toys("cloud", write_toy_split(tmp_path / "split"), tmp_path / "prepared")
    assert read_inputs(folder / "inputs.json").num_classes == 2


def test_makes_a_whole_folder_or_none(tmp_path):
    split = write_toy_split(tmp_path / "split")
    (split / "test" / "jets.parquet").unlink()
    with pytest.raises(FileNotFoundError):
        prepare_toys("cloud", split, tmp_path / "prepared")
    assert [path.name for path in tmp_path.iterdir()] == ["split"]


def test_names_a_protected_column_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="no jet column 'spin'"):
        prepare_toys(
            "cloud", write_toy_split(tmp_path / "split"), tmp_path / "p", protected=("spin",)
        )
