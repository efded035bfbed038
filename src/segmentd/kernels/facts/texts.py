"""Interned texts: an open-addressing table from texts to dense numbers.

An entry of the table is 64 bits: the upper 32 of the text's hash, and its number + 1; 0 is empty. The hash times the
number of entries, without the lower 32 bits, is the place where the search begins (D. Lemire, Fast random integer
generation in an interval, 2019), so entries lie in the order of their hashes, tables have any size, and one is copied
into a larger one from front to back. Nothing is ever removed but what was added last, so readers may look up what they
know while the one writer adds: they pass over numbers that are not yet theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.hashing import hash_bytes, same_bytes
from segmentd.kernels.members.bits import copy_bytes


@inline_kernel
def _place_of(tag: Any, entries: Any) -> Any:
    """Where in a table of so many entries the search for a hash begins."""
    return np.int64((tag * np.uint64(entries)) >> np.uint64(32))


@inline_kernel
def _find(address: Any, size: Any, tag: Any, place: Any, pool: int, pool_offsets: Any, count: int, table: Any) -> Any:
    """The number of a text below `count` or -1, and the place of its entry or of the empty one."""
    entries = table.shape[0]
    while True:
        entry = table[place]
        if entry == np.uint64(0):
            return -1, place
        if entry >> np.uint64(32) == tag:
            number = np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
            if number < count:
                start = np.int64(pool_offsets[number])
                length = np.int64(pool_offsets[number + 1]) - start
                if length == size and same_bytes(address, pool + start, size):
                    return number, place
        place += 1
        if place == entries:
            place = 0


@kernel
def find_texts(
    texts: int, offsets: Any, pool: int, pool_offsets: Any, count: int, table: Any, secrets: Any, out: Any
) -> None:
    """The numbers of texts that the pool has among its first `count`, -1 of others.

    `texts`, `pool`: addresses of bytes. `offsets`: int32[n + 1]. `out`: int32[n].
    """
    for i in range(out.shape[0]):
        address = texts + np.int64(offsets[i])
        size = np.int64(offsets[i + 1]) - np.int64(offsets[i])
        tag = hash_bytes(address, size, secrets) >> np.uint64(32)
        place = _place_of(tag, table.shape[0])
        out[i] = _find(address, size, tag, place, pool, pool_offsets, count, table)[0]


@kernel
def add_texts(
    texts: int, offsets: Any, pool: int, pool_offsets: Any, count: int, table: Any, secrets: Any, out: Any
) -> int:
    """As `find_texts`, adding what the pool lacks; the pool's number of texts then. Pool and table have the room."""
    end = np.int64(pool_offsets[count])
    for i in range(out.shape[0]):
        address = texts + np.int64(offsets[i])
        size = np.int64(offsets[i + 1]) - np.int64(offsets[i])
        tag = hash_bytes(address, size, secrets) >> np.uint64(32)
        first = _place_of(tag, table.shape[0])
        number, place = _find(address, size, tag, first, pool, pool_offsets, count, table)
        if number < 0:
            number = count
            copy_bytes(pool + end, address, size)
            end += size
            count += 1
            pool_offsets[count] = end
            table[place] = (tag << np.uint64(32)) | np.uint64(count)
        out[i] = number
    return count


@kernel
def drop_texts(pool: int, pool_offsets: Any, count: int, kept: int, table: Any, secrets: Any) -> None:
    """Empty the entries of the last texts, from `kept` on, the newest first; the table was not copied since."""
    entries = table.shape[0]
    for number in range(count - 1, kept - 1, -1):
        start = np.int64(pool_offsets[number])
        size = np.int64(pool_offsets[number + 1]) - start
        tag = hash_bytes(pool + start, size, secrets) >> np.uint64(32)
        place = _place_of(tag, entries)
        wanted = (tag << np.uint64(32)) | np.uint64(number + 1)
        while table[place] != wanted:
            place += 1
            if place == entries:
                place = 0
        table[place] = np.uint64(0)


@kernel
def copy_entries(table: Any, count: int, renumbered: Any, out: Any) -> None:
    """Copy a table's entries of numbers below `count` into an empty table, under new numbers.

    Those renumbered to -1 are left; `renumbered` is empty where all stay as they are.
    """
    entries = out.shape[0]
    stays = renumbered.shape[0] == 0
    for i in range(table.shape[0]):
        entry = table[i]
        number = np.int64(entry & np.uint64(0xFFFFFFFF)) - 1
        if number < 0 or number >= count:
            continue
        if not stays:
            number = np.int64(renumbered[number])
            if number < 0:
                continue
        place = _place_of(entry >> np.uint64(32), entries)
        while out[place] != np.uint64(0):
            place += 1
            if place == entries:
                place = 0
        out[place] = (entry & np.uint64(0xFFFFFFFF00000000)) | np.uint64(number + 1)
