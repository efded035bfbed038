"""Interned texts through kernels: numbers of texts, and the hash table that finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.readonly import readonly
from segmentd.kernels.facts.texts import add_texts, copy_entries, drop_texts, find_texts

Numbers = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]

MIN_BITS: Final = 6
"""The smallest table has 64 entries."""

FULL: Final = 0.75
"""A table more than so full is made larger: searches grow long."""


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
        shift_of(table),
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
        shift_of(table),
        readonly(secrets),
        out,
    )
    return out, int(grown)


def drop(pool: Bytes, count: int, kept: int, table: Words, secrets: Words) -> None:
    """Take the texts from number `kept` on out of a table, which was not copied since they were added."""
    address = pool.data.ctypes.data
    drop_texts(address, readonly(pool.offsets), count, kept, table, shift_of(table), readonly(secrets))


def bits_for(count: int) -> int:
    """The binary logarithm of the entries of a table for so many texts."""
    bits = MIN_BITS
    while count > FULL * 2**bits:
        bits += 1
    return bits


def copy_table(table: Words, renumbered: Numbers, bits: int) -> Words:
    """A table of 2**bits entries with those of another, under new numbers; what is renumbered to -1 is left out."""
    copied = np.zeros(1 << bits, np.uint64)
    copy_entries(readonly(table), readonly(renumbered), 32 - bits, copied)
    return copied


def shift_of(table: Words) -> int:
    """How far a hash of 32 bits is shifted to be a place in the table."""
    return 32 - (len(table).bit_length() - 1)
