"""Rows that count, and rows that make an owner unknown, as planes; all rows count where the plane is empty."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.members.bits import ones_of


@inline_kernel
def is_set(plane: Any, row: int) -> Any:
    """Whether the row's bit is set."""
    return (plane[row >> 6] >> np.uint64(row & 63)) & np.uint64(1) != np.uint64(0)


@inline_kernel
def counts_row(kept: Any, row: int) -> Any:
    """Whether the row counts."""
    return kept.shape[0] == 0 or is_set(kept, row)


@inline_kernel
def kept_bits(kept: Any, word: int, start: int, stop: int) -> Any:
    """The bits of a word that belong to rows from `start` to before `stop`, which are not all before or after it."""
    bits = kept[word]
    first = start - word * 64
    if first > 0:
        bits &= ~np.uint64(0) << np.uint64(first)
    last = stop - word * 64
    if last < 64:
        bits &= (np.uint64(1) << np.uint64(last)) - np.uint64(1)
    return bits


@inline_kernel
def first_kept(kept: Any, start: int, stop: int) -> int:
    """The first row that counts, `stop` where none does."""
    while start < stop and not counts_row(kept, start):
        start += 1
    return start


@inline_kernel
def last_kept(kept: Any, start: int, stop: int) -> int:
    """The last row that counts, `start - 1` where none does."""
    row = stop - 1
    while row >= start and not counts_row(kept, row):
        row -= 1
    return row


@kernel
def mark_poisoned(offsets: Any, starts: Any, stops: Any, poison: Any, first: int, last: int, unknown: Any) -> None:
    """Set `unknown` of the owners with a row in `poison`."""
    for owner in range(first, last):
        for pair in range(offsets[owner], offsets[owner + 1]):
            row, stop = starts[pair], stops[pair]
            while row < stop:
                if row & 63 == 0 and poison[row >> 6] == np.uint64(0):
                    row += 64
                elif is_set(poison, row):
                    unknown[owner] = 1
                    break
                else:
                    row += 1


@kernel
def count_rows(offsets: Any, starts: Any, stops: Any, kept: Any, first: int, last: int, counts: Any) -> None:
    """How many rows of each owner count."""
    for owner in range(first, last):
        count = 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            if kept.shape[0] == 0:
                count += max(stops[pair] - starts[pair], 0)
            else:
                start, stop = starts[pair], stops[pair]
                if start < stop:
                    for word in range(start >> 6, ((stop - 1) >> 6) + 1):
                        count += ones_of(kept_bits(kept, word, start, stop))
        counts[owner] = count


@kernel
def most_rows(offsets: Any, starts: Any, stops: Any, first: int, last: int) -> int:
    """The greatest number of rows of an owner."""
    most = 0
    for owner in range(first, last):
        rows = 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            rows += max(stops[pair] - starts[pair], 0)
        most = max(most, rows)
    return most


@kernel
def find_ends(
    offsets: Any, starts: Any, stops: Any, kept: Any, times: Any, first: int, last: int, first_rows: Any, last_rows: Any
) -> None:
    """The first and the last row of each owner by time that counts, -1 where none does.

    Of rows at the same time those of the pair before come first.
    """
    for owner in range(first, last):
        earliest, latest = -1, -1
        for pair in range(offsets[owner], offsets[owner + 1]):
            start, stop = starts[pair], stops[pair]
            row = first_kept(kept, start, stop)
            if row < stop:
                if earliest < 0 or times[row] < times[earliest]:
                    earliest = row
                row = last_kept(kept, start, stop)
                if latest < 0 or times[row] >= times[latest]:
                    latest = row
        first_rows[owner] = earliest
        last_rows[owner] = latest
