"""One input file becomes one part of a skim: its jets that pass, and its account, or neither."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tagline.artefacts import provenance
from tagline.artefacts.files import whole_folder
from tagline.artefacts.provenance import Provenance
from tagline.data.jets import Jets, gathered, write_stream
from tagline.datasets import BaseReader, InterruptedFileError, UnreadableFileError, reading
from tagline.machine.memory import keep_freed_memory
from tagline.reading.arrival import arrived
from tagline.reading.cuts import Cuts
from tagline.reading.ledger import LEDGER, FileLedger, read_ledger, write_ledger
from tagline.settings import plugins
from tagline.settings.catalogue import Dataset
from tagline.settings.records import ListedFile


@dataclass(frozen=True)
class Source:
    """One input file, and the folder its jets go to, which is named as the part.

    Args:
        file: its path or URL, and what is known of it.
        folder: gets its jets.
        attempts: how often it was tried before.
    """

    file: ListedFile
    folder: Path
    attempts: int = 0

    @property
    def part(self) -> str:
        """Number of the file."""
        return self.folder.name


@dataclass(frozen=True)
class Report:
    """What came of one file.

    Args:
        ledger: its account.
        seconds: that it took; 0 if it was done before.
        num_bytes: size of the file; 0 if it failed or was done before.
        may_pass: whether a file that failed may do better another time.
    """

    ledger: FileLedger
    seconds: float = 0.0
    num_bytes: int = 0
    may_pass: bool = False


def skim_file(source: Source, *, dataset: Dataset, made: Provenance | None) -> Report:
    """Skim one file, or its copy at a mirror, into its part, unless that was done before."""
    provenance.remember(made)  # this may be another process than the job's
    keep_freed_memory()  # Dask has its processes give it back at once
    start = time.monotonic()
    finished = source.folder / LEDGER
    if finished.exists():
        (ledger,) = read_ledger(finished)
        return Report(ledger)
    errors: list[UnreadableFileError] = []
    for attempt, place in enumerate(dataset.places_of(source.file.path), source.attempts + 1):
        try:
            ledger, num_bytes = _write_part(source, place, dataset, attempts=attempt)
        except UnreadableFileError as error:
            errors.append(error)
        else:
            return Report(ledger, time.monotonic() - start, num_bytes)
    reason = "; ".join(" ".join(str(error).split()) for error in errors)
    ledger = FileLedger(source.file.path, source.part, failed=reason, attempts=attempt)
    may_pass = any(isinstance(error, InterruptedFileError) for error in errors)
    return Report(ledger, time.monotonic() - start, may_pass=may_pass)


def _write_part(
    source: Source, place: str, dataset: Dataset, *, attempts: int
) -> tuple[FileLedger, int]:
    """Write the part of one file and its ledger, both or neither; say how large the file is."""
    cuts = Cuts(dataset.select, need_constituents=dataset.reader_options.has_constituents)
    num_events = num_jets = 0
    notes: list[str] = []

    def kept(path: str) -> Iterator[Jets]:
        nonlocal num_events, num_jets
        with reading(path):
            for chunk in reader_of(dataset).read(path):
                num_events += chunk.num_events
                num_jets += chunk.num_jets
                notes.extend(chunk.notes)
                yield from cuts.kept(chunk)

    with (
        arrived(
            source.file, place, copy_first=dataset.copy_first, folder=source.folder.parent
        ) as (path, num_bytes),
        whole_folder(source.folder) as unfinished,
    ):
        details = provenance_of(source.file.path, num_bytes, dataset)
        num_kept = write_stream(gathered(kept(path)), unfinished, provenance=details)
        if source.file.events not in (None, num_events):
            expected = f"{source.file.events} were expected"
            raise UnreadableFileError(f"{place}: it has {num_events} events, {expected}")
        ledger = FileLedger(
            source.file.path,
            source.part,
            events=num_events,
            jets=num_jets,
            kept=num_kept,
            cut=cuts.cut,
            notes=tuple(note.replace(path, place) for note in (*notes, *cuts.notes)),
            attempts=attempts,
        )
        write_ledger([ledger], unfinished / LEDGER)
    return ledger, num_bytes


def reader_of(dataset: Dataset) -> BaseReader:
    """Return the reader of a dataset with its options."""
    plugin = plugins.load("datasets", dataset.reader)
    reader: BaseReader = plugin.Reader(plugin.Config(**dataset.options))
    return reader


def provenance_of(file: str, num_bytes: int, dataset: Dataset) -> dict[str, str]:
    """Say where the jets of a part come from."""
    return {
        "source": file,
        "source_bytes": str(num_bytes),
        "reader": dataset.reader,
        "options": json.dumps(dataset.options, sort_keys=True),
        "select": dataset.select,
    }
