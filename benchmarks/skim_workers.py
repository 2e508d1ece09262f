"""Skims by two processes against one, and on a Dask cluster of one process against a plain loop.

Once by the wall clock, which needs two free cores, and once by the CPU time of all processes,
which does not. The clusters run already; how long one takes to start is told apart.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import psutil

from benchmarks.racing import race
from tagline.reading import clusters
from tagline.reading.clusters import THIS_MACHINE, Run, start, workers
from tagline.reading.ledger import add_up
from tagline.reading.parts import Source, skim_file
from tagline.settings.catalogue import Dataset, Skim
from tagline.settings.records import ListedFile
from tagline.skim import skim, skim_in_rounds
from tests.toys import toy_jets, write_jetclass_root

NUM_FILES, JETS_OF_FILE = 6, 50_000
SELECTION = "pt > 600 and abs(eta) < 1"
MEMORY_MB = 3000
GOAL_OF_TWO, GOAL_OF_DASK = 1.85, 0.03


def write_files(folder: Path) -> list[Path]:
    """Write files that are read in the same time."""
    first, *others = [folder / f"{number}.root" for number in range(NUM_FILES)]
    write_jetclass_root(first, toy_jets(JETS_OF_FILE, seed=1))
    for path in others:
        shutil.copy(first, path)
    return [first, *others]


def skim_on(run: Run, files: list[Path], folder: Path) -> None:
    """Skim all files anew, as `tagline.skim.skim` does on processes that are there."""
    shutil.rmtree(folder, ignore_errors=True)
    dataset = Dataset(files=("*",), select=SELECTION)
    sources = [Source(ListedFile(path=str(path)), folder / path.stem) for path in files]
    reports = skim_in_rounds(run, partial(skim_file, dataset=dataset, made=None), sources)
    total = add_up([report.ledger for report in reports.values()])
    assert total["events"] == NUM_FILES * JETS_OF_FILE, total


def cpu_seconds() -> float:
    """Return the CPU time so far of this process and of all that it has started."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def seconds_of(action: Callable[[], None]) -> float:
    """Return the wall-clock seconds of a call."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def skim_whole(files: list[Path], folder: Path) -> None:
    """Skim all files by two processes that are started for it."""
    skim(
        list(map(str, files)),
        dataset=Dataset(files=("*",), select=SELECTION),
        folder=folder / "skim",
        processes=2,
        cache=folder / "cache",
        memory_mb=MEMORY_MB,
    )


def main() -> None:
    """Race a loop and one process, then one and two, then tell what it takes to start two."""
    clusters.SECONDS_TO_BEGIN["local"] = 3600.0  # each waits while the others run
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = write_files(folder)
        cluster, _ = stack.enter_context(start(THIS_MACHINE, processes=1, memory_mb=MEMORY_MB))
        one = Skim(cluster="scheduler", scheduler=cluster.scheduler_address)

        def contender(where: Skim, processes: int) -> Callable[[], None]:
            place = workers(where, processes=processes, memory_mb=MEMORY_MB)
            return partial(skim_on, stack.enter_context(place), files, folder / "skims")

        contenders = {"plain loop": contender(THIS_MACHINE, 1), "one process": contender(one, 1)}
        for name, clock in (("wall clock", time.perf_counter), ("CPU time", cpu_seconds)):
            tell_overhead(name, race(contenders, clock=clock))
        del contenders["plain loop"]
        contenders["two processes"] = contender(THIS_MACHINE, 2)
        wall = race(contenders, clock=time.perf_counter)
        gain = wall["one process"] / wall["two processes"]
        reached = "reached" if gain >= GOAL_OF_TWO else "MISSED"
        print(f"skim by two processes: {gain:.2f}x one (goal {GOAL_OF_TWO}x {reached})", wall)
        whole = seconds_of(partial(skim_whole, files, folder))
        print(f"to start and end two processes takes {whole - wall['two processes']:.1f} s")


def tell_overhead(clock: str, seconds: dict[str, float]) -> None:
    """Print what one process of Dask's takes longer than a loop."""
    share = seconds["one process"] / seconds["plain loop"] - 1
    reached = "reached" if share <= GOAL_OF_DASK else "MISSED"
    print(
        f"Dask adds {share:.1%} to the {clock} of a loop (goal {GOAL_OF_DASK:.0%} {reached})",
        seconds,
    )


if __name__ == "__main__":
    main()
