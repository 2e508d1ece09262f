"""Several small trainings on one GPU of a cluster."""

import shutil
from pathlib import Path

import pytest

from tests.slurm.cluster import wait_for
from tests.slurm.runs import CONFIG, PATIENCE, Run, attempts_of, is_under_way, model_of, pace
from tests.test_workflow import edit

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
SEEDS = (1, 2)
GROUPED = ("--groups", "train=train", "--group-components", "train=4")
BRIEF = """
  brief:
    architecture: mine/lasting_tagger.py
    representation: pfn_cloud
    parameters: {epoch_seconds: 0}
    training: {epochs: 2, batch_size: 50, learning_rate: 0.003}

study:"""
ONE_GPU = ("--set-resources", "train:gpu=0", 'train:gres="gpu:1"')


@pytest.fixture(scope="module")
def shared(prepared, start, tmp_path_factory) -> Run:
    """Trainings in a group that asks for one GPU, as the README of the profiles says."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("shared") / "project")
    run = start(folder, *map(model_of, SEEDS), *GROUPED, *ONE_GPU)
    assert run.wait() == 0, run.printed
    return run


def test_they_are_trained_at_the_same_time(shared):
    (first_begins, first_ends), (second_begins, second_ends) = (
        times_of(shared.folder, seed) for seed in SEEDS
    )
    assert first_begins < second_ends
    assert second_begins < first_ends


def times_of(folder: Path, seed: int) -> tuple[str, str]:
    """Return when the first and the last epoch of a training ended."""
    epochs = [line for line in attempts_of(folder, seed)[-1].splitlines() if " epoch " in line]
    return epochs[0].split(" INFO ")[0], epochs[-1].split(" INFO ")[0]


def test_they_are_one_job_with_one_gpu(shared):
    (job,) = shared.jobs
    assert job["Partition"] == "gpu"
    assert "gres/gpu=1" in job["AllocTRES"].split(",")
    assert f"cpu={len(SEEDS)}" in job["AllocTRES"].split(",")


def test_they_go_back_into_the_queue_before_their_time_limit(prepared, start, tmp_path):
    project = shutil.copytree(prepared, tmp_path / "project")
    pace(project, epoch_seconds=0.7)  # longer than the two minutes that they ask for at a time
    limit = ("train:runtime=2", "--tagline-slurm-warning-seconds", "15")
    run = start(project, *map(model_of, SEEDS), *GROUPED, *ONE_GPU, *limit)
    assert run.wait() == 0, run.printed
    assert len(run.jobs) == 1
    for seed in SEEDS:
        first, second, *_ = attempts_of(project, seed)
        assert "stopped before the end of epoch" in first
        assert "resumed in epoch" in second


def test_those_that_have_finished_are_not_trained_again(cluster, prepared, start, tmp_path):
    project = shutil.copytree(prepared, tmp_path / "project")
    edit(project / CONFIG, "\nstudy:", BRIEF)
    brief = "results/toy_tagging/models/brief/none/1/model.pt"
    run = start(project, model_of(1), brief, *GROUPED, *ONE_GPU)
    wait_for(lambda: is_under_way(project, 1), "the longer training", PATIENCE)
    assert (project / brief).exists()
    (job,) = run.jobs
    cluster.run("scontrol", "requeue", job["JobIDRaw"])
    assert run.wait() == 0, run.printed
    assert len(run.jobs) == 1
    assert "resumed in epoch" in attempts_of(project, 1)[-1]
    assert len(attempts_of(project, 1, tagger="brief")) == 1
