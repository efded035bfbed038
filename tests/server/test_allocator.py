"""The server keeps some of the memory that requests have used."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

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


FRAGMENTS = """
from segmentd.server.allocator import give_back_freed_memory, keep_freed_memory

def held():
    line = next(line for line in open("/proc/self/status") if line.startswith("RssAnon:"))
    return int(line.split()[1]) << 10

keep_freed_memory()
kept = [bytes(100_000) for _ in range(1_000)]
before = held()
kept = kept[::10]
give_back_freed_memory()
print(before - held())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc gives back what is in between")
def test_memory_between_what_stays_is_given_back() -> None:
    """Of 100 MB, nine tenths of which were freed here and there, the system gets back most of those."""
    run = subprocess.run([sys.executable, "-c", FRAGMENTS], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 80_000_000
