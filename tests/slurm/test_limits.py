"""Trainings that exceed what they asked for: time, memory, disk."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.disks import small_disk
from tests.slurm.runs import (
    attempts_of,
    model_of,
    pace,
    run_locally,
    weights_are_equal,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
BLOCK = 4096


@pytest.fixture(scope="module")
def undisturbed(prepared, tmp_path_factory) -> Path:
    """The same training on this machine."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("undisturbed") / "project")
    pace(folder, epoch_seconds=0)
    run_locally(folder, model_of(1))
    return folder / model_of(1)


@pytest.fixture
def project(prepared, tmp_path) -> Path:
    """A copy of the prepared project."""
    return shutil.copytree(prepared, tmp_path / "project")


@pytest.fixture
def on_small_disk(project) -> Iterator[Path]:
    """The same project with its results on a disk of a few megabytes."""
    results, kept = project / "results", project / "kept"
    results.rename(kept)
    results.mkdir()
    with small_disk(results, megabytes=8):
        shutil.copytree(kept, results, dirs_exist_ok=True)
        yield project


def fill(file: Path) -> None:
    """Write a file until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while True:
            opened.write(bytes(BLOCK))


def test_a_training_longer_than_its_time_limit_ends_in_several_goes(start, project, undisturbed):
    pace(project, epoch_seconds=0.7)  # longer than the two minutes that it asks for at a time
    run = start(
        project,
        model_of(1),
        "--set-resources",
        "train:runtime=2",  # minutes; Slurm may warn one of them too early
        "--tagline-slurm-warning-seconds",
        "15",
    )
    assert run.wait() == 0, run.printed
    assert len(run.jobs_of(1)) == 1  # back in the queue, and none of the few retries spent
    attempts = attempts_of(project, 1)
    assert len(attempts) > 1
    assert all("resumed in epoch" in attempt for attempt in attempts[1:])
    assert weights_are_equal(project / model_of(1), undisturbed)


def test_a_job_without_enough_memory_is_tried_with_more(start, project, undisturbed):
    run = start(project, model_of(1), "--set-resources", "train:mem_mb=150 * 10 ** (attempt - 1)")
    assert run.wait() == 0, run.printed
    first, second = run.jobs_of(1)
    assert first["State"] in ("FAILED", "CANCELLED by 0", "OUT_OF_MEMORY")
    assert "mem=150M" in first["AllocTRES"]
    assert second["State"] == "COMPLETED"
    assert weights_are_equal(project / model_of(1), undisturbed)


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(start, on_small_disk, undisturbed):
    run = start(on_small_disk, model_of(1), "--retries", "0")
    run.wait_for_training(1)
    filler = on_small_disk / "results/filler"
    fill(filler)
    assert run.wait() == 1
    told = [line for line in run.printed.splitlines() if "No space left on device" in line]
    assert len(told) == 1, run.printed
    assert "Traceback" not in run.printed
    filler.unlink()
    run.start()
    assert run.wait() == 0, run.printed
    assert "resumed in epoch" in attempts_of(on_small_disk, 1)[-1]
    assert weights_are_equal(on_small_disk / model_of(1), undisturbed)
