"""The skim: ROOT files become two flat Parquet tables each, and every jet is accounted for.

One task a file, on processes of this machine or on a Dask cluster; a task writes its own part, so
that no arrays travel. Finished parts wait in a cache until all are there: a run that was killed
goes on with the rest.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tagline import plugins, provenance
from tagline.catalogue import Dataset
from tagline.cuts import Cuts
from tagline.datasets import BaseReader, UnreadableFileError
from tagline.files import whole_folder
from tagline.jets import ROWS_PER_GROUP, Jets, concatenate, write_stream
from tagline.ledger import FileLedger, add_up, read_ledger, write_ledger
from tagline.provenance import Provenance

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

LEDGER = "ledger.json"
IDLE_SECONDS = 60.0


@dataclass(frozen=True)
class Source:
    """One input file and the folder its jets go to, which is named as the part."""

    file: str
    folder: Path

    @property
    def part(self) -> str:
        """Number of the file."""
        return self.folder.name


Report = tuple[FileLedger, float]
Run = Callable[[Callable[[Source], Report], Sequence[Source]], Iterator[Report]]


def skim(
    files: Sequence[str],
    *,
    dataset: Dataset,
    folder: Path,
    processes: int,
    scheduler: str = "",
    cache: Path,
) -> None:
    """Skim files into `folder`, which appears whole when all of them are done.

    Args:
        files: paths or URLs.
        dataset: their reader, its options, and the selection.
        folder: gets a folder a part, with jets and constituents, and the ledger.
        processes: tasks at once on this machine.
        scheduler: address of a Dask cluster in the same folder, which takes the tasks instead.
        cache: where finished parts wait, on the same file system as `folder`.

    Raises:
        ValueError: more files failed than the dataset allows.
    """
    sources = [Source(file, cache / f"{number:04d}") for number, file in enumerate(files)]
    ledgers: dict[str, FileLedger] = {}
    with workers(min(processes, len(files)), scheduler=scheduler) as run:
        task = partial(skim_file, dataset=dataset, made=provenance.current())
        for ledger, seconds in run(task, sources):
            ledgers[ledger.part] = ledger
            _log_progress(ledger, seconds, f"{len(ledgers)}/{len(files)}")
    in_order = [ledgers[source.part] for source in sources]
    write_ledger(in_order, cache / LEDGER)
    failed = [ledger.failed for ledger in in_order if ledger.failed]
    if len(failed) > dataset.allow_failed:
        raise ValueError(
            f"{len(failed)} of {len(files)} files failed, {dataset.allow_failed} may; "
            f"see {cache / LEDGER}:\n  " + "\n  ".join(failed)
        )
    log.info("all files: %s", json.dumps(add_up(in_order)))
    _publish(cache, folder)


def skim_file(source: Source, *, dataset: Dataset, made: Provenance | None) -> Report:
    """Skim one file into its part, unless that was done before; say how long it took [s]."""
    provenance.remember(made)  # this may be another process than the job's
    start = time.monotonic()
    finished = source.folder / LEDGER
    if finished.exists():
        (ledger,) = read_ledger(finished)
        return ledger, 0.0
    try:
        ledger = _write_part(source, dataset)
    except UnreadableFileError as error:
        reason = " ".join(str(error).split())
        ledger = FileLedger(source.file, source.part, failed=reason)
    return ledger, time.monotonic() - start


def _write_part(source: Source, dataset: Dataset) -> FileLedger:
    """Write the part of one file and its ledger, both or neither."""
    plugin = plugins.load("datasets", dataset.reader)
    reader: BaseReader = plugin.Reader(plugin.Config(**dataset.options))
    cuts = Cuts(dataset.select)
    num_events = num_jets = 0
    notes: list[str] = []

    def kept() -> Iterator[Jets]:
        nonlocal num_events, num_jets
        for chunk in reader.read(source.file):
            num_events += chunk.num_events
            num_jets += chunk.num_jets
            notes.extend(chunk.notes)
            yield from cuts.kept(chunk)

    with whole_folder(source.folder) as unfinished:
        details = provenance_of(source.file, dataset)
        num_kept = write_stream(gathered(kept()), unfinished, provenance=details)
        ledger = FileLedger(
            source.file,
            source.part,
            events=num_events,
            jets=num_jets,
            kept=num_kept,
            cut=cuts.cut,
            notes=(*notes, *cuts.notes),
        )
        write_ledger([ledger], unfinished / LEDGER)
    return ledger


def gathered(stream: Iterable[Jets]) -> Iterator[Jets]:
    """Join jets until they fill a row group."""
    waiting: list[Jets] = []
    for jets in stream:
        waiting.append(jets)
        if sum(map(len, waiting)) >= ROWS_PER_GROUP:
            yield concatenate(waiting)
            waiting = []
    if waiting:
        yield concatenate(waiting)


def provenance_of(file: str, dataset: Dataset) -> dict[str, str]:
    """Say where the jets of a part come from."""
    return {
        "source": file,
        "source_bytes": str(Path(file).stat().st_size) if "://" not in file else "",
        "reader": dataset.reader,
        "options": json.dumps(dataset.options, sort_keys=True),
        "select": dataset.select,
    }


@contextmanager
def workers(processes: int, *, scheduler: str) -> Iterator[Run]:
    """Yield a function like `map`, whose results come in the order in which they are finished.

    The processes are started as programs, not forked or spawned, so that a script needs no guard.
    """
    if processes == 1 and not scheduler:
        yield map
        return
    from distributed import Client
    from distributed.deploy.subprocess import SubprocessCluster

    logging.getLogger("distributed.deploy").setLevel(logging.WARNING)
    with ExitStack() as stack:
        cluster = scheduler or stack.enter_context(
            SubprocessCluster(
                n_workers=processes,
                threads_per_worker=1,
                dashboard_address=":0",
                scheduler_kwargs={"idle_timeout": IDLE_SECONDS},
            )
        )
        yield partial(_run_on, stack.enter_context(Client(cluster)))


def _run_on(
    client: "Client", task: Callable[[Source], Report], sources: Sequence[Source]
) -> Iterator[Report]:
    from distributed import as_completed

    futures = client.map(task, sources, pure=False)
    for future in as_completed(futures):
        yield future.result()


def _log_progress(ledger: FileLedger, seconds: float, progress: str) -> None:
    if ledger.failed:
        log.error("%s failed: %s", progress, ledger.failed)
    elif not seconds:
        log.info("%s %s: %d jets kept, done before", progress, ledger.file, ledger.kept)
    else:
        log.info(
            "%s %s: %d events, %d jets, %d kept, %.0f events/s",
            progress,
            ledger.file,
            ledger.events,
            ledger.jets,
            ledger.kept,
            ledger.events / seconds,
        )


def _publish(cache: Path, folder: Path) -> None:
    """Make the complete cache the result; what killed tasks left there goes."""
    for unfinished in cache.glob(".writing-*"):
        shutil.rmtree(unfinished)
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    cache.replace(folder)
