"""The workflow with what is not in the package: an own tagger, outside scores, combinations."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tagline.artefacts.files import read_json
from tagline.data.jets import read_columns
from tests.networks import write_mean_network
from tests.test_workflow import CONFIG, ROOT, edit, new_project, planned, snakemake

BEYOND = "beyond.yaml"
BOTH = ("--configfile", CONFIG, BEYOND)
SCORES = "theirs/scores.csv"
TASK = "results/toy_tagging"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def run(folder: Path, *arguments: str, check: bool = True) -> str:
    return snakemake(folder, *BOTH, *arguments, check=check)


def write_scores(folder: Path) -> None:
    """Write what an outsider makes of the split: how massive a jet is."""
    with (folder / SCORES).open("w") as file:
        writer = csv.writer(file)
        writer.writerow(["event_id", "jet_index", "score"])
        for split in ("train", "validation", "test"):
            jets = read_columns(folder / TASK / f"split/{split}/jets.parquet")
            score = 1 - np.exp(-jets["mass"] / 100)
            writer.writerows(zip(jets["event_id"], jets["jet_index"], score, strict=True))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A project whose study is of all kinds of taggers."""
    folder = new_project(tmp_path_factory.mktemp("beyond") / "project")
    (folder / "mine").mkdir()
    shutil.copy2(ROOT / "tests/workflows/beyond.yaml", folder / BEYOND)
    shutil.copy2(ROOT / "tests/own_tagger.py", folder / "mine/own_tagger.py")
    write_mean_network(folder / "theirs/network.onnx", scale=1)
    (folder / SCORES).touch()  # so that the split can be made
    run(folder, "--cores", "2", "--", f"{TASK}/split")
    write_scores(folder)
    run(folder, "--cores", "2", "--resources", "mem_mb=6000")
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project that a test may change."""
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)


def test_all_kinds_of_taggers_are_compared(finished):
    with (finished / "results/beyond/tables/comparison.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "auc"]
    found = {row["tagger"]: (row["seeds"], row["varied"], row["train_jets"]) for row in rows}
    trained = found["tiny PFN"][2]
    assert found == {
        "tiny PFN": ("2", "seed", trained),
        "own tagger": ("2", "seed", trained),
        "their scores": ("1", "seed", "100"),
        "their network": ("1", "seed", "0"),
        "tiny PFN, mean of 2": ("1", "subset", trained),
        "tiny GoaT": ("2", "seed", trained),
    }
    assert (finished / "results/beyond/figures/output_correlations.png").exists()


def test_the_own_tagger_is_exported_and_looked_into(finished):
    assert (finished / TASK / "models/own/none/2/model.onnx").exists()
    assert (finished / TASK / "attributions/own/none/2.json").exists()


def test_the_ensemble_is_the_mean_of_its_members(finished):
    def score(tagger: str, seed: int) -> np.ndarray:
        return read_columns(finished / TASK / f"scores/{tagger}/none/{seed}/test.parquet")["score"]

    mean = (score("pfn_tiny", 1) + score("pfn_tiny", 2)) / 2
    np.testing.assert_allclose(score("pfn_mean", 0), mean, rtol=1e-6)


def test_scores_of_the_training_jets_were_left_out(finished):
    history = read_json(finished / TASK / "models/theirs/none/1/history.json")
    train = read_columns(finished / TASK / "split/train/jets.parquet", names=["event_id"])
    assert history["scores_left_out"] == len(train["event_id"])


def test_members_and_their_combination_are_in_the_account(finished):
    table = (finished / "results/beyond/tables/time.md").read_text()
    assert "| combine | goat_tiny | 2 |" in table
    assert "| import_scores | theirs | 1 |" in table
    assert "| score_onnx | network | 1 |" in table


def test_the_provenance_leads_to_what_was_made_elsewhere(finished):
    figure = "results/beyond/figures/output_correlations.png"
    command = [sys.executable, "-m", "tagline", "provenance", figure]
    done = subprocess.run(command, cwd=finished, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"OK  {SCORES}" in done.stdout
    assert "combine decorrelation=none seed=0 tagger=pfn_mean" in done.stdout


def test_nothing_to_do_after_a_finished_run(finished):
    assert planned(finished, *BOTH) == {}


def test_other_scores_reach_their_branch_alone(project):
    with (project / SCORES).open("a") as file:
        file.write("1,0,0.5\n")
    jobs = planned(project, *BOTH)
    follow = {"combine", "evaluate", "compare", "draw", "account", "all"}
    assert set(jobs) == {"import_scores"} | follow
    assert all("tagger=goat_tiny" in job for job in jobs["combine"])
    for job in jobs["evaluate"]:
        assert "tagger=goat_tiny" in job or "tagger=theirs" in job


def test_another_network_is_scored_alone(project):
    write_mean_network(project / "theirs/network.onnx", scale=2)
    jobs = planned(project, *BOTH)
    assert set(jobs) == {"score_onnx", "evaluate", "compare", "draw", "account", "all"}
    assert all("tagger=network" in job for job in jobs["evaluate"])


def test_the_code_of_the_own_tagger_retrains_it_and_a_comment_does_not(project):
    own = project / "mine/own_tagger.py"
    edit(own, "class Tagger", "# a comment\nclass Tagger")
    assert planned(project, *BOTH) == {}
    edit(own, "class Tagger", "X = 1\n\n\nclass Tagger")
    jobs = planned(project, *BOTH)
    for rule in ("train", "score"):
        assert all("tagger=own" in job for job in jobs[rule])
    assert all("tagger=goat_tiny" in job for job in jobs["combine"])


def test_the_explanation_tells_of_the_file(project):
    with (project / SCORES).open("a") as file:
        file.write("1,0,0.5\n")
    text = run(project, "--executor", "explain", "--cores", "2")
    assert f"input {SCORES} is newer" in text
    assert "import_scores x1" in text


def test_a_decorrelation_acts_on_all_that_can_have_it(project):
    edit(project / BEYOND, "decorrelations: [none]", "decorrelations: [none, disco, ddt]")
    jobs = planned(project, *BOTH)
    of = {
        rule: {job.split("tagger=")[1].split(",")[0] for job in jobs[rule]}
        for rule in jobs
        if "tagger=" in min(jobs[rule])
    }
    assert of["train"] == {"pfn_tiny", "own"}
    assert of["combine"] == {"pfn_mean"}
    assert of["decorrelate"] == {"pfn_tiny", "own", "theirs", "network", "pfn_mean", "goat_tiny"}


def test_the_cluster_profile_keeps_groups_from_waiting_for_themselves(finished):
    text = run(finished, "--dry-run", "--profile", "slurm", "--forceall")
    jobs = set(re.findall(r"^ *rule (\w+):", text, flags=re.MULTILINE))
    assert {"train", "combine", "import_scores", "score_onnx", "evaluate"} <= jobs


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("theirs/scores.csv", "theirs/score.csv", "outside.theirs: there is no file"),
        ("mine/own_tagger.py", "mine/own_taggr.py", "did you mean 'mine/own_tagger.py'"),
        ("subset: 2", "subset: 3", "no 3 trainings of the 2 in study.seeds"),
    ],
)
def test_a_mistake_stops_before_the_first_job(project, old, new, says):
    edit(project / BEYOND, old, new)
    printed = run(project, "--cores", "1", check=False)
    assert says in printed
    assert "Traceback" not in printed


def test_a_jet_without_a_score_stops_the_import(project):
    lines = (project / SCORES).read_text().splitlines()
    (project / SCORES).write_text("\n".join(lines[:-3]) + "\n")
    printed = run(project, "--cores", "1", check=False)
    assert "3 of" in printed
    assert "test jets lack a score" in printed
