"""The chain behind an artefact reaches the ROOT files and says what is no longer as it was."""

import json

import pytest

from tagline.__main__ import main
from tagline.artefacts import provenance
from tagline.artefacts.embedded import read
from tagline.artefacts.files import write_json, write_text
from tagline.artefacts.job import record_of
from tagline.artefacts.lineage import chain, describe
from tagline.prepare import prepare
from tagline.settings.catalogue import Dataset
from tagline.settings.task import Task
from tagline.skim import skim
from tagline.split import split
from tests.tasks import small
from tests.toys import toy_jets, write_jetclass_root

ROOT_FILE, FAR = "data/0.root", "root://far.away/1.root"
SKIM, SPLIT = "results/datasets/toy/skim/0000", "results/toy/split"
PREPARED, TABLE = "results/toy/prepared/pfn_cloud", "results/toy/tables/comparison.md"


def job(rule, inputs, **wildcards):
    """Remember what a job of a rule would, at a version of its own."""
    params = {"code": rule}
    record = record_of(rule=rule, wildcards=wildcards, params=params, inputs=inputs, cache=None)
    provenance.remember(record)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in this folder with a table of prepared jets and what is behind it."""
    monkeypatch.chdir(tmp_path)
    write_jetclass_root(tmp_path / ROOT_FILE, toy_jets(200, seed=1))
    skims = tmp_path / SKIM
    job("skim", [ROOT_FILE], batch="0000")
    dataset = Dataset(files=(ROOT_FILE,))
    skim([ROOT_FILE], dataset=dataset, folder=skims, processes=2, cache=tmp_path / "cache")
    classes = {
        name: {"datasets": ["toy"], "select": f"truth == {truth}"}
        for name, truth in (("qcd", "qcd"), ("top", "t_bqq"))
    }
    task = Task(classes=classes)
    job("split", [SKIM])
    split(
        {"toy": [skims]}, task=task, folder=tmp_path / SPLIT, sampling=tmp_path / "sampling.json"
    )
    job("prepare", [SPLIT])
    prepare(
        tmp_path / SPLIT,
        representation=small("pfn_cloud"),
        protected=["mass"],
        class_names=["qcd", "top"],
        folder=tmp_path / PREPARED,
    )
    job("evaluate", [PREPARED, SPLIT, FAR])
    write_json({"auc": 0.9}, tmp_path / "results/toy/metrics/1.json")
    job("compare", ["results/toy/metrics/1.json", PREPARED])
    write_text("# Toy\n", tmp_path / TABLE)
    provenance.remember(None)
    return tmp_path


def states(top):
    return {artefact.path: artefact.state for artefact in top.walk()}


def test_reaches_the_root_files(project):
    top = chain(project / TABLE)
    assert states(top) == {
        TABLE: "",
        "results/toy/metrics/1.json": "OK",
        PREPARED: "OK",
        SPLIT: "OK",
        SKIM: "OK",
        ROOT_FILE: "OK",
        FAR: "remote",
    }
    rules = [artefact.record.rule for artefact in top.walk() if artefact.record]
    assert rules[:5] == ["compare", "evaluate", "prepare", "split", "skim"]


def test_workers_of_a_skim_embed_the_record_of_the_job(project):
    (part,) = project.glob(f"{SKIM}/*/jets.parquet")
    assert read(part) == read(project / SKIM)


def test_tells_each_ancestor_once(project):
    top = chain(project / TABLE)
    told = [artefact.path for artefact in top.walk() if artefact.record and not artefact.repeated]
    repeated = [artefact.path for artefact in top.walk() if artefact.repeated]
    assert len(told) == len(set(told)) == 5
    assert repeated == [SPLIT, PREPARED]
    assert describe(top).count("(as above)") == 2


def test_a_changed_input_is_reported(project):
    write_jetclass_root(project / ROOT_FILE, toy_jets(200, seed=2))
    assert states(chain(project / TABLE))[ROOT_FILE] == "CHANGED"
    (project / ROOT_FILE).unlink()
    assert states(chain(project / TABLE))[ROOT_FILE] == "missing"


def test_a_damaged_input_is_changed(project):
    (project / "results/toy/metrics/1.json").write_text("{")
    assert states(chain(project / TABLE))["results/toy/metrics/1.json"] == "CHANGED"


def test_finds_the_inputs_from_any_folder(project, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert states(chain(project / TABLE))[ROOT_FILE] == "OK"


def test_versions_are_shown_once_and_where_they_differ(project):
    table = project / TABLE
    table.write_text(table.read_text().replace('"numpy": "', '"numpy": "0.'))
    header, tree = describe(chain(table)).split("\n\n")
    assert "python 3" in header
    assert "numpy" not in header
    assert "numpy 0." in tree
    assert "python" not in tree


def test_no_record_knows_the_folder_of_the_project(project):
    for path in (project / "results").rglob("*"):
        if path.is_file():
            assert str(project) not in str(read(path))


def tagline(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["tagline", *map(str, arguments)])
    return main()


def test_the_command_prints_a_tree_or_json(project, monkeypatch, capsys):
    assert tagline(monkeypatch, "provenance", project / TABLE) == 0
    assert f"└─ OK  {ROOT_FILE}\n" in capsys.readouterr().out
    assert tagline(monkeypatch, "provenance", "--json", project / TABLE) == 0
    assert json.loads(capsys.readouterr().out)["record"]["rule"] == "compare"


def test_the_command_fails_where_an_input_is_not_as_it_was(project, monkeypatch):
    (project / ROOT_FILE).unlink()
    assert tagline(monkeypatch, "provenance", project / TABLE) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [("data/0.root", "does not say how it was made"), ("nothing.png", "no file or folder")],
)
def test_a_file_that_no_job_made_is_an_error(project, monkeypatch, capsys, name, says):
    with pytest.raises(SystemExit) as error:
        tagline(monkeypatch, "provenance", project / name)
    assert error.value.code == 2
    assert says in capsys.readouterr().err
