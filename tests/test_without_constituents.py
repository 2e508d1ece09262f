"""Jets of which files have columns, and no constituents: from a table to a comparison."""

import copy
import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tagline.data.columns import TRUTH
from tagline.data.jets import CONSTITUENTS_FILE, Jets, read_columns, read_jets
from tagline.data.twins import content_hashes, look_for_twins
from tagline.prepare import load, prepare
from tagline.reading.ledger import read_ledger
from tagline.settings import config
from tagline.settings.catalogue import Dataset, Representation
from tagline.settings.task import Task
from tagline.skim import skim
from tagline.split import split
from tests.tasks import representations
from tests.test_config import catalogue
from tests.toys import toy_jets

STUDY = Path(__file__).parent / "workflows/observables.yaml"
COLUMNS = ("mass", "pt", "width", "tau32")


def study() -> dict:
    """Return the catalogue and the study of jets without constituents."""
    values = catalogue()
    for key, entries in yaml.safe_load(STUDY.read_text()).items():
        values[key] = {**values.get(key, {}), **entries}
    return values


def observables(num_jets, *, seed):
    """Return a table of observables of jets; tops are heavier, wider and of three prongs."""
    random = np.random.default_rng(seed)
    momenta = toy_jets(num_jets, seed=seed).jets
    is_top = momenta["truth"] == TRUTH["t_bqq"]
    return {
        "pt_mev": momenta["pt"] * 1000,
        "eta": momenta["eta"],
        "phi": momenta["phi"],
        "m_mev": momenta["mass"] * 1000,
        "width": np.maximum(random.normal(np.where(is_top, 0.3, 0.2), 0.1), 0).astype(np.float32),
        "tau32": random.beta(np.where(is_top, 3, 4), 3).astype(np.float32),
        "is_top": is_top.astype(np.int32),
    }


def write_tables(folder: Path, *, num_jets: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"observables_0{number}.parquet" for number in range(2)]
    for seed, path in enumerate(paths):
        pq.write_table(pa.table(observables(num_jets, seed=seed)), path)
    return paths


@pytest.fixture
def skimmed(tmp_path):
    """The skim of two tables."""
    paths = write_tables(tmp_path / "data", num_jets=300)
    entry = study()["datasets"]["table"] | {"files": [str(path) for path in paths]}
    folder = tmp_path / "skim"
    skim(
        entry["files"],
        dataset=Dataset(**entry),
        folder=folder,
        processes=1,
        cache=tmp_path / "cache",
    )
    return folder


@pytest.fixture
def shared_out(skimmed, tmp_path):
    """The split of that skim."""
    task = Task(**study()["tasks"]["tabled_jets"])
    split({"table": [skimmed]}, task=task, folder=tmp_path / "split", sampling=tmp_path / "s.json")
    return tmp_path / "split"


def test_a_skim_has_the_columns_of_the_file_and_no_constituents(skimmed):
    table = observables(300, seed=0)
    kept = table["width"] > np.float32(0.01)
    jets = read_jets(skimmed / "0000")
    assert len(jets) == kept.sum() < 300
    np.testing.assert_allclose(jets.jets["mass"], table["m_mev"][kept] / 1000, rtol=1e-6)
    np.testing.assert_array_equal(jets.jets["width"], table["width"][kept])
    assert set(jets.jets["num_constituents"]) == {0}
    assert read_columns(skimmed / "0000" / CONSTITUENTS_FILE) == {}


def test_the_ledger_asks_for_no_constituents(skimmed):
    for account in read_ledger(skimmed / "ledger.json"):
        assert list(account.cut) == ["width > 0.01", "pt > 100", "all columns are finite"]
        assert account.jets == 300 == account.kept + account.cut["width > 0.01"]


def test_jet_columns_are_prepared_of_a_split(shared_out, tmp_path):
    representation = Representation(kind="jet_columns", parameters={"columns": list(COLUMNS)})
    prepare(
        shared_out,
        representation=representation,
        protected=["mass"],
        class_names=["qcd", "top"],
        folder=tmp_path / "prepared",
    )
    features = read_jets(tmp_path / "prepared/train").jets
    for name in COLUMNS:
        assert np.mean(features[f"feature_{name}"]) == pytest.approx(0, abs=1e-5)
        assert np.std(features[f"feature_{name}"]) == pytest.approx(1, abs=1e-5)


def test_no_image_is_made_of_nothing(shared_out, tmp_path):
    with pytest.raises(ValueError, match=r"constituents.parquet: no column 'px'; it has none"):
        prepare(
            shared_out,
            representation=Representation(kind="image"),
            protected=["mass"],
            class_names=["qcd", "top"],
            folder=tmp_path / "prepared",
        )


def test_twins_have_the_same_columns_whatever_names_them(shared_out):
    jets = read_jets(shared_out / "train")
    again = jets.take(np.arange(len(jets)))
    again.jets["event"] = again.jets["event"] + 1
    again.jets["label"] = 1 - again.jets["label"]
    np.testing.assert_array_equal(content_hashes(again), content_hashes(jets))
    assert len(np.unique(content_hashes(jets))) == len(jets)


def test_twins_across_splits_are_refused_on_demand(shared_out):
    jets = read_jets(shared_out / "train")
    both = {"train": jets, "test": jets.take(np.array([3, 5]))}
    leaking = {name: content_hashes(jets) for name, jets in both.items()}
    assert look_for_twins(leaking, refuse=False)["train and test"] == 2
    with pytest.raises(ValueError, match="jets of the same contents are in two splits"):
        look_for_twins(leaking, refuse=True)


@pytest.mark.parametrize("column", ["mass", "tau32"])
def test_no_twins_are_jets_that_differ_in_the_last_bit_of_a_column(column, shared_out):
    jets = read_jets(shared_out / "train")
    other = Jets({name: values.copy() for name, values in jets.jets.items()}, {})
    other.jets[column] = np.nextafter(other.jets[column], np.float32(np.inf))
    assert (content_hashes(other) != content_hashes(jets)).all()


@pytest.mark.parametrize("name", representations())
def test_what_a_representation_reads_is_known_before_it_is_imported(name):
    representation = representations()[name]
    assert representation.options.needs_constituents == bool(load(representation).reads())


def test_the_study_is_valid():
    assert config.parse(study()).study.name == "observables"


def edited(path: str, value: object) -> dict:
    values = copy.deepcopy(study())
    *parents, last = path.split("/")
    target = values
    for parent in parents:
        target = target[parent]
    target[last] = value
    return values


LACKS = (
    "it is made of constituents, which jets of dataset 'table' in task 'tabled_jets' do not have"
)
STARTS = {
    "architecture": "normed_dense",
    "training": {"epochs": 1, "batch_size": 10, "learning_rate": 0.1},
}


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("study/taggers", ["cnn"], f"representations.gray_image of tagger 'cnn': {LACKS}"),
        ("study/images", ["gray_image"], f"representations.gray_image of study.images: {LACKS}"),
        (
            "tasks/tabled_jets/classes/top/datasets",
            ["table", "landscape_top"],
            "tasks.tabled_jets.classes.top: selection",  # which has no width
        ),
        (
            "tasks/tabled_jets/classes/qcd/datasets",
            ["table", "landscape_qcd"],
            "classes: jets of dataset 'table' have no constituents, but those of 'landscape_qcd'",
        ),
        (
            "tasks/noisy",
            {"variation_of": "tabled_jets", "noise": {"density": 10}},
            "tasks.noisy.noise: jets of dataset 'table' have no constituents",
        ),
    ],
)
def test_what_needs_constituents_is_refused_before_the_first_job(path, value, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        config.parse(edited(path, value))


def test_members_and_what_is_started_from_are_looked_at_too():
    values = study()
    values["taggers"]["before"] = STARTS | {"representation": "high_level"}
    values["taggers"]["dense"]["start_from"] = {"tagger": "before"}
    with pytest.raises(ValueError, match=r"representations\.high_level of tagger 'before': it is"):
        config.parse(values)
    values = study()
    values["combinations"]["pair"] = {"method": "mean", "members": ["dense", "pfn"]}
    values["study"]["taggers"] = ["pair"]
    with pytest.raises(ValueError, match=r"representations\.pfn_cloud of tagger 'pfn': it is"):
        config.parse(values)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            "representations/columns/parameters/columns",
            ["mass", "widht"],
            "representations.columns of tagger 'trees': no jet column 'widht' in 'table'; "
            "did you mean 'width'",
        ),
        ("tasks/tabled_jets/protected", ["tau23"], "tasks.tabled_jets.protected: no jet column"),
        (
            "tasks/tabled_jets/sampling/bins",
            {"widht": 3},
            "tasks.tabled_jets.sampling.bins: no jet column 'widht' in 'table'; did you mean",
        ),
    ],
)
def test_a_mistaken_column_stops_before_the_first_job(path, value, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        config.parse(edited(path, value))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_table_ends_in_a_comparison(tmp_path):
    from tests.test_workflow import CONFIG, new_project, snakemake

    folder = new_project(tmp_path / "project")
    shutil.copy2(STUDY, folder / CONFIG)
    write_tables(folder / "data", num_jets=1000)
    snakemake(folder, "--cores", "2", "--resources", "mem_mb=6000")
    with (folder / "results/observables/tables/comparison.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "auc"]
    plain = {
        row["tagger"]: float(row["value"])
        for row in rows
        if row["decorrelation"] == "no decorrelation"
    }
    assert plain.keys() == {"trees", "window", "width alone", "dense"}
    assert plain["trees"] > plain["width alone"] > 0.6
    assert (folder / "results/observables/figures/roc.png").exists()
