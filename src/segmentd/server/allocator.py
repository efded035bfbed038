"""What the process does with memory that was freed: it keeps some for the next request."""

from __future__ import annotations

import ctypes
import os
from typing import Final

import pyarrow as pa

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
"""Parameters of glibc's `mallopt`, see mallopt(3)."""

KEPT_BYTES: Final = 64 << 20
"""Free memory at the end of an arena beyond which it is given back."""

GROWTH_BYTES: Final = 8 << 20
"""By how much more than needed an arena grows."""

OWN_MAPPING_BYTES: Final = 32 << 20
"""What is larger gets a mapping of its own, and is given back when it is freed; more is not allowed."""

ARENAS: Final = min(max(os.cpu_count() or 1, 2), 8)
"""Heaps that threads share. By default there are eight a processor, and what each keeps for itself adds up."""


def keep_freed_memory() -> None:
    """Have requests of some megabytes, as streams bring them one after the other, read into memory that is there.

    By default glibc gives back what they took and asks for it again, and the system clears each page once more: a
    third of what the whole request takes. Of other C libraries nothing is asked.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, OWN_MAPPING_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_TOP_PAD, GROWTH_BYTES)
        mallopt(_ARENA_MAX, ARENAS)


def give_back_freed_memory() -> None:
    """Give back what is free between what is not, as after much was read or written; it takes some milliseconds."""
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
