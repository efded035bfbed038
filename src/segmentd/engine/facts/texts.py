"""Interned texts through kernels: numbers of texts, and the hash table that finds them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.lasting import lasting
from segmentd.engine.facts.readonly import readonly
from segmentd.kernels.facts.texts import add_texts, copy_entries, drop_texts, find_texts

Numbers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]

MIN_ENTRIES: Final = 64

FULL: Final = 0.85
"""A table more than so full is made larger: that a text is lacking is seen after 22 entries by then, side by side."""

FILLED: Final = 0.8
"""So full a table is made."""

EVERY: Final = np.zeros(0, np.int32)
"""The new numbers of texts that keep theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Bytes:
    """Texts one after the other: text i is the bytes `offsets[i]` to before `offsets[i + 1]` of `data`."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def size(self) -> int:
        """The bytes of all texts."""
        return int(self.offsets[-1]) - int(self.offsets[0])


def find(texts: Bytes, pool: Bytes, count: int, table: Words, secrets: Words) -> Numbers:
    """The numbers of texts among the first `count` of a pool, -1 where they are not there."""
    out = np.empty(len(texts), np.int32)
    offsets, pool_offsets = readonly(texts.offsets), readonly(pool.offsets)
    find_texts(
        texts.data.ctypes.data,
        offsets,
        pool.data.ctypes.data,
        pool_offsets,
        count,
        readonly(table),
        readonly(secrets),
        out,
    )
    return out


def add(texts: Bytes, pool: Bytes, count: int, table: Words, secrets: Words) -> tuple[Numbers, int]:
    """The numbers of texts in a pool, which gets those that it lacks, and its number of texts then.

    The pool's arrays and the table have room for all of the texts.
    """
    out = np.empty(len(texts), np.int32)
    grown = add_texts(
        texts.data.ctypes.data,
        readonly(texts.offsets),
        pool.data.ctypes.data,
        pool.offsets,
        count,
        table,
        readonly(secrets),
        out,
    )
    return out, int(grown)


def drop(pool: Bytes, count: int, kept: int, table: Words, secrets: Words) -> None:
    """Take the texts from number `kept` on out of a table, which was not copied since they were added."""
    address = pool.data.ctypes.data
    drop_texts(address, readonly(pool.offsets), count, kept, table, readonly(secrets))


def entries_for(count: int) -> int:
    """How many entries a table for so many texts is made with."""
    return max(MIN_ENTRIES, math.ceil(count / FILLED))


def is_full(table: Words, count: int) -> bool:
    """Whether a table has too few entries for so many texts."""
    return count > FULL * len(table)


def copy_table(table: Words, entries: int, count: int, renumbered: Numbers = EVERY) -> Words:
    """A table of so many entries with those of another, of its first `count` texts.

    `renumbered`: their new numbers, if they get some; what is renumbered to -1 is left out.
    """
    copied = lasting(entries, np.uint64)
    copy_entries(readonly(table), count, readonly(renumbered), copied)
    return copied
