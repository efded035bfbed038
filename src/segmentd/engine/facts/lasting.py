"""Arrays that stay for long: in memory of their own, that is only there where it was written to."""

from __future__ import annotations

import mmap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

OWN_MAPPING_BYTES: Final = 256 << 10
"""What is smaller comes out of the heap; a process has some 65,000 mappings at most."""

HUGE_PAGES_BYTES: Final = 4 << 20
"""From here on the system is asked for pages of 2 MiB, as NumPy does: places are looked up all over an array."""

_FLAGS: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


def lasting(count: int, dtype: npt.DTypeLike, *, sparse: bool = False) -> npt.NDArray[Any]:
    """So many zeros. What nobody writes to takes no memory, and all of it is given back with the array.

    Out of the heap, arrays that stay lie between those that go, whose memory can then not be given back; and zeros take
    memory there where others lay before. `sparse`: few places are ever written, so that a page is better a small one.
    """
    element = np.dtype(dtype)
    size = count * element.itemsize
    if size < OWN_MAPPING_BYTES:
        return np.zeros(count, element)
    mapping = mmap.mmap(-1, size, flags=_FLAGS)
    if size >= HUGE_PAGES_BYTES and not sparse and hasattr(mmap, "MADV_HUGEPAGE"):
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(mapping, element, count)


def grown(array: npt.NDArray[Any], capacity: int) -> npt.NDArray[Any]:
    """A larger array with the same beginning, and zeros after it."""
    larger = lasting(capacity, array.dtype)
    larger[: len(array)] = array
    return larger
