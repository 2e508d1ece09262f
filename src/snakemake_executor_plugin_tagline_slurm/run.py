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
    """Return the name of all jobs of this folder, made once; a copy of the folder gets its own.

    A folder is known by its path or its inode, as another node may mount it elsewhere.
    """
    here = [str(path.parent.absolute()), str(path.parent.stat().st_ino)]
    new = f"tagline-{uuid.uuid4()}"
    lines = path.read_text().splitlines() if path.exists() else []
    name, *where = lines or [new]
    if where and not set(where) & set(here):
        name = new
    if lines != [name, *here]:
        path.write_text("\n".join([name, *here]))
    return name


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
