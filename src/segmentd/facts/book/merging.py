"""Merging a table's tail into its prefix: when it is due, and which rows in which order the new prefix has."""

from __future__ import annotations

from typing import Final

import numpy as np

from segmentd.engine.facts.rows import Rows, ordered
from segmentd.facts.book.field import Field, Prefix
from segmentd.facts.book.owners import NOBODY
from segmentd.facts.book.table import ALL_VERSIONS, Table

MIN_TAIL: Final = 65_536
SETTLED_SHARE: Final = 64
"""While nobody writes, a tail of this part of the prefix is merged: a second's work that no batch waits for."""
TAIL_SHARE: Final = 4
"""A tail is merged when it has more rows than `MIN_TAIL` and than this part of the prefix."""

MAX_MARK: Final = 2**30
"""A table is merged before marks of versions come near to what 32 bits hold."""


def spare_for(rows: int) -> int:
    """How many rows of a tail to make room for beside so long a prefix. What is not written to takes no memory."""
    return max(MIN_TAIL if rows > MIN_TAIL else 0, rows // TAIL_SHARE * 5 // 4)


def needs_merge(table: Table, version: int) -> bool:
    """Whether the tail is long."""
    is_long = table.rows > max(MIN_TAIL, table.prefix_rows // TAIL_SHARE)
    return is_long or version - table.epoch > MAX_MARK


def is_unsettled(table: Table) -> bool:
    """Whether the tail is long enough to be merged while nobody writes."""
    return table.rows > max(MIN_TAIL, table.prefix_rows // SETTLED_SHARE)


def merge(table: Table, version: int, owners: int) -> None:
    """Make one prefix of what lives, all of which is published. `owners`: how many there are."""
    if not table.rows and version - table.epoch <= MAX_MARK and not table.died.any():
        return
    rows, offsets = _sorted(table, owners)
    prefixes = {name: _merged(kept, rows) for name, kept in table.fields.items()}
    table.rebase(prefixes, offsets, version, spare=spare_for(len(rows)))


def _sorted(table: Table, owners: int) -> tuple[Rows, Rows]:
    """The rows that live, by owner and time, and their offsets by owner; those without owners by their ids' numbers."""
    if table.index is None or table.time is None:
        rows = table.living()
        return rows[rows >= 0], NOBODY
    time, every = table.fields[table.time], np.arange(owners, dtype=np.int32)
    found = ordered(every, table.index.chains(), table.lives(ALL_VERSIONS), time.prefix.values, time.tail)
    return found.rows, found.starts


def _merged(kept: Field, rows: Rows) -> Prefix:
    """The field's prefix of these rows."""
    known = 0 if kept.pool is None else kept.pool.count
    cells = kept.view().cells(rows, known)
    present = None if cells.present is None or cells.present.all() else cells.present
    return Prefix(cells.values, present, known)
