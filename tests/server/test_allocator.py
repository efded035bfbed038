"""The server keeps some of the memory that requests have used."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ctypes, resource
from segmentd.server.allocator import keep_freed_memory

def faults_of_16_mebibytes():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(b"x") * (16 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

keep_freed_memory()
faults_of_16_mebibytes()
print(hasattr(ctypes.CDLL(None), "mallopt"), faults_of_16_mebibytes())
"""


def test_memory_is_used_again_without_the_system() -> None:
    """With glibc, a second 16 MiB after the first were freed take no new pages: there would be 4,096 of 4 KiB."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    is_glibc, faults = run.stdout.split()
    assert is_glibc == "False" or int(faults) < 512
