"""Memory of a process that computes on a CPU: what is freed stays with it.

A C library returns freed memory to the system when a tensor is large (of 32 MB and more, always),
and the system fills each page with zeros when it is asked for again. For networks of pairs that
took more than half of the time of a training step.
"""

import ctypes
import logging

MMAP_MAX, TRIM_THRESHOLD = -4, -1  # of mallopt in glibc's malloc.h: mappings, what is returned
NO_MAPPINGS, NEVER = 0, -1

logger = logging.getLogger(__name__)


def keep_freed() -> None:
    """Let this process keep what it frees, where its C library is glibc.

    A process is then as large as it was at its largest, and somewhat larger, since what is freed
    has gaps.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        logger.info("the C library has no mallopt: freed memory goes back to the system")
        return
    mallopt(MMAP_MAX, NO_MAPPINGS)
    mallopt(TRIM_THRESHOLD, NEVER)
