"""The skim: ROOT files become two flat Parquet tables each, and every jet is accounted for.

One task a file; a task writes its own part, so that no arrays travel. Finished parts wait in a
cache until all are there: a run that was killed or failed goes on with the rest. Files that fail
for a reason that may pass are tried again when all others are done.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tagline.artefacts import provenance
from tagline.reading.clusters import THIS_MACHINE, Run, Task, workers
from tagline.reading.ledger import LEDGER, add_up, write_ledger
from tagline.reading.manifest import listed
from tagline.reading.parts import Report, Source, skim_file
from tagline.reading.patience import ROUNDS
from tagline.reading.progress import Progress
from tagline.settings.catalogue import Dataset, Skim
from tagline.settings.records import ListedFile

log = logging.getLogger(__name__)


def skim(
    files: Sequence[str | ListedFile],
    *,
    dataset: Dataset,
    folder: Path,
    processes: int,
    cache: Path,
    where: Skim = THIS_MACHINE,
    memory_mb: int = 3000,
    performance: Path | None = None,
) -> None:
    """Skim files into `folder`, which appears whole when all of them are done.

    Args:
        files: paths or URLs, or what is known of them.
        dataset: their reader, its options, and the selection.
        folder: gets a folder a part, with jets and constituents, and the ledger.
        processes: tasks at once on this machine.
        cache: where finished parts wait, on the same file system as `folder`.
        where: the files are read, if not on this machine.
        memory_mb: of this machine that they may use.
        performance: gets Dask's report of what happened when.

    Raises:
        ValueError: more files failed than the dataset allows.
    """
    named = {each.path: each for each in listed([file for file in files if isinstance(file, str)])}
    known = [named[file] if isinstance(file, str) else file for file in files]
    sources = [Source(file, cache / f"{number:04d}") for number, file in enumerate(known)]
    task = partial(skim_file, dataset=dataset, made=provenance.current())
    processes = min(processes, len(files))
    with workers(where, processes=processes, memory_mb=memory_mb, performance=performance) as run:
        reports = skim_in_rounds(run, task, sources)
    in_order = [reports[source.part].ledger for source in sources]
    write_ledger(in_order, cache / LEDGER)
    failed = [ledger.failed for ledger in in_order if ledger.failed]
    if len(failed) > dataset.allow_failed:
        raise ValueError(
            f"{len(failed)} of {len(files)} files failed, {dataset.allow_failed} may; "
            f"see {cache / LEDGER}:\n  " + "\n  ".join(failed)
        )
    log.info("all files: %s", json.dumps(add_up(in_order)))
    _publish(cache, folder, keep=bool(failed))


def skim_in_rounds(run: Run, task: Task, sources: Sequence[Source]) -> dict[str, Report]:
    """Return the last report of each part; what may pass is tried again at the end."""
    progress = Progress(len(sources))
    waiting = list(sources)
    for pause in ROUNDS:
        if pause:
            log.info("%d files are tried again in %g s", len(waiting), pause)
            time.sleep(pause)
        for report in run(task, waiting):
            progress.add(report)
            _log(report, progress.line())
        waiting = [
            replace(source, attempts=progress.reports[source.part].ledger.attempts)
            for source in waiting
            if progress.reports[source.part].may_pass
        ]
        if not waiting:
            break
    return progress.reports


def _log(report: Report, progress: str) -> None:
    ledger = report.ledger
    if ledger.failed:
        log.error("failed: %s", ledger.failed)
    elif not report.seconds:
        log.info("%s: %d jets kept, done before", ledger.file, ledger.kept)
    else:
        rate = ledger.events / report.seconds
        counts = f"{ledger.events} events, {ledger.jets} jets, {ledger.kept} kept"
        log.info("%s: %s, %.0f events/s", ledger.file, counts, rate)
    log.info(progress)


def _publish(cache: Path, folder: Path, *, keep: bool) -> None:
    """Make the complete cache the result; what killed tasks left there goes.

    Where files failed that may, the cache stays, with links to the same files, so that another run
    reads those alone.
    """
    for unfinished in cache.glob(".writing-*"):
        shutil.rmtree(unfinished)
    if folder.exists():
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not keep:
        cache.replace(folder)
        return
    linked = cache.with_name(f"{cache.name}.linked")
    shutil.rmtree(linked, ignore_errors=True)
    shutil.copytree(cache, linked, copy_function=os.link)
    linked.replace(folder)
