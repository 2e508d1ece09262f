"""The quickstart in small on a cluster, from Pythia to the comparison, as on this machine."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.runs import CONFIG, SNAKEMAKE, Run
from tests.test_workflow import ROOT, new_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
HERE = ("--profile", "workflow/profiles/local", "--configfile", CONFIG)
NOT_GROUPED = {
    "generate",
    "skim_batch",
    "tally",
    "split",
    "prepare",
    "train",
    "compare",
    "draw",
    "account",
}
OF_TAGGER = ("measure-pfn", "measure-topodnn")


def quickstart(folder: Path) -> Path:
    """Set up a clone of the project in which the quickstart is small."""
    new_project(folder)
    shutil.copy2(ROOT / "tests/workflows/quickstart.yaml", folder / CONFIG)
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """The quickstart with the profile of one machine."""
    folder = quickstart(tmp_path_factory.mktemp("here") / "project")
    subprocess.run([*SNAKEMAKE, *HERE], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def there(start: Callable[..., Run], tmp_path_factory) -> Run:
    """The quickstart with the profile of a cluster."""
    run = start(quickstart(tmp_path_factory.mktemp("there") / "project"))
    assert run.wait() == 0, run.printed
    return run


def test_its_results_are_those_of_this_machine(here, there):
    scores = sorted(path.relative_to(here) for path in here.glob("results/*/scores/**/*.parquet"))
    assert len(scores) == 2 * 2 * 2  # taggers, decorrelations, splits
    for path in (Path("results/quickstart/tables/comparison.csv"), *scores):
        assert (there.folder / path).read_bytes() == (here / path).read_bytes(), path


def test_every_stage_is_a_job_or_in_the_group_of_its_tagger(there):
    comments = [job["Comment"].removeprefix("rule_") for job in there.jobs]
    for stage in NOT_GROUPED:
        assert any(comment.startswith(f"{stage}_wildcards") for comment in comments), stage
    for group in OF_TAGGER:
        grouped = [comment for comment in comments if comment.startswith(group)]
        assert grouped == [f"{group}_decorrelate_evaluate_score"]


def test_a_group_asks_for_the_time_of_all_that_is_made_one_after_the_other(there):
    limits = [int(job["TimelimitRaw"]) for job in there.jobs if "measure" in job["Comment"]]
    assert len(limits) == len(OF_TAGGER)
    assert all(limit >= 15 + 10 + 10 for limit in limits)  # score, decorrelate, evaluate


def test_trainings_alone_are_in_the_gpu_partition(there):
    for job in there.jobs:
        partition = "gpu" if "rule_train" in job["Comment"] else "cpu"
        assert job["Partition"] == partition, job
        assert ("gres/gpu=1" in job["AllocTRES"].split(",")) == (partition == "gpu"), job


def test_it_runs_once(there):
    submitted = len(there.jobs)
    there.start()
    assert there.wait() == 0, there.printed
    assert "Nothing to be done" in there.printed
    assert len(there.jobs) == submitted
