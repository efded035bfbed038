"""Facts that happened before a moment, by their ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.rows import Lives, Numbers, Rows
from segmentd.facts.book.table_view import ID, TableView
from segmentd.facts.book.view import View
from segmentd.facts.kinds import TIME, RecordKind


def ids_before(view: View, kind: RecordKind, before_us: int, most: int) -> pa.StringArray:
    """The ids of facts of a kind whose time is before a moment, at most so many. KeyError for what has no time."""
    table = view.tables[kind]
    rows = _rows_before(table, TIME[kind], before_us)[:most]
    return table.ids_of(table.fields[ID].cells(rows).values)


def _rows_before(table: TableView, time: str, before_us: int) -> Rows:
    times, lives = table.fields[time], table.lives
    prefix = np.flatnonzero((times.prefix.values < before_us) & _living(lives.died, lives))
    died = lives.tail_died[: lives.tail_rows]
    tail = np.flatnonzero((times.tail[: lives.tail_rows] < before_us) & _living(died, lives))
    return np.concatenate([prefix, tail + table.prefix_rows]).astype(np.int64)


def _living(died: Numbers, lives: Lives) -> npt.NDArray[np.bool_]:
    return np.asarray((died == 0) | (died > lives.mark))
