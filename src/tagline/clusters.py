"""Where files are read: in this process, in several of this machine, or on a cluster."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tagline.catalogue import Cluster
from tagline.ledger import FileLedger
from tagline.parts import Report, Source

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0  # after which a cluster ends whose job was killed
SECONDS_TO_BEGIN = {"local": 300.0, "scheduler": 3600.0, "slurm": 86400.0}  # queues are long
MEGABYTES_OF_JOB = 500  # of the job's own process and of the scheduler's
ONLY_TERMINATE = {  # a process above 95 % of its memory is killed and its file tried again;
    f"distributed.worker.memory.{what}": False for what in ("target", "spill", "pause")
}  # memory that the C library keeps would otherwise pause it for ever

THIS_MACHINE = Cluster()

Task = Callable[[Source], Report]
Run = Callable[[Task, Sequence[Source]], Iterator[Report]]


@contextmanager
def workers(
    cluster: Cluster, *, processes: int, memory_mb: int, performance: Path | None = None
) -> Iterator[Run]:
    """Yield a function like `map`, whose reports come in the order in which they are finished.

    Args:
        cluster: where the processes are.
        processes: so many on this machine.
        memory_mb: that all of them together may use there.
        performance: gets Dask's report of what happened when.
    """
    if processes == 1 and cluster.kind == "local":
        yield map
        return
    from distributed import Client

    logging.getLogger("distributed.deploy").setLevel(logging.WARNING)
    with ExitStack() as stack:
        place = start(cluster, processes=processes, memory_mb=memory_mb)
        client = stack.enter_context(Client(stack.enter_context(place)))
        log.info("Dask's dashboard is at %s", client.dashboard_link)
        client.wait_for_workers(1, timeout=SECONDS_TO_BEGIN[cluster.kind])
        stack.enter_context(performance_report(performance))
        yield partial(_run_on, client)


def start(cluster: Cluster, *, processes: int, memory_mb: int) -> AbstractContextManager[Any]:
    """Return a cluster that ends with the block, or the address of one that goes on."""
    match cluster.kind:
        case "scheduler":
            return nullcontext(cluster.scheduler)
        case "slurm":
            return _on_slurm(cluster)
        case "local":
            return _on_this_machine(processes, max(memory_mb - MEGABYTES_OF_JOB, 1) // processes)


def _on_this_machine(processes: int, memory_mb: int) -> AbstractContextManager[Any]:
    """Start processes as programs, not forked or spawned, so that a script needs no guard."""
    from distributed.deploy.subprocess import SubprocessCluster

    cluster: AbstractContextManager[Any] = SubprocessCluster(
        n_workers=processes,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"idle_timeout": IDLE_SECONDS},
        worker_kwargs={"memory_limit": memory_mb * 10**6, "config": ONLY_TERMINATE},
    )
    return cluster


def _on_slurm(cluster: Cluster) -> AbstractContextManager[Any]:
    """Submit one job a worker; what was not given is Slurm's default."""
    from dask_jobqueue import SLURMCluster

    jobs = SLURMCluster(
        cores=1,
        processes=1,
        memory=f"{cluster.memory_mb}MB",
        walltime=f"{cluster.minutes // 60:02d}:{cluster.minutes % 60:02d}:00",
        queue=cluster.partition or None,
        account=cluster.account or None,
        job_name="tagline-skim",
        log_directory="logs/skim/slurm",
    )
    jobs.scale(cluster.jobs)
    entered: AbstractContextManager[Any] = jobs
    return entered


def performance_report(path: Path | None) -> AbstractContextManager[Any]:
    """Return a block during which Dask watches itself, to write about it at the end."""
    if path is None:
        return nullcontext()
    from distributed import performance_report as watched

    path.parent.mkdir(parents=True, exist_ok=True)
    block: AbstractContextManager[Any] = watched(filename=str(path))
    return block


def _run_on(client: "Client", task: Task, sources: Sequence[Source]) -> Iterator[Report]:
    from distributed import KilledWorker, as_completed

    futures = client.map(task, sources, pure=False)
    source_of = dict(zip(futures, sources, strict=True))
    for future in as_completed(futures):
        try:
            yield future.result()
        except KilledWorker as error:
            yield _died(source_of[future], str(error))


def _died(source: Source, reason: str) -> Report:
    """Account for a file that ended every process that read it."""
    ledger = FileLedger(
        source.file.path,
        source.part,
        failed=f"{source.file.path}: every process that read it died: {reason}",
        attempts=source.attempts + 1,
    )
    return Report(ledger)
