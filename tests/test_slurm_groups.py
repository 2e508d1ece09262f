"""What a group does that starts again in its Slurm job; on a Slurm, see `tests/slurm`."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.utils import TargetSpec

from snakemake_executor_plugin_tagline_slurm import unfinished
from snakemake_executor_plugin_tagline_slurm.unfinished import main, write_plan

BEFORE = 1_000_000_000
TARGETS = ["--target-jobs", "train:seed=1", "train:seed=2", "--attempt", "1"]


def a_training(seed: int) -> JobExecutorInterface:
    return SimpleNamespace(
        get_target_spec=lambda: [TargetSpec("train", {"seed": str(seed)})],
        output=[f"{seed}/model.pt", f"{seed}/history.json"],
    )


def make(*files: str) -> None:
    for file in map(Path, files):
        file.parent.mkdir(exist_ok=True)
        file.touch()


@pytest.fixture
def plan(tmp_path, monkeypatch) -> Path:
    """The plan of a group of two trainings, submitted long ago."""
    monkeypatch.chdir(tmp_path)
    plan = write_plan(Path("groups"), map(a_training, (1, 2)))
    os.utime(plan, (BEFORE, BEFORE))
    return plan


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The arguments of the Snakemake that is started."""
    arguments: list[str] = []
    monkeypatch.setattr(unfinished.os, "execv", lambda _, command: arguments.extend(command))
    return arguments


def test_what_nobody_has_begun_is_made(plan, started):
    main(plan, TARGETS)
    assert started == [sys.executable, "-m", "snakemake", *TARGETS]


def test_what_is_finished_is_left_alone(plan, started):
    make("1/model.pt", "1/history.json")
    main(plan, TARGETS)
    assert started[3:] == ["--target-jobs", "train:seed=2", "--attempt", "1"]


def test_what_was_there_before_the_submission_is_made_again(plan, started):
    make("1/model.pt", "1/history.json")
    os.utime("1/history.json", (BEFORE - 1, BEFORE - 1))
    main(plan, TARGETS)
    assert started[3:] == TARGETS


@pytest.mark.parametrize("file", ["1/model.pt", "1/history.json"])
def test_what_lacks_an_output_is_made_again(plan, started, file):
    make(file)
    main(plan, TARGETS)
    assert started[3:] == TARGETS


def test_a_folder_may_not_be_whole(plan, started):
    make("1/model.pt", "1/history.json/part")
    main(plan, TARGETS)
    assert started[3:] == TARGETS


def test_nothing_starts_where_all_is_finished(plan, started):
    make("1/model.pt", "1/history.json", "2/model.pt", "2/history.json")
    main(plan, TARGETS)
    assert started == []
