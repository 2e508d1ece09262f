"""What the Slurm executor remembers; what it does on a Slurm is tested in `tests/slurm`."""

import asyncio
import errno
import logging
import os
import shutil
from pathlib import Path
from threading import Lock
from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.utils import TargetSpec

from snakemake_executor_plugin_tagline_slurm import FOLDER, Executor, ExecutorSettings, queue
from snakemake_executor_plugin_tagline_slurm.queue import (
    FORGOTTEN,
    NoAnswerError,
    alive,
    states_of,
)
from snakemake_executor_plugin_tagline_slurm.run import lock, run_id
from snakemake_executor_plugin_tagline_slurm.submissions import Submissions


def a_job(*, width=16, seed=1, attempt=1, inputs=()) -> SimpleNamespace:
    """Return what the notes look at in a job of Snakemake."""
    return SimpleNamespace(
        is_group=lambda: False,
        jobid=seed,
        get_target_spec=lambda: [TargetSpec("train", {"seed": str(seed)})],
        attempt=attempt,
        rule=SimpleNamespace(name="train"),
        wildcards_dict={"seed": str(seed)},
        params={"tagger": {"width": width}},
        input=[str(path) for path in inputs],
        output=[f"models/{seed}/model.pt"],
    )


def a_group(*jobs) -> SimpleNamespace:
    return SimpleNamespace(is_group=lambda: True, jobid="group", attempt=1, jobs=jobs)


@pytest.fixture
def submissions(tmp_path) -> Submissions:
    return Submissions(tmp_path / "jobs")


def new_folder(path: Path) -> Path:
    path.mkdir()
    return path


class Commands:
    """Stand-ins for the commands of Slurm, each of which prints a text and notes its arguments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, prints: str, *, fails: bool = False) -> None:
        path = self.folder / name
        note = f"echo $@ >> {path}.asked"
        path.write_text(f"#!/bin/sh\n{note}\nprintf '{prints}'{' >&2; exit 1' if fails else ''}\n")
        path.chmod(0o755)

    def asked(self, name: str) -> list[str]:
        """Return the arguments of each call."""
        return (self.folder / f"{name}.asked").read_text().splitlines()


@pytest.fixture
def slurm(tmp_path, monkeypatch) -> Commands:
    """What puts a command of Slurm on the path."""
    folder = new_folder(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Commands(folder)


class Persistence:
    """What Snakemake records of a job, which is of no interest here."""

    async def finished(self, job) -> None:
        pass

    def started(self, job, number) -> None:
        pass


class ExecutorAlone(Executor):
    """The executor without a Snakemake, which notes what it would tell it."""

    def __init__(self, folder: Path) -> None:
        self.run_uuid = "run"
        self.submissions = Submissions(folder / "jobs")
        self.states: dict[str, str] = {}
        self.submitting = Lock()
        self.logger = logging.getLogger()
        self.log = folder / "slurm.log"
        self.log.touch()
        settings = SimpleNamespace(
            init_seconds_before_status_checks=20,
            keep_successful_logs=False,
            pass_command_as_script=False,
            partition="cpu",
            gpu_partition=None,
            warning_seconds=120,
        )
        self.workflow = SimpleNamespace(executor_settings=settings, persistence=Persistence())
        self._main_event_loop = None
        self.numbers = iter(["8", "9"])
        self.reported: list[str] = []
        self.outcomes: dict[str, str] = {}

    def report_job_submission(self, job_info) -> None:
        self.reported.append(job_info.external_jobid)

    def report_job_success(self, job_info) -> None:
        self.outcomes[job_info.external_jobid] = "succeeded"

    def report_job_error(self, job_info, msg, **_) -> None:
        self.outcomes[job_info.external_jobid] = f"failed: {msg}"

    def number_of(self, job) -> str:
        """Return the number of the Slurm job that does a piece of work."""
        self.run_job(job)
        return self.reported[-1]

    def outcomes_of(self, *numbers: str) -> dict[str, str]:
        """Check jobs, and return what became of each."""
        jobs = [SubmittedJobInfo(None, number, {"slurm_logfile": self.log}) for number in numbers]

        async def check() -> None:
            async for job in self.check_active_jobs(jobs):
                self.outcomes[job.external_jobid] = "goes on"

        asyncio.run(check())
        return self.outcomes


def next_of(answers) -> dict[str, str]:
    answer = next(answers)
    if isinstance(answer, NoAnswerError):
        raise answer
    return answer


def submit(executor: ExecutorAlone, job) -> None:
    """Do as the parent class does when `sbatch` has answered."""
    info = SubmittedJobInfo(job, next(executor.numbers), {"slurm_logfile": executor.log})
    executor._report_job_submission_threadsafe(info)


@pytest.fixture
def executor(tmp_path, monkeypatch) -> ExecutorAlone:
    monkeypatch.setattr(SlurmExecutor, "run_job", submit)
    return ExecutorAlone(tmp_path)


def test_a_submission_is_found_by_a_later_run(submissions, tmp_path):
    submissions.add(a_job(), number="7", log="7.log")
    note = Submissions(tmp_path / "jobs").note_of(a_job())
    assert (note.number, note.log) == ("7", "7.log")
    assert note.fits(a_job())
    assert Submissions(tmp_path / "jobs").numbers == {"7"}


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


def test_each_job_of_a_group_has_its_note(submissions):
    one, other = a_job(seed=1), a_job(seed=2)
    submissions.add(a_group(one, other), number="7", log="")
    assert submissions.note_of(one).fits(one)
    assert submissions.note_of(other).number == "7"


def test_a_group_of_fewer_jobs_fits_while_another_makes_their_inputs(submissions, tmp_path):
    made = tmp_path / "scores"
    score, evaluate = a_job(seed=1), a_job(seed=2, inputs=[made])
    score.output = [str(made)]
    submissions.add(a_group(score, evaluate), number="7", log="")
    made.write_text("scores")
    assert submissions.note_of(evaluate).fits(evaluate)


def test_the_last_submission_counts(submissions, tmp_path):
    submissions.add(a_job(), number="7", log="")
    submissions.add(a_job(), number="8", log="")
    assert Submissions(tmp_path / "jobs").numbers == {"8"}


def test_a_run_keeps_its_name(tmp_path):
    assert run_id(tmp_path / "run_id") == run_id(tmp_path / "run_id")


def test_a_copy_of_a_folder_is_another_run(tmp_path):
    name = run_id(new_folder(tmp_path / "original") / "run_id")
    copy = shutil.copytree(tmp_path / "original", tmp_path / "copy")
    assert run_id(copy / "run_id") != name
    assert run_id(copy / "run_id") == run_id(copy / "run_id")


def test_a_folder_that_is_mounted_elsewhere_is_the_same_run(tmp_path):
    name = run_id(new_folder(tmp_path / "here") / "run_id")
    (tmp_path / "here").rename(tmp_path / "there")
    assert run_id(tmp_path / "there" / "run_id") == name


def test_a_second_snakemake_is_refused_by_name(tmp_path):
    with (
        lock(tmp_path / "lock"),
        pytest.raises(WorkflowError, match=f"another Snakemake .* process {os.getpid()} on "),
    ):
        lock(tmp_path / "lock")


def test_a_dead_process_holds_no_lock(tmp_path):
    lock(tmp_path / "lock").close()
    lock(tmp_path / "lock").close()


def test_the_queue_knows_better_than_accounting(slurm):
    slurm("sacct", "1|COMPLETED\\n2|NODE_FAIL\\n3|CANCELLED by 0\\n")
    slurm("squeue", "2|PENDING\\n4_1|RUNNING\\n")
    states = states_of("run", "123")
    assert states == {"1": "COMPLETED", "2": "PENDING", "3": "CANCELLED", "4_1": "RUNNING"}
    assert alive(states) == {"2", "4_1"}


def test_tasks_that_wait_are_told_one_by_one(slurm):
    slurm("sacct", "12_1|COMPLETED\\n12_[2-3]|PENDING\\n")
    slurm("squeue", "12_2|PENDING\\n12_3|PENDING\\n")
    assert alive(states_of("run", ["12_1"])) == {"12_2", "12_3"}


def test_no_answer_is_not_no_jobs(slurm):
    slurm("sacct", "2|RUNNING\\n")
    slurm("squeue", "Unable to contact slurm controller", fails=True)
    with pytest.raises(NoAnswerError, match="Unable to contact slurm controller"):
        states_of("run")


def test_how_a_job_ended_is_not_known_before_accounting_answers(slurm):
    slurm("squeue", "")
    slurm("sacct", "Unable to contact slurm database", fails=True)
    assert states_of("run", ["2"]) == {}


def test_a_site_without_accounting_forgets_jobs_that_have_left_the_queue(slurm):
    slurm("squeue", "2|PENDING\\n")
    slurm("sacct", "Slurm accounting storage is disabled", fails=True)
    states = states_of("run", "12")
    assert states == {"1": FORGOTTEN, "2": "PENDING"}
    assert alive(states) == {"2"}


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ("PENDING", "goes on"),
        ("COMPLETED", "succeeded"),
        ("OUT_OF_MEMORY", "OUT_OF_MEMORY"),
        ("CANCELLED by 0", "CANCELLED"),
    ],
)
def test_a_job_ends_as_accounting_says(slurm, executor, told, outcome):
    slurm("squeue", "")
    slurm("sacct", f"7|{told}\\n")
    assert outcome in executor.outcomes_of("7")["7"]


@pytest.mark.parametrize(("told", "outcome"), [("RUNNING", "goes on"), ("FAILED", "FAILED")])
def test_a_job_ends_as_the_queue_says_without_accounting(slurm, executor, told, outcome):
    slurm("squeue", f"7|{told}\\n")
    slurm("sacct", "Slurm accounting storage is disabled", fails=True)
    assert outcome in executor.outcomes_of("7")["7"]


def test_jobs_go_on_while_slurm_does_not_answer(slurm, executor):
    slurm("squeue", "Unable to contact slurm controller", fails=True)
    slurm("sacct", "7|NODE_FAIL\\n")
    assert executor.outcomes_of("7", "8") == {"7": "goes on", "8": "goes on"}


def test_a_job_is_adopted_until_it_fails(slurm, executor):
    executor.submissions.add(a_job(), number="7", log="7.log")
    slurm("squeue", "7|RUNNING\\n")
    executor.outcomes_of("7")
    assert executor.number_of(a_job()) == "7"
    slurm("squeue", "7|OUT_OF_MEMORY\\n")
    executor.outcomes_of("7")
    assert executor.number_of(a_job()) == "8"


def test_what_is_left_of_a_group_goes_on_as_its_job(executor):
    one, two, three = (a_job(seed=seed) for seed in (1, 2, 3))
    executor.submissions.add(a_group(one, two, three), number="7", log="7.log")
    executor.states = {"7": "RUNNING"}
    assert executor.number_of(a_group(two, three)) == "7"
    assert executor.number_of(one) == "7"


@pytest.mark.parametrize(
    "job",
    [
        pytest.param(a_job(seed=1, width=24), id="other work"),
        pytest.param(a_group(a_job(seed=2), a_job(seed=3)), id="more work"),
        pytest.param(a_group(a_job(seed=1), a_job(seed=4)), id="work of two jobs"),
    ],
)
def test_a_job_that_does_not_do_it_all_has_ended_before_another_begins(
    slurm, executor, job, monkeypatch
):
    executor.submissions.add(a_group(a_job(seed=1), a_job(seed=2)), number="6", log="")
    executor.submissions.add(a_job(seed=4), number="7", log="")
    executor.states = {"6": "RUNNING", "7": "RUNNING"}
    answers = iter([{"6": "RUNNING"}, {"6": "COMPLETING"}, {"6": "CANCELLED"}])
    monkeypatch.setattr(queue, "states_of", lambda _: next(answers))
    monkeypatch.setattr(queue, "SECONDS_BETWEEN_LOOKS", 0)
    slurm("scancel", "")
    assert executor.number_of(job) == "8"
    assert next(answers, "none") == "none"


def test_jobs_that_do_not_end_are_named(slurm, monkeypatch):
    slurm("scancel", "")
    slurm("squeue", "7|COMPLETING\\n")
    monkeypatch.setattr(queue, "SECONDS_TO_END", 0)
    monkeypatch.setattr(queue, "SECONDS_BETWEEN_LOOKS", 0)
    with pytest.raises(WorkflowError, match="do not end: 7"):
        queue.cancel("run", {"7"})


def test_a_job_that_cannot_be_noted_is_cancelled(slurm, executor, monkeypatch):
    def add(_, **__) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(executor.submissions, "add", add)
    slurm("scancel", "")
    slurm("squeue", "8|CANCELLED\\n")
    executor.run_job(a_job())
    assert slurm.asked("scancel") == ["8"]
    assert executor.reported == []
    assert "No space left on device" in executor.outcomes["8"]


def test_a_submission_that_timed_out_is_cancelled_before_the_next(slurm, executor, monkeypatch):
    answers = iter([NoAnswerError("busy"), {"6": "RUNNING", "7": "PENDING"}, {"6": "RUNNING"}])
    monkeypatch.setattr(queue, "states_of", lambda _: next_of(answers))
    monkeypatch.setattr(queue, "SECONDS_BETWEEN_LOOKS", 0)
    slurm("scancel", "")
    executor.submissions.add(a_job(seed=2), number="6", log="")
    assert executor.number_of(a_job(seed=1, attempt=2)) == "8"
    assert slurm.asked("scancel") == ["7"]


def test_a_job_is_not_submitted_beside_one_that_does_not_end(slurm, executor, monkeypatch):
    slurm("scancel", "")
    slurm("squeue", "7|COMPLETING\\n")
    monkeypatch.setattr(queue, "SECONDS_TO_END", 0)
    monkeypatch.setattr(queue, "SECONDS_BETWEEN_LOOKS", 0)
    executor.submissions.add(a_job(width=16), number="7", log="")
    executor.states = {"7": "RUNNING"}
    executor.run_job(a_job(width=24))
    assert executor.reported == []
    assert executor.outcomes[None] == "failed: not submitted: Slurm jobs do not end: 7. "


def test_a_group_is_one_step_that_is_warned(executor, monkeypatch, tmp_path):
    monkeypatch.chdir(new_folder(tmp_path / "project"))
    FOLDER.mkdir(parents=True)
    command = "export A=1 && python -m snakemake --x --executor slurm-jobstep --jobs 1 --mode y"
    monkeypatch.setattr(SlurmExecutor, "format_job_exec", lambda *_: command)
    monkeypatch.setattr(SlurmExecutor, "get_python_executable", lambda _: "python")
    group = a_group(a_job(seed=1), a_job(seed=2))
    group.threads, group.resources = 2, {}
    step = "srun -n1 --nodes=1 --cpu-bind=q --cpus-per-task=2"
    assert executor.format_job_exec(a_job()) == command
    alone = executor.format_job_exec(group)
    plan = next(FOLDER.absolute().glob("groups/*.json"))
    unfinished = f"python -m snakemake_executor_plugin_tagline_slurm.unfinished {plan}"
    assert alone == f"export A=1 && {step} {unfinished} --x  --mode y"


@pytest.mark.parametrize(
    ("resources", "nodes"),
    [({"gpu": 4}, " --nodes=1"), ({"nodes": 2}, ""), ({"mpi": "mpirun", "tasks": 4}, "")],
)
def test_a_job_is_on_one_node_unless_it_asks_for_others(executor, resources, nodes):
    job = a_job()
    job.resources = resources
    assert executor.get_partition_arg(job) == f" -p cpu{nodes} --signal=USR1@120"


@pytest.mark.parametrize(("gpu_partition", "used"), [(None, "cpu"), ("gpu", "gpu")])
def test_jobs_with_a_gpu_may_have_a_partition(executor, gpu_partition, used):
    executor.workflow.executor_settings.gpu_partition = gpu_partition
    job = a_job()
    job.resources = {"gpu": 1}
    assert f"-p {used} " in executor.get_partition_arg(job)


def test_the_site_is_named_in_the_environment():
    fields = ExecutorSettings.__dataclass_fields__
    assert all(fields[name].metadata["env_var"] for name in ("account", "partition"))
