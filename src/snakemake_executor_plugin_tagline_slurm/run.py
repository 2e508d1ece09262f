"""One run a folder: its name in Slurm, and the lock that keeps a second Snakemake out."""

import errno
import fcntl
import os
import socket
import uuid
from pathlib import Path
from typing import TextIO

from snakemake_interface_common.exceptions import WorkflowError

WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # some shared filesystems


def run_id(path: Path) -> str:
    """Return the name of all jobs of this folder, made once."""
    if not path.exists():
        path.write_text(f"tagline-{uuid.uuid4()}")
    return path.read_text()


def lock(path: Path) -> TextIO:
    """Hold a lock for as long as this process lives.

    Raises:
        WorkflowError: another process holds it.
    """
    held = path.open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        holder = held.read()
        held.close()
        raise WorkflowError(f"another Snakemake works in this folder: {holder}") from None
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
    held.truncate(0)
    held.write(f"process {os.getpid()} on {socket.gethostname()}")
    held.flush()
    return held
