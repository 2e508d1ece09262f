"""Checksums of what a job reads: of files, of folders, and of JSON without its timings.

A training study reads one folder hundreds of times. The checksum of a large file is kept, and read
again, as long as the file's size, modification and status times are what they were; nothing but
the kernel sets the last.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from tagline.artefacts.files import whole_file

CACHE = Path("results/.checksums")
WORTH_KEEPING = 1_000_000  # bytes, which take about a millisecond
REMOTE = "remote"
TIMINGS = {"attempts", "seconds", "jets_per_second", "usage"}


def checksum(path: str, *, cache: Path | None) -> str:
    """Return the checksum of a file or folder, REMOTE for a URL.

    Args:
        path: a folder's hidden files do not count.
        cache: where checksums of large files are kept; None to read every byte again.
    """
    if "://" in path:
        return REMOTE
    if Path(path).is_dir():
        return f"sha256-files:{_of_folder(Path(path), cache)}"
    if path.endswith(".json"):
        return f"sha256-untimed:{_of_json(Path(path))}"
    return f"sha256:{_of_file(Path(path), cache)}"


def _of_folder(folder: Path, cache: Path | None) -> str:
    """Hash names and checksums of all files inside."""
    names = sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    lines = [
        f"{name.as_posix()} {checksum(str(folder / name), cache=cache)}\n"
        for name in names
        if not any(part.startswith(".") for part in name.parts)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _of_json(path: Path) -> str:
    """Hash the content of JSON without TIMINGS, which differ between two runs of one commit."""
    content = without_timings(json.loads(path.read_bytes()))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def without_timings(values: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Return JSON values without the keys TIMINGS at any depth."""
    if isinstance(values, dict):
        return {key: without_timings(values[key]) for key in values if key not in TIMINGS}
    if isinstance(values, list):
        return [without_timings(value) for value in values]
    return values


def _of_file(path: Path, cache: Path | None) -> str:
    """Hash the bytes of a file, or return the hash that is kept of this state of it."""
    found = path.stat()
    if cache is None or found.st_size < WORTH_KEEPING:
        return _hash(path)
    state = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    kept = cache / hashlib.sha256(str(path).encode()).hexdigest()[:32]
    if kept.exists():
        known_state, _, known = kept.read_text().rpartition(" ")
        if known_state == state:
            return known
    with whole_file(kept) as unfinished:
        unfinished.write_text(f"{state} {(hashed := _hash(path))}")
    return hashed


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
