"""Memory that is freed stays with the process, so that the next step finds it in place.

Without this, the C library gives each large tensor back to the kernel and asks for the next one
anew, and the kernel then makes and clears its pages one by one: writing into fresh memory took a
virtual machine five times as long as writing into old memory, and training steps of 256 jets 1.33
(particle transformer), 1.18 (ParticleNet), 1.12 (P-CNN) and 1.11 times (CNN) as much CPU time.
The results are the same bit for bit. The process keeps its largest size to its end.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt(3)
NEVER_TRIM = 2**31 - 1
LARGEST_IN_HEAP = 2**30  # bytes; only larger blocks, such as all jets of a task, are mapped


def keep_freed_memory() -> None:
    """Tell the C library, where it is the GNU one, which alone knows these parameters."""
    library = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(library, "gnu_get_libc_version"):
        library.mallopt(TRIM_THRESHOLD, NEVER_TRIM)
        library.mallopt(MMAP_THRESHOLD, LARGEST_IN_HEAP)
