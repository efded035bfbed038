"""Rows of one id as one record: their lists joined in the order of the rows, other fields as the first row has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.facts.imports.mapping import ID
from segmentd.facts.imports.texts import LISTS
from segmentd.facts.records import RowNumbers, Said

MAX_JOINED_BYTES: Final = 512 << 20
"""Records of a file that are joined are in memory together."""


@dataclass(frozen=True, slots=True, eq=False)
class JoinedRows:
    """Records, the first row of each, how many rows each was made of, and by field which records say it."""

    table: pa.Table
    rows: RowNumbers
    sizes: RowNumbers
    said: Mapping[str, Said]


def join_rows(table: pa.Table, rows: RowNumbers, said: Mapping[str, Said]) -> JoinedRows:
    """One record an id, in the order in which the ids come first. `rows`: the number of each row.

    `said`: by field, which rows say it. A list is said where any of its rows says it.
    """
    codes = table.column(ID).combine_chunks().dictionary_encode(null_encoding="encode").indices
    groups = codes.to_numpy(zero_copy_only=False)
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    first = order[starts[:-1]]
    ordered = table.take(pa.array(order))
    columns = {
        name: _joined(ordered.column(name).combine_chunks(), starts)
        if ordered.schema.field(name).type == LISTS
        else table.column(name).take(pa.array(first))
        for name in table.column_names
    }
    joined_said = {
        name: np.logical_or.reduceat(each[order], starts[:-1])
        if ordered.schema.field(name).type == LISTS
        else each[first]
        for name, each in said.items()
    }
    return JoinedRows(pa.table(columns), rows[first], sizes, joined_said)


def _joined(lists: pa.ListArray, starts: RowNumbers) -> pa.ListArray:
    """The lists from each start to the next as one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.ListArray.from_arrays(pa.array(ends[starts].astype(np.int32)), lists.flatten())
