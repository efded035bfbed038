"""Arrays that stay: zeros that take no memory until they are written."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from segmentd.engine.facts.lasting import OWN_MAPPING_BYTES, grown, lasting

MEBIBYTE = 1 << 20


def held_bytes() -> int:
    """What the process holds in memory of its own."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    line = next(line for line in lines if line.startswith("RssAnon:"))
    return int(line.split()[1]) << 10


@pytest.mark.parametrize("count", [0, 1, OWN_MAPPING_BYTES // 8 - 1, OWN_MAPPING_BYTES // 8, MEBIBYTE])
def test_zeros_that_can_be_written(count: int) -> None:
    """An array of any length is zeros, and keeps what is written."""
    array = lasting(count, np.int64)
    assert len(array) == count
    assert not array.any()
    array[:] = np.arange(count)
    assert array.sum() == count * (count - 1) // 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process holds in /proc")
@pytest.mark.parametrize("sparse", [False, True])
def test_what_is_not_written_takes_no_memory(sparse: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Of 256 MiB of which four are written, about four are held, and none when the array has gone."""
    before = held_bytes()
    array = lasting(256 * MEBIBYTE, np.uint8, sparse=sparse)
    array[: 4 * MEBIBYTE] = 1
    assert 4 * MEBIBYTE <= held_bytes() - before < 16 * MEBIBYTE
    del array
    assert held_bytes() - before < 4 * MEBIBYTE


@pytest.mark.parametrize("capacity", [10, MEBIBYTE])
def test_a_grown_array_begins_alike(capacity: int) -> None:
    """A larger array has the values of the smaller one, and zeros after them."""
    larger = grown(np.arange(10, dtype=np.int32), capacity)
    assert larger[:10].tolist() == list(range(10))
    assert len(larger) == capacity
    assert not larger[10:].any()
