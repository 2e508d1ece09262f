"""A study on a cluster where everything goes wrong, and its results are those of a quiet one."""

import shutil
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, wait_for
from tests.slurm.runs import (
    CONFIG,
    EPOCH,
    PATIENCE,
    Run,
    attempts_of,
    is_under_way,
    model_of,
    pace,
    run_locally,
    weights_are_equal,
)
from tests.test_workflow import edit, planned

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
SEEDS = (1, 2, 3, 4, 5, 6)
SECONDS_AWAY = 5.0
SLOWER = "epoch_seconds: 0.4"


@dataclass(frozen=True)
class Disturbed:
    """A study that has ended, and which of its trainings met which accident."""

    run: Run
    status: int
    cancelled: int
    requeued: int
    lost: int
    without_controller: int
    without_snakemake: int


@pytest.fixture(scope="module")
def study(prepared, tmp_path_factory) -> Path:
    """A prepared project with a study of several seeds, to be trained."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("study") / "project")
    edit(folder / CONFIG, "seeds: [1, 2]", f"seeds: {list(SEEDS)}")
    return folder


@pytest.fixture(scope="module")
def quiet(study, tmp_path_factory) -> Path:
    """The same study, run on this machine and in peace."""
    folder = shutil.copytree(study, tmp_path_factory.mktemp("quiet") / "project")
    pace(folder, epoch_seconds=0)
    run_locally(folder)
    return folder


@pytest.fixture(scope="module")
def disturbed(cluster, start, study) -> Disturbed:
    """Run the study on the cluster, each accident while another training runs."""
    run = start(study)
    spared = list(SEEDS)

    def next_victim() -> int:
        """Wait for a training that has met no accident yet."""
        wait_for(lambda: any(is_under_way(study, seed) for seed in spared), "training", PATIENCE)
        victim = next(seed for seed in spared if is_under_way(study, seed))
        spared.remove(victim)
        return victim

    cancelled = next_victim()
    cluster.run("scancel", run.jobs_of(cancelled)[-1]["JobIDRaw"])
    requeued = next_victim()
    cluster.run("scontrol", "requeue", run.jobs_of(requeued)[-1]["JobIDRaw"])
    without_controller = next_victim()
    cluster.kill_controller()
    time.sleep(SECONDS_AWAY)
    cluster.start_controller()
    lost = next_victim()
    lose_and_bring_back(cluster, run.jobs_of(lost)[-1]["NodeList"])
    without_snakemake = next_victim()
    run.kill()
    run.wait_for_state(without_snakemake, "COMPLETED")
    run.start()
    return Disturbed(
        run, run.wait(), cancelled, requeued, lost, without_controller, without_snakemake
    )


def lose_and_bring_back(cluster: Cluster, node: str) -> None:
    """Lose a node with all that runs on it until Slurm has noticed, then repair it."""
    cluster.lose_node(node)
    wait_for(lambda: cluster.states()[node].startswith("down"), f"loss of {node}")
    cluster.start_node(node)


def test_the_study_ends_and_its_results_are_those_of_a_quiet_run(disturbed, study, quiet):
    assert disturbed.status == 0, disturbed.run.printed
    table = "results/disturbed/tables/comparison.csv"
    assert (study / table).read_text() == (quiet / table).read_text()


@pytest.mark.usefixtures("disturbed")
@pytest.mark.parametrize("seed", SEEDS)
def test_weights_are_those_of_an_undisturbed_training(study, quiet, seed):
    assert weights_are_equal(study / model_of(seed), quiet / model_of(seed))


def test_a_cancelled_training_is_submitted_again_and_resumes(disturbed, study):
    first, second = disturbed.run.jobs_of(disturbed.cancelled)
    assert first["State"].startswith("CANCELLED")
    assert second["State"] == "COMPLETED"
    assert "resumed in epoch" in attempts_of(study, disturbed.cancelled)[-1]


def test_a_requeued_training_resumes_as_the_same_job(disturbed, study):
    (job,) = disturbed.run.jobs_of(disturbed.requeued)
    assert job["State"] == "COMPLETED"
    attempts = attempts_of(study, disturbed.requeued)
    assert len(attempts) == 2
    assert "resumed in epoch" in attempts[-1]


def test_a_training_on_a_lost_node_resumes(disturbed, study):
    assert disturbed.run.jobs_of(disturbed.lost)[-1]["State"] == "COMPLETED"
    assert "resumed in epoch" in attempts_of(study, disturbed.lost)[-1]


def test_a_restart_of_the_controller_disturbs_nothing(disturbed, study):
    (job,) = disturbed.run.jobs_of(disturbed.without_controller)
    assert job["State"] == "COMPLETED"
    assert len(attempts_of(study, disturbed.without_controller)) == 1


def test_a_job_that_ends_while_snakemake_is_dead_is_not_run_again(disturbed, study):
    (job,) = disturbed.run.jobs_of(disturbed.without_snakemake)
    assert job["State"] == "COMPLETED"
    assert len(attempts_of(study, disturbed.without_snakemake)) == 1


@pytest.mark.usefixtures("disturbed")
def test_a_job_that_ends_while_snakemake_is_dead_has_its_record(disturbed, study):
    """So that a change of its parameters reruns it like any other."""
    edit(study / CONFIG, EPOCH, SLOWER)
    try:
        plan = planned(study)
    finally:
        edit(study / CONFIG, SLOWER, EPOCH)
    assert any(f"seed={disturbed.without_snakemake}" in job for job in plan["train"])


def test_no_other_job_is_run_twice(disturbed):
    trained = Counter(job["Comment"] for job in disturbed.run.jobs if "train" in job["Comment"])
    assert len(trained) == len(SEEDS)
    assert trained.total() <= len(SEEDS) + 2  # the cancelled one, and perhaps the lost one


def test_trainings_alone_are_in_the_gpu_partition(disturbed):
    for job in disturbed.run.jobs:
        partition = "gpu" if "rule_train" in job["Comment"] else "cpu"
        assert job["Partition"] == partition, job


def test_scores_and_metrics_share_submissions(disturbed):
    measures = [job for job in disturbed.run.jobs if "measure" in job["Comment"]]
    assert 0 < len(measures) < len(SEEDS)


def test_a_training_that_is_adopted_and_then_cancelled_is_submitted_again(
    cluster, start, prepared, tmp_path
):
    project = shutil.copytree(prepared, tmp_path / "project")
    pace(project, epoch_seconds=0.15)
    run = start(project, model_of(1))
    run.wait_for_training(1)
    run.kill()
    run.start()
    wait_for(lambda: "adopting them" in run.printed, "adoption", PATIENCE)
    cluster.run("scancel", run.jobs_of(1)[-1]["JobIDRaw"])
    assert run.wait() == 0, run.printed
    first, second = run.jobs_of(1)
    assert first["State"].startswith("CANCELLED")
    assert second["State"] == "COMPLETED"
