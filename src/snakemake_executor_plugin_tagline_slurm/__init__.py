"""Slurm for Snakemake, so that a killed Snakemake finds its jobs again.

The executor of snakemake-executor-plugin-slurm does the work. This one adds what a cluster that is
used every day needs:

- All runs in a folder share one run id, and each submission is noted. A Snakemake that is started
  again adopts the jobs that wait or run, and finds those that have ended meanwhile finished.
- Account and partitions are settings, given once in the environment or in a profile.
- A job ends as Slurm says, and goes on while Slurm does not answer.
- A job is warned before its time limit, so that a training can save and go back into the queue.
- One Snakemake a folder, by a lock that dies with the process.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Optional

from snakemake_executor_plugin_slurm import Executor as SlurmExecutor
from snakemake_executor_plugin_slurm import ExecutorSettings as SlurmSettings
from snakemake_executor_plugin_slurm import common_settings
from snakemake_executor_plugin_slurm_jobstep import get_cpu_setting
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from snakemake_executor_plugin_tagline_slurm.queue import (
    FAILED,
    NoAnswerError,
    alive,
    cancel,
    patiently_asked,
    states_of,
)
from snakemake_executor_plugin_tagline_slurm.run import lock, run_id
from snakemake_executor_plugin_tagline_slurm.submissions import Note, Submissions, members
from snakemake_executor_plugin_tagline_slurm.unfinished import write_plan

__all__ = ["Executor", "ExecutorSettings", "common_settings"]

FOLDER = Path(".snakemake/tagline_slurm")


def setting(help_text: str) -> Any:  # noqa: ANN401 (a dataclass field)
    """Declare a text that the command line, a profile or the environment may give."""
    return field(default=None, metadata={"help": help_text, "env_var": True, "required": False})


@dataclass
class ExecutorSettings(SlurmSettings):
    """What the Slurm executor can be told, and the names that a site uses."""

    account: Optional[str] = setting("Account of all jobs.")  # noqa: UP045 (Snakemake reads it)
    partition: Optional[str] = setting("Partition of jobs.")  # noqa: UP045
    gpu_partition: Optional[str] = setting("Partition of jobs with a GPU, if another.")  # noqa: UP045
    warning_seconds: int = field(
        default=120,
        metadata={
            "help": "Seconds before its time limit at which a job gets SIGUSR1. A training then "
            "saves and goes back into the queue; other jobs ignore it."
        },
    )


class Executor(SlurmExecutor):
    """Submit to Slurm what no earlier run has submitted."""

    def __post_init__(self, test_mode: bool = False) -> None:
        super().__post_init__(test_mode)
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.folder_lock = lock(FOLDER / "lock")
        self.run_uuid = run_id(FOLDER / "run_id")
        self.submissions = Submissions(FOLDER / "notes")
        self.states = states_of(self.run_uuid)
        self.submitting = Lock()  # of two threads, while a number is not yet noted
        self._cancel_lost(self.states)
        if noted := alive(self.states) & self.submissions.numbers:
            self.logger.info(f"{len(noted)} Slurm jobs of an earlier run are alive: adopting them")

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job, unless a Slurm job that is alive does its work."""
        with self.submitting:
            if self._to_submit([job]):
                try:
                    super().run_job(job)
                except AttributeError as error:  # it tells errors by a rule, and groups have none
                    message = f"not submitted: {error.__context__}. "
                    self._report_job_error_threadsafe(SubmittedJobInfo(job), message)

    def run_array_jobs(self, jobs: Sequence[JobExecutorInterface]) -> None:
        """Submit those jobs as an array whose work no Slurm job that is alive does."""
        with self.submitting:
            if new := self._to_submit(jobs):
                super().run_array_jobs(new)

    def _to_submit(self, jobs: Sequence[JobExecutorInterface]) -> list[JobExecutorInterface]:
        """Return the jobs that are to be submitted; others are adopted or, on an error, fail."""
        new = []
        for job in jobs:
            try:
                if job.attempt > 1:
                    self._cancel_lost(patiently_asked(self.run_uuid))
                if not self._adopts(job):
                    new.append(job)
            except (OSError, WorkflowError) as error:
                message = f"not submitted: {error}. "
                self._report_job_error_threadsafe(SubmittedJobInfo(job), message)
        return new

    def _cancel_lost(self, states: Mapping[str, str]) -> None:
        """Cancel jobs whose number no Snakemake has learned, as it died or `sbatch` timed out."""
        cancel(self.run_uuid, alive(states) - self.submissions.numbers)

    def _adopts(self, job: JobExecutorInterface) -> bool:
        """Whether a Slurm job that is alive does all this work; if it does a part, it ends."""
        notes = [self.submissions.note_of(member) for member in members(job)]
        going_on = {note.number for note in notes if note} & alive(self.states)
        if not going_on:
            return False
        if not covers(going_on, notes, job):
            cancel(self.run_uuid, going_on)
            self.states |= dict.fromkeys(going_on, "CANCELLED")
            return False
        (note,) = {note.number: note for note in notes if note}.values()
        self.logger.info(f"Job {job.jobid} goes on as Slurm job {note.number}")
        adopted = SubmittedJobInfo(
            job, external_jobid=note.number, aux={"slurm_logfile": Path(note.log)}
        )
        super()._report_job_submission_threadsafe(adopted)
        return True

    def _report_job_submission_threadsafe(self, job_info: SubmittedJobInfo) -> None:
        """Note the submission, and what Snakemake records of a job that has finished.

        A job whose end no Snakemake sees then has its record, so that a change made meanwhile
        reruns it; until its end it is marked as incomplete.
        """
        number, log = str(job_info.external_jobid), str(job_info.aux["slurm_logfile"])
        try:
            self._note(job_info.job, number=number, log=log)
        except OSError as error:
            with suppress(WorkflowError):
                cancel(self.run_uuid, {number})  # else a second attempt would run beside it
            self._report_job_error_threadsafe(job_info, f"it cannot be noted: {error}. ")
        else:
            super()._report_job_submission_threadsafe(job_info)

    def _note(self, job: JobExecutorInterface, *, number: str, log: str) -> None:
        persistence = self.workflow.persistence
        self.submissions.add(job, number=number, log=log)
        for member in members(job):
            asyncio.run(persistence.finished(member))
            persistence.started(member, number)

    async def check_active_jobs(
        self, active_jobs: Sequence[SubmittedJobInfo]
    ) -> AsyncIterator[SubmittedJobInfo]:
        """Yield the jobs that go on, tell how the others ended, and ask again at a steady pace.

        The parent class waits for ever for a job that is `CANCELLED by 0`, where accounting is
        disabled, and for those that it forgets while Slurm does not answer.
        """
        pace = self.workflow.executor_settings.init_seconds_before_status_checks
        self.next_seconds_between_status_checks = pace
        if not active_jobs:
            return
        try:
            numbers = [str(job_info.external_jobid) for job_info in active_jobs]
            self.states = states_of(self.run_uuid, numbers)
        except NoAnswerError as silence:
            self.logger.warning(f"{silence}; the jobs go on")
        for job_info in active_jobs:
            state = self.states.get(str(job_info.external_jobid))
            if state == "COMPLETED":
                self._succeeded(job_info)
            elif state in FAILED:
                self._failed(job_info, state)
            else:
                yield job_info

    def _succeeded(self, job_info: SubmittedJobInfo) -> None:
        """Tell that a job has ended well, of which Slurm's log says nothing."""
        self.report_job_success(job_info)
        if not self.workflow.executor_settings.keep_successful_logs:
            with suppress(OSError):
                Path(job_info.aux["slurm_logfile"]).unlink()

    def _failed(self, job_info: SubmittedJobInfo, state: str) -> None:
        """Tell that a job has failed, and how Slurm calls that."""
        message = f"SLURM-job '{job_info.external_jobid}' failed, SLURM status is: '{state}'. "
        log = str(job_info.aux["slurm_logfile"])
        self.report_job_error(job_info, msg=message, aux_logs=[log])

    def format_job_exec(self, job: JobExecutorInterface) -> str:
        """Return the command of a job; those of a group run beside each other, in one step.

        A step each would not do: it takes the memory and the GPU of the whole allocation, so the
        next one would wait. None at all would not either: Slurm warns steps of the time limit.
        """
        command: str = super().format_job_exec(job)
        if not job.is_group():
            return command
        python = self.get_python_executable()
        plan = write_plan(FOLDER / "groups", members(job))
        step = f"srun -n1 --nodes=1 --cpu-bind=q {get_cpu_setting(job, wants_gpu(job))} "
        step += f"{python} -m {write_plan.__module__} {shlex.quote(str(plan))} "
        alone = command.replace(self.additional_general_args(), "")
        return alone.replace(f"{python} -m snakemake ", step, 1)

    def get_account_arg(self, job: JobExecutorInterface) -> Iterator[str]:
        """Yield the account that the job or else the site names."""
        account = self.workflow.executor_settings.account
        if account and not job.resources.get("slurm_account"):
            yield f" -A {shlex.quote(account)}"
        else:
            yield from super().get_account_arg(job)

    def get_partition_arg(self, job: JobExecutorInterface) -> str:
        """Return the partition that the job or else the site names, one node, and the warning.

        Slurm may take GPUs of several nodes, and a training knows its own alone.
        """
        nodes = "" if job.resources.get("nodes") or job.resources.get("mpi") else " --nodes=1"
        warning = f" --signal=USR1@{self.workflow.executor_settings.warning_seconds}"
        return f"{self._partition(job)}{nodes}{warning}"

    def _partition(self, job: JobExecutorInterface) -> str:
        settings = self.workflow.executor_settings
        of_gpus = settings.gpu_partition if wants_gpu(job) else None
        partition = of_gpus or settings.partition
        if partition and not job.resources.get("slurm_partition"):
            return f" -p {shlex.quote(partition)}"
        argument: str = super().get_partition_arg(job)
        return argument


def wants_gpu(job: JobExecutorInterface) -> bool:
    """Whether a job asks for a GPU, in either way."""
    return bool(job.resources.get("gpu") or "gpu" in job.resources.get("gres", ""))


def covers(going_on: Set[str], notes: Sequence[Note | None], job: JobExecutorInterface) -> bool:
    """Whether one Slurm job that is alive does all the work of a job as it is now."""
    return len(going_on) == 1 and all(
        note is not None and note.number in going_on and note.fits(member)
        for note, member in zip(notes, members(job), strict=True)
    )
