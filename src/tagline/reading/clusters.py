"""Where files are read: in this process, in several of this machine, or on a cluster."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagline.reading.ledger import FileLedger
from tagline.reading.parts import Report, Source
from tagline.reading.patience import ROUNDS
from tagline.settings.catalogue import Skim

if TYPE_CHECKING:
    from distributed import Client, Future

log = logging.getLogger(__name__)

SECONDS_TO_BEGIN = {"local": 300.0, "scheduler": 3600.0, "slurm": 86400.0}  # queues are long
MEGABYTES_OF_JOB = 500  # of the job's own process and of the scheduler's
ONLY_TERMINATE = {  # a process above 95 % of its memory is killed and its file tried again;
    f"distributed.worker.memory.{what}": False for what in ("target", "spill", "pause")
}  # memory that the C library keeps would otherwise pause it for ever

THIS_MACHINE = Skim()

SECONDS_TO_REFILL = 10.0  # without a finished file, until the processes are counted

Started = tuple[Any, Callable[[], None]]
"""A cluster or its address, and what starts processes anew that have ended."""
Task = Callable[[Source], Report]
Run = Callable[[Task, Sequence[Source]], Iterator[Report]]


@contextmanager
def workers(
    where: Skim, *, processes: int, memory_mb: int, performance: Path | None = None
) -> Iterator[Run]:
    """Yield a function like `map`, whose reports come in the order in which they are finished.

    Args:
        where: the processes are.
        processes: so many on this machine.
        memory_mb: that all of them together may use there.
        performance: gets Dask's report of what happened when.
    """
    if processes == 1 and where.cluster == "local":
        yield map
        return
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.WARNING)
    with ExitStack() as stack:
        place = start(where, processes=processes, memory_mb=memory_mb)
        cluster, refill = stack.enter_context(place)
        client = stack.enter_context(Client(cluster))
        log.info("Dask's dashboard is at %s", client.dashboard_link)
        client.wait_for_workers(1, timeout=SECONDS_TO_BEGIN[where.cluster])
        stack.enter_context(performance_report(performance))
        yield partial(_run_on, client, refill)


def start(where: Skim, *, processes: int, memory_mb: int) -> AbstractContextManager[Started]:
    """Return a cluster that ends with the block, or the address of one that goes on."""
    match where.cluster:
        case "scheduler":
            return nullcontext((where.scheduler, _leave_alone))
        case "slurm":
            return _on_slurm(where)
        case "local":
            return _on_this_machine(processes, max(memory_mb - MEGABYTES_OF_JOB, 1) // processes)


def _leave_alone() -> None:
    """Let others care for the processes of a cluster."""


@contextmanager
def _on_this_machine(processes: int, memory_mb: int) -> Iterator[Started]:
    """Start processes as programs, not forked or spawned, so that a script needs no guard."""
    from distributed.deploy.subprocess import SubprocessCluster

    with SubprocessCluster(
        n_workers=processes,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"idle_timeout": idle_seconds()},
        worker_kwargs={"memory_limit": memory_mb * 10**6, "config": ONLY_TERMINATE},
    ) as cluster:

        def refill() -> None:
            """Start those anew that have ended: what restarts their children may die, too."""
            ended = [
                name
                for name, worker in cluster.workers.items()
                if worker.process and worker.process.returncode is not None
            ]
            for name in ended:
                del cluster.workers[name]
            if ended:
                cluster.scale(processes)

        yield cluster, refill


def idle_seconds() -> float:
    """Return after how long without a task a scheduler ends, since its job must have been killed.

    There is none before the processes have begun, nor in the pauses between rounds.
    """
    return max(ROUNDS) + SECONDS_TO_BEGIN["local"]


@contextmanager
def _on_slurm(where: Skim) -> Iterator[Started]:
    """Submit one job a process; what was not given is Slurm's default."""
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(
        cores=1,
        processes=1,
        memory=f"{where.memory_mb}MB",
        walltime=f"{where.minutes // 60:02d}:{where.minutes % 60:02d}:00",
        queue=where.partition or None,
        account=where.account or None,
        job_name="tagline-skim",
        log_directory="logs/skim_batch/slurm",
        scheduler_options={"dashboard_address": ":0"},
    ) as jobs:
        jobs.scale(where.jobs)
        yield jobs, partial(jobs.scale, where.jobs)


def performance_report(path: Path | None) -> AbstractContextManager[Any]:
    """Return a block during which Dask watches itself, to write about it at the end."""
    if path is None:
        return nullcontext()
    from distributed import performance_report as watched

    path.parent.mkdir(parents=True, exist_ok=True)
    block: AbstractContextManager[Any] = watched(filename=str(path))
    return block


def _run_on(
    client: "Client", refill: Callable[[], None], task: Task, sources: Sequence[Source]
) -> Iterator[Report]:
    from distributed import wait

    source_of = dict(zip(client.map(task, sources, pure=False), sources, strict=True))
    waiting = set(source_of)
    while waiting:
        try:
            done, waiting = wait(waiting, timeout=SECONDS_TO_REFILL, return_when="FIRST_COMPLETED")
        except TimeoutError:
            refill()
            continue
        for future in done:
            report = _report_of(future, source_of[future])
            if report:
                yield report
            else:
                waiting.add(future)
                refill()


def _report_of(future: "Future", source: Source) -> Report | None:
    """Return what a task found; nothing if that was lost with its process, and is found again."""
    from distributed import KilledWorker

    try:
        report: Report = future.result(timeout=SECONDS_TO_REFILL)
    except KilledWorker as error:
        return _died(source, str(error))
    except TimeoutError:
        return None
    return report


def _died(source: Source, reason: str) -> Report:
    """Account for a file whose processes died: whether by it or not, it is tried again."""
    ledger = FileLedger(
        source.file.path,
        source.part,
        failed=f"{source.file.path}: every process that read it died: {reason}",
        attempts=source.attempts + 1,
    )
    return Report(ledger, may_pass=True)
