"""The workflow as a user runs it: end to end on toy jets, and what reruns after a change."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.toys import toy_jets, write_jetclass_root

ROOT = Path(__file__).parent.parent
COPIED = ("Snakefile", "config", "workflow", "slurm", "src", "envs")
CONFIG = "toy.yaml"
COMMAND = [sys.executable, "-m", "snakemake", "--configfile", CONFIG]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def snakemake(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run Snakemake in a folder and return all it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert (done.returncode == 0) == check, done.stdout
    return done.stdout


def planned(folder: Path, *arguments: str) -> dict[str, set[str]]:
    """Return the wildcards of all jobs of a dry run by rule."""
    text = snakemake(folder, "--dry-run", "--quiet", "progress", *arguments)
    jobs: dict[str, set[str]] = {}
    for rule, body in re.findall(
        r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", text, flags=re.MULTILINE
    ):
        wildcards = re.search(r"wildcards: (.*)", body)
        jobs.setdefault(rule, set()).add(wildcards[1] if wildcards else "")
    return jobs


def new_project(folder: Path) -> Path:
    """Set up a clone of the project with toy data."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    shutil.copy2(ROOT / "tests/workflows/toy.yaml", folder / CONFIG)
    jets = toy_jets(1200, seed=1)
    for part, rows in enumerate(np.array_split(np.arange(len(jets)), 3)):
        write_jetclass_root(folder / f"data/toy_0{part}.root", jets.take(rows))
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project whose workflow has run to its end."""
    folder = new_project(tmp_path_factory.mktemp("finished") / "project")
    snakemake(folder, "--cores", "2", "--resources", "mem_mb=6000")
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project that a test may change."""
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def comparison(folder: Path) -> list[dict[str, str]]:
    with (folder / "results/toy/tables/comparison.csv").open() as file:
        return list(csv.DictReader(file))


def test_ends_in_a_comparison_of_all_taggers_and_decorrelations(finished):
    rows = comparison(finished)
    assert {row["tagger"] for row in rows} == {"tiny PFN", "tiny CNN"}
    assert {row["decorrelation"] for row in rows} == {"no decorrelation", "DisCo", "DDT"}
    figures = sorted(path.stem for path in (finished / "results/toy/figures").glob("*.png"))
    assert "roc" in figures
    assert "mean_images" in figures


def test_exports_what_the_study_asks_for(finished):
    models = finished / "results/toy_tagging/models"
    exported = {path.parent.relative_to(models) for path in models.glob("**/model.onnx")}
    assert exported == {Path("pfn_tiny/none/1"), Path("pfn_tiny/disco/1")}


def test_no_jet_is_lost(finished):
    ledgers = (finished / "results/datasets").glob("*/skim/*/ledger.json")
    kept = sum(json.loads(ledger.read_text())["total"]["kept"] for ledger in ledgers)
    split = (finished / "results/toy_tagging/split").glob("*/jets.parquet")
    assert sum(pq.read_metadata(file).num_rows for file in split) == kept == 1240


def test_nothing_to_do_after_a_finished_run(finished):
    assert planned(finished) == {}


def test_a_comment_in_the_package_reruns_nothing(project):
    for file in ("taggers/pfn.py", "train.py", "data/jets.py", "representations/image.py"):
        path = project / "src/tagline" / file
        path.write_text(path.read_text() + "\n# a comment\n")
    assert planned(project) == {}


def test_a_width_reruns_one_tagger_and_the_comparison(project):
    edit(project / CONFIG, "phi: [16, 16]", "phi: [16, 24]")
    jobs = planned(project)
    of_tagger = {"train", "score", "export", "interpret", "decorrelate", "evaluate"}
    assert set(jobs) == of_tagger | {"compare", "draw", "account", "all"}
    for rule in of_tagger:
        assert all("tagger=pfn_tiny" in job for job in jobs[rule])
    assert not any("mean_images" in job or "samples" in job for job in jobs["draw"])


def test_image_code_reruns_only_image_taggers(project):
    edit(
        project / "src/tagline/representations/image.py",
        "class Representation",
        "X = 1\n\n\nclass Representation",
    )
    jobs = planned(project)
    assert jobs["prepare"] == {"task=toy_tagging, representation=gray_image"}
    for rule in ("train", "score"):
        assert all("tagger=cnn_tiny" in job for job in jobs[rule])
    assert not {"generate", "skim_batch", "split"} & set(jobs)


def test_a_transfer_is_trained_after_what_it_starts_from(project):
    edit(project / CONFIG, "  taggers: [pfn_tiny", "  taggers: [pfn_again, pfn_tiny")
    again = {f"tagger=pfn_again, decorrelation={method}" for method in ("none", "disco")}
    assert {re.sub(r"task=\w+, |, seed=1", "", job) for job in planned(project)["train"]} == again
    snakemake(project, "--cores", "1", "results/toy_tagging/models/pfn_again/none/1/model.pt")
    edit(project / CONFIG, "phi: [16, 16]", "phi: [16, 24]")
    trained = {re.sub(r"task=\w+, |, seed=1", "", job) for job in planned(project)["train"]}
    assert "tagger=pfn_tiny, decorrelation=none" in trained
    assert again <= trained


def test_weights_that_are_not_there_stop_before_the_first_job(project):
    edit(project / CONFIG, "  taggers: [pfn_tiny", "  taggers: [resnet50_transfer, pfn_tiny")
    printed = snakemake(project, "--cores", "1", check=False)
    assert "no file 'weights/resnet50.pth'" in printed


def test_code_of_one_tagger_reruns_that_tagger(project):
    edit(project / "src/tagline/taggers/pfn.py", "class Tagger", "X = 1\n\n\nclass Tagger")
    assert all("tagger=pfn_tiny" in job for job in planned(project)["train"])


def test_a_title_redraws_but_does_not_retrain(project):
    edit(project / CONFIG, "title: tiny PFN", "title: very tiny PFN")
    assert set(planned(project)) == {"all", "compare", "draw", "account"}


def test_a_tagger_without_steps_is_left_out_of_penalties_alone(project):
    edit(project / CONFIG, "taggers: [pfn_tiny, cnn_tiny]", "taggers: [pfn_tiny, boosted_trees]")
    edit(project / CONFIG, "interpret: [pfn_tiny, cnn_tiny]", "interpret: [pfn_tiny]")
    jobs = planned(project)
    added = {job for job in jobs["evaluate"] if "tagger=boosted_trees" in job}
    assert {re.search(r"decorrelation=(\w+)", job)[1] for job in added} == {"none", "ddt"}
    printed = snakemake(project, "--dry-run")
    assert printed.count("left out: boosted_trees with disco") == 1


def test_what_is_left_out_is_not_exported(project):
    edit(project / CONFIG, "taggers: [pfn_tiny, cnn_tiny]", "taggers: [pfn_tiny, boosted_trees]")
    edit(project / CONFIG, "interpret: [pfn_tiny, cnn_tiny]", "interpret: [boosted_trees]")
    edit(project / CONFIG, "export: [pfn_tiny]", "export: [boosted_trees]")
    edit(project / CONFIG, "decorrelations: [none, disco, ddt]", "decorrelations: [disco, none]")
    jobs = planned(project)
    for rule in ("export", "interpret"):
        (job,) = jobs[rule]
        assert "tagger=boosted_trees, decorrelation=none" in job


def test_another_seed_adds_its_own_jobs_only(project):
    edit(project / CONFIG, "seeds: [1]", "seeds: [1, 2]")
    jobs = planned(project)
    assert all("seed=2" in job for rule in ("train", "score", "evaluate") for job in jobs[rule])
    assert not {"generate", "skim_batch", "split", "prepare"} & set(jobs)


def test_another_decorrelation_strength_retrains_that_alone(project):
    edit(project / "config/decorrelations.yaml", "strength: ", "strength: 1")
    assert all("decorrelation=disco" in job for job in planned(project)["train"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("taggers: [pfn_tiny", "taggers: [pfn_tyni", "did you mean 'pfn_tiny'"),
        ("  seeds: [1]", "  sedes: [1]", "did you mean 'seeds'"),
        ("data/toy_0*.root", "data/toi_0*.root", "data/toi_0*.root"),
    ],
)
def test_a_mistake_stops_before_the_first_job(project, old, new, says):
    edit(project / CONFIG, old, new)
    printed = snakemake(project, "--cores", "1", check=False)
    assert says in printed
    assert "Traceback" not in printed


def test_a_killed_run_ends_like_an_undisturbed_one(finished, tmp_path):
    folder = new_project(tmp_path / "killed")
    again = ("--cores", "2", "--rerun-incomplete", "--nolock")
    for wanted in ("split/train", "models/*/*/*/model.pt"):
        run = subprocess.Popen([*COMMAND, *again], cwd=folder, start_new_session=True)
        while run.poll() is None and not list((folder / "results/toy_tagging").glob(wanted)):
            time.sleep(0.2)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    snakemake(folder, *again)
    assert comparison(folder) == comparison(finished)


def test_the_report_opens_without_a_network(finished):
    snakemake(finished, "--report", "results/toy/report.html")
    report = (finished / "results/toy/report.html").read_text()
    assert "comparison.csv" in report
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://', report)


def test_the_cluster_profile_plans_gpus_for_trainings_alone(tmp_path):
    text = snakemake(new_project(tmp_path / "cluster"), "--profile", "slurm", "--dry-run")
    with_gpu = set(
        re.findall(
            r"^rule (\w+):\n(?:    .*\n)*?    resources: [^\n]*gpu=1", text, flags=re.MULTILINE
        )
    )
    assert with_gpu == {"train"}


def test_lint_is_silent():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=ROOT, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
