"""What a process keeps of the memory that it has freed."""

import subprocess
import sys

import pytest

NUM_BYTES = 2**26
COUNT_PAGES = f"""
import ctypes
from resource import RUSAGE_SELF, getrusage
from tagline.machine.memory import keep_freed_memory

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]

def pages():
    before = getrusage(RUSAGE_SELF).ru_minflt
    block = library.malloc({NUM_BYTES})
    library.memset(block, 1, {NUM_BYTES})
    library.free(block)
    return getrusage(RUSAGE_SELF).ru_minflt - before

fresh = pages()
keep_freed_memory()
pages()
print(fresh, pages())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU C library is told")
def test_memory_that_is_kept_is_not_fetched_page_by_page_again():
    done = subprocess.run(
        [sys.executable, "-c", COUNT_PAGES], text=True, capture_output=True, check=True
    )
    fresh, kept = map(int, done.stdout.split())
    assert fresh > 10 * kept
