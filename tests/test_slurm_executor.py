"""What the Slurm executor remembers; what it does on a Slurm is tested in `tests/slurm`."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_interface_common.exceptions import WorkflowError

from snakemake_executor_plugin_tagline_slurm import Executor, ExecutorSettings, NodesOfUser
from snakemake_executor_plugin_tagline_slurm.queue import ALIVE, states_of
from snakemake_executor_plugin_tagline_slurm.run import lock, run_id
from snakemake_executor_plugin_tagline_slurm.submissions import Submissions


def a_job(*, width=16, seed=1, inputs=()) -> SimpleNamespace:
    """Return what the notes look at in a job of Snakemake."""
    return SimpleNamespace(
        is_group=lambda: False,
        rule=SimpleNamespace(name="train"),
        wildcards_dict={"seed": str(seed)},
        params={"tagger": {"width": width}},
        input=[str(path) for path in inputs],
        output=[f"models/{seed}/model.pt"],
    )


def a_group(*jobs) -> SimpleNamespace:
    return SimpleNamespace(is_group=lambda: True, jobs=jobs)


@pytest.fixture
def submissions(tmp_path) -> Submissions:
    return Submissions(tmp_path / "jobs")


def program(folder: Path, name: str, prints: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\nprintf '{prints}'\n")
    path.chmod(0o755)


def test_a_submission_is_found_by_a_later_run(submissions, tmp_path):
    submissions.add(a_job(), number="7", log="7.log")
    note = Submissions(tmp_path / "jobs").note_of(a_job())
    assert (note.number, note.log) == ("7", "7.log")
    assert note.fits(a_job())
    assert submissions.numbers() == {"7"}


def test_other_work_has_no_note(submissions):
    submissions.add(a_job(seed=1), number="7", log="")
    assert submissions.note_of(a_job(seed=2)) is None


def test_a_note_does_not_fit_other_parameters(submissions):
    submissions.add(a_job(width=16), number="7", log="")
    assert not submissions.note_of(a_job(width=24)).fits(a_job(width=24))


def test_a_note_does_not_fit_newer_inputs(submissions, tmp_path):
    file = tmp_path / "prepared"
    file.write_text("jets")
    job = a_job(inputs=[file])
    submissions.add(job, number="7", log="")
    os.utime(file, (1, 1))
    assert not submissions.note_of(job).fits(job)


def test_a_group_is_the_same_in_any_order(submissions):
    one, other = a_job(seed=1), a_job(seed=2)
    submissions.add(a_group(one, other), number="7", log="")
    assert submissions.note_of(a_group(other, one)).fits(a_group(other, one))


def test_a_group_does_not_look_at_what_it_makes_itself(submissions, tmp_path):
    made = tmp_path / "scores"
    score = a_job(seed=1)
    score.output = [str(made)]
    group = a_group(score, a_job(seed=2, inputs=[made]))
    submissions.add(group, number="7", log="")
    made.write_text("scores")
    assert submissions.note_of(group).fits(group)


def test_the_last_submission_counts(submissions):
    submissions.add(a_job(), number="7", log="")
    submissions.add(a_job(), number="8", log="")
    assert submissions.numbers() == {"8"}


def test_a_run_keeps_its_name(tmp_path):
    assert run_id(tmp_path / "run_id") == run_id(tmp_path / "run_id")


def test_a_second_snakemake_is_refused_by_name(tmp_path):
    with (
        lock(tmp_path / "lock"),
        pytest.raises(WorkflowError, match=f"another Snakemake .* process {os.getpid()} on "),
    ):
        lock(tmp_path / "lock")


def test_a_dead_process_holds_no_lock(tmp_path):
    lock(tmp_path / "lock").close()
    lock(tmp_path / "lock").close()


def test_the_queue_knows_better_than_accounting(tmp_path, monkeypatch):
    program(tmp_path, "sacct", "1|COMPLETED\\n2|NODE_FAIL\\n3|CANCELLED by 0\\n")
    program(tmp_path, "squeue", "2|PENDING\\n4_1|RUNNING\\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    states = states_of("run")
    assert states == {"1": "COMPLETED", "2": "PENDING", "3": "CANCELLED", "4_1": "RUNNING"}
    assert {number for number, state in states.items() if state in ALIVE} == {"2", "4_1"}


def test_a_site_without_accounting_has_a_queue(tmp_path, monkeypatch):
    program(tmp_path, "squeue", "2|PENDING\\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert states_of("run")["2"] == "PENDING"


def test_excludes_the_nodes_of_the_user_alone():
    nodes = NodesOfUser({"c7"})
    nodes.add("None assigned")
    assert nodes == {"c7"}


def test_jobs_are_not_forgotten_while_slurm_does_not_answer(monkeypatch):
    async def tells_of_the_first(_, jobs):
        yield jobs[0]

    monkeypatch.setattr(SlurmExecutor, "check_active_jobs", tells_of_the_first)
    executor = Executor.__new__(Executor)
    executor.ended = {"2"}
    settings = SimpleNamespace(init_seconds_before_status_checks=20)
    executor.workflow = SimpleNamespace(executor_settings=settings)
    jobs = [SimpleNamespace(external_jobid=number) for number in ("1", "2", "3")]

    async def going_on() -> list[str]:
        return [job.external_jobid async for job in executor.check_active_jobs(jobs)]

    assert asyncio.run(going_on()) == ["1", "3"]


def test_the_site_is_named_in_the_environment():
    fields = ExecutorSettings.__dataclass_fields__
    assert all(fields[name].metadata["env_var"] for name in ("account", "partition"))
