"""Rows of a book's tables through kernels: values and codes of some rows, chains of an owner's rows, their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.readonly import readonly
from segmentd.kernels.facts.rows import (
    count_items,
    link_rows,
    note_owners,
    order_items,
    place_rows,
    take_codes,
    take_rows,
    unlink_rows,
)

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Values = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """Which rows a version sees: see `kernels/facts/rows.py`."""

    died: Numbers
    tail_died: Numbers
    tail_rows: int
    mark: int


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Where an owner's rows are: `offsets[owners + 1]` of the prefix, `heads[owners]` and `links[rows]` of the tail."""

    offsets: Rows
    heads: Numbers
    links: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """Rows by time and arrival: those of the owner at place i are `starts[i]` to before `starts[i + 1]`."""

    starts: Rows
    rows: Rows
    times: Rows


def take(prefix: Values, tail: Values, rows: Rows) -> Values:
    """The values of some rows of a prefix and its tail, of 1, 4 or 8 bytes each."""
    out = np.empty(len(rows), prefix.dtype)
    written = out.view(np.int64) if out.dtype == np.float64 else out
    take_rows(readonly(prefix), readonly(tail), readonly(rows), written)
    return out


def take_coded(prefix: Numbers, tail: Numbers, rows: Rows, prefix_missing: int, missing: int) -> Numbers:
    """The codes of some rows, `missing` for no value, which is `prefix_missing` in the prefix and -1 in the tail."""
    out = np.empty(len(rows), np.int32)
    take_codes(readonly(prefix), readonly(tail), readonly(rows), prefix_missing, missing, out)
    return out


def link(owners: Numbers, first: int, end: int, heads: Numbers, links: Numbers) -> None:
    """Put the tail's rows `first` to before `end` into the chains of their owners."""
    link_rows(readonly(owners), first, end, heads, links)


def unlink(owners: Numbers, first: int, end: int, heads: Numbers, links: Numbers) -> None:
    """Take the last rows of the tail out of the chains."""
    unlink_rows(readonly(owners), first, end, heads, links)


def note(owners: Numbers, is_noted: npt.NDArray[np.uint8], noted: Numbers, count: int) -> int:
    """Append owners that are not noted yet to `noted`, which has the room; how many there are then."""
    return int(note_owners(readonly(owners), is_noted, noted, count))


def placed(prefix: Numbers, tail: Numbers, lives: Lives, numbers: int) -> Rows:
    """The living row of each number, -1 where there is none. `prefix`, `tail`: the number of each row."""
    out = np.full(numbers, -1, np.int64)
    place_rows(
        readonly(prefix),
        readonly(tail),
        lives.tail_rows,
        readonly(lives.died),
        readonly(lives.tail_died),
        lives.mark,
        out,
    )
    return out


def ordered(owners: Numbers, chains: Chains, lives: Lives, times: Rows, tail_times: Rows) -> Ordered:
    """The living rows of owners, each one's by time and arrival."""
    owners, died, tail_died = readonly(owners), readonly(lives.died), readonly(lives.tail_died)
    offsets, heads, links = readonly(chains.offsets), readonly(chains.heads), readonly(chains.links)
    starts = np.empty(len(owners) + 1, np.int64)
    most = count_items(owners, offsets, died, heads, links, tail_died, lives.tail_rows, lives.mark, starts)
    rows, row_times = np.empty(starts[-1], np.int64), np.empty(starts[-1], np.int64)
    order_items(
        owners,
        offsets,
        died,
        readonly(times),
        heads,
        links,
        tail_died,
        readonly(tail_times),
        lives.tail_rows,
        lives.mark,
        readonly(starts),
        rows,
        row_times,
        np.empty(most, np.int64),
        np.empty(most, np.int64),
    )
    return Ordered(starts, rows, row_times)
