"""Tasks of a skim whose processes die; in a module, so that other processes find them."""

import os
import signal

from tagline.reading import parts
from tagline.reading.parts import Report, Source, skim_file


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def once_in_a_write(source: Source, **options) -> Report:
    """Skim a file, but die when the second part is almost written, the first time."""
    died = source.folder.parent.parent / "died"
    if source.part == "0001" and not died.exists():
        died.parent.mkdir(exist_ok=True)
        died.touch()
        parts.write_ledger = lambda *_: die()
    return skim_file(source, **options)


def always_at_one_file(source: Source, **options) -> Report:
    """Skim a file, but die at the second, each time."""
    if source.part == "0001":
        die()
    return skim_file(source, **options)


def memory_limit(source: Source) -> Report:
    """Return the memory limit of the process as the size of a file."""
    from distributed import get_worker

    ledger = parts.FileLedger(source.file.path, source.part)
    return Report(ledger, num_bytes=get_worker().memory_manager.memory_limit)


def once_with_its_parent(source: Source, **options) -> Report:
    """Skim a file, but kill this process and the one that would restart it, the first time."""
    died = source.folder.parent.parent / f"died-{source.part}"
    if source.part in ("0000", "0001") and not died.exists():
        died.parent.mkdir(exist_ok=True)
        died.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        die()
    return skim_file(source, **options)
