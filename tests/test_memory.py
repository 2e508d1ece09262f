"""Memory that is freed and taken again."""

import subprocess
import sys

FAULTS_OF_THE_SECOND = """
import ctypes, resource
from tagline.memory import keep_freed

{prepare}
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
size = 64 * 2**20

def fill():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = ctypes.c_void_p(libc.malloc(ctypes.c_size_t(size)))
    ctypes.memset(block, 1, size)
    libc.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fill()
print(fill())
"""
FEW = 100  # pages


def faults(prepare):
    script = FAULTS_OF_THE_SECOND.format(prepare=prepare)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_freed_memory_needs_no_new_pages():
    assert faults("") > FEW
    assert faults("keep_freed()") < FEW
