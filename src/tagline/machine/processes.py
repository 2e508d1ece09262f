"""One training in several processes of one node, one for each device.

The first process is the one that was asked to train. It starts the others, which take their work
from their standard input and end when that closes: with the first process, however it ends. They
never see a signal; what the first is asked for, it tells them. They run a module, not the script
again, since a script of Snakemake is a temporary file that is run once.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment
from lightning_fabric.strategies import DDPStrategy
from torch import distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]

from tagline.machine.devices import Place

HOST = "127.0.0.1"
ANY_FREE_PORT = 0
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
SECONDS_TO_END = 30
TIMEOUT = timedelta(hours=2)  # the first process may read or write while the others wait

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class OneNode(LightningEnvironment):  # type: ignore[misc]
    """Processes that are there already; Fabric would take a Slurm job for more than it is."""

    creates_processes_externally = True

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.rank = rank

    def local_rank(self) -> int:
        """Return the position of the process on its node."""
        return self.rank


@dataclass(frozen=True)
class Task:
    """What one of the other processes does, as it is sent to it."""

    place: Place
    rank: int
    port: int
    precision: str
    work: Callable[..., object]
    arguments: tuple[Any, ...]


def run(place: Place, precision: str, work: Callable[..., Result], *arguments: object) -> Result:
    """Return `work(fabric, *arguments)`, called in one process for each device, here first."""
    num_processes = len(place.devices)
    if num_processes == 1:
        return work(fabric_of(place, rank=0, precision=precision), *arguments)
    store = TCPStore(HOST, ANY_FREE_PORT, num_processes, is_master=True, wait_for_workers=False)
    tasks = [
        Task(place, rank, store.port, precision, work, arguments)
        for rank in range(1, num_processes)
    ]
    with started(tasks):
        join_group(place, rank=0, store=store)
        try:
            return work(fabric_of(place, rank=0, precision=precision), *arguments)
        finally:
            distributed.destroy_process_group()


def fabric_of(place: Place, *, rank: int, precision: str) -> Fabric:
    """Return the Fabric of one process."""
    num_processes = len(place.devices)
    fabric = Fabric(
        accelerator=place.accelerator,
        devices=num_processes if place.accelerator == "cpu" else list(place.devices),
        strategy=DDPStrategy() if num_processes > 1 else "auto",
        precision=precision,
        plugins=[OneNode(rank)],
    )
    fabric.launch()
    return fabric


def join_group(place: Place, *, rank: int, store: TCPStore) -> None:
    """Meet the other processes."""
    on_gpu = place.accelerator == "cuda"
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        store=store,
        rank=rank,
        world_size=len(place.devices),
        timeout=TIMEOUT,
        device_id=torch.device("cuda", place.devices[rank]) if on_gpu else None,
    )


@contextmanager
def started(tasks: list[Task]) -> Iterator[None]:
    """Run the other processes while the block lasts."""
    ended = threading.Event()
    processes = [start(task) for task in tasks]
    watchers = [
        threading.Thread(target=watch, args=(process, task.rank, ended), daemon=True)
        for process, task in zip(processes, tasks, strict=True)
    ]
    for watcher in watchers:
        watcher.start()
    try:
        yield
    finally:
        ended.set()
        for process in processes:
            input_of(process).close()
        for process, watcher in zip(processes, watchers, strict=True):
            watcher.join(SECONDS_TO_END)
            process.kill()
            watcher.join()


def start(task: Task) -> subprocess.Popen[bytes]:
    """Start one of the other processes, which inherits that signals are blocked."""
    path = os.pathsep.join(filter(None, sys.path))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env=os.environ | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    pickle.dump(task, input_of(process))
    input_of(process).flush()
    return process


def input_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    """Return the pipe into a process that was started with one."""
    assert process.stdin is not None
    return process.stdin


def watch(process: subprocess.Popen[bytes], rank: int, ended: threading.Event) -> None:
    """End this process too if another fails and this one does not: it would wait for ever."""
    assert process.stderr is not None
    with process.stderr as errors:
        said = errors.read().decode(errors="replace").strip()
    if process.wait() != 0 and not ended.is_set():
        last_line = said.rpartition("\n")[2]
        logger.error("process %d ended with %d: %s", rank, process.returncode, last_line)
        if not ended.wait(SECONDS_TO_END):
            os._exit(1)


def serve(given: IO[bytes]) -> None:
    """Do the task that the first process sends."""
    task: Task = pickle.load(given)
    threading.Thread(target=end_with, args=(given.fileno(),), daemon=True).start()
    logging.disable()  # the first process says it all
    store = TCPStore(HOST, task.port, len(task.place.devices), is_master=False)
    join_group(task.place, rank=task.rank, store=store)
    task.work(fabric_of(task.place, rank=task.rank, precision=task.precision), *task.arguments)
    distributed.destroy_process_group()


def end_with(given: int) -> None:
    """End this process when its standard input closes."""
    while os.read(given, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    serve(sys.stdin.buffer)
