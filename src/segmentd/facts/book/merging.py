"""Merging a table's tail into its prefix: when it is due, and which rows in which order the new prefix has."""

from __future__ import annotations

from typing import Final

from segmentd.facts.book.field import FieldView, Prefix
from segmentd.facts.book.sorting import Sorted, gathered, sorted_rows
from segmentd.facts.book.table import Table

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
    view = table.view(version)
    rows = sorted_rows(view, owners)
    prefixes = {name: _merged(kept, rows) for name, kept in view.fields.items()}
    table.rebase(prefixes, rows.offsets, version, spare=spare_for(rows.count))


def _merged(kept: FieldView, rows: Sorted) -> Prefix:
    """The field's prefix of these rows."""
    known = 0 if kept.pool is None else kept.pool.count
    cells = gathered(kept, rows, known)
    return Prefix(cells.values, cells.present, known)
