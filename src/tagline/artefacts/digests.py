"""Checksums of files as archives publish them."""

import hashlib
import zlib
from pathlib import Path

BLOCK = 1 << 20  # bytes


def checksum_of(path: Path, algorithm: str) -> str:
    """Return the hexadecimal digits of a file's checksum, by adler32 or what hashlib has."""
    with path.open("rb") as file:
        if algorithm != "adler32":
            return hashlib.file_digest(file, algorithm).hexdigest()
        value = 1
        while block := file.read(BLOCK):
            value = zlib.adler32(block, value)
        return f"{value:08x}"


def wrong_checksum(path: Path, checksum: str) -> str:
    """Return the checksum that a file has instead of the right one; nothing if it is right.

    Args:
        path: the file.
        checksum: `ALGORITHM:DIGITS`, of which leading zeros may lack; empty if none is known.
    """
    algorithm, _, expected = checksum.partition(":")
    if not algorithm:
        return ""
    found = checksum_of(path, algorithm)
    return "" if int(found, 16) == int(expected, 16) else f"{algorithm}:{found}"
