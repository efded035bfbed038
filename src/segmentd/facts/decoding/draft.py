"""Records on their way: columns whose values fit their types, and ids as given, before what a kind asks is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.columns.build import RowLimit
from segmentd.columns.column import Column, ListColumn, TextColumn
from segmentd.columns.errors import TooManyRowsError
from segmentd.facts.decoding.faults import RowFaults, Wrong
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import Said
from segmentd.schema import Schema

MAX_ROWS: Final = 1 << 20
ROW_LIMIT: Final = RowLimit(MAX_ROWS)
"""Rows of a batch: 1 to 1,048,576."""

MAX_VALUES: Final = 1 << 25
"""Rows times fields of a batch: as many as the largest request has bytes, unless its operator lets more in."""

MAJOR_SCALE: Final = 4
"""Digits after the point of amounts that come in major units: no currency counts finer."""


def check_values(rows: int, fields: int) -> None:
    """TooManyRowsError if a batch may not have so many fields of so many rows, however few bytes they came in."""
    if rows * fields > MAX_VALUES:
        raise TooManyRowsError(rows, MAX_VALUES // fields)


@dataclass(slots=True)
class Draft:
    """Columns by field, all of `faults`' rows; `ids` has an empty text where none was given.

    `has_ids`: whether the batch has ids at all. `scales`, `said`: as in `RecordBatch`. `path`: the form's field in the
    request.
    """

    kind: RecordKind
    schema: Schema
    path: str
    columns: dict[str, Column]
    ids: pa.StringArray
    faults: RowFaults
    has_ids: bool = True
    scales: Mapping[str, int] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the client's batch has."""
        return len(self.ids)

    def says(self, name: str) -> Said:
        """Which rows say a field that the batch has."""
        said = self.said.get(name)
        return np.ones(self.rows, np.bool_) if said is None else said

    def text(self, name: str) -> TextColumn | None:
        """A column of text, or None where the batch does not have it."""
        column = self.columns.get(name)
        return column if isinstance(column, TextColumn) else None

    def lists(self, name: str) -> ListColumn | None:
        """A column of lists, or None where the batch does not have it."""
        column = self.columns.get(name)
        return column if isinstance(column, ListColumn) else None

    def reject_texts(self, name: str, wrong: Wrong, allowed: str) -> None:
        """Reject the rows that have a text for which `wrong`, a truth value an entry of the dictionary, is true."""
        column = self.text(name)
        if column is not None:
            of_rows = np.append(wrong, False)[column.codes]
            self.faults.reject(of_rows, name, allowed, text_of(column))

    def reject_lists(self, name: str, wrong: Wrong, allowed: str) -> None:
        """The same for a column of lists."""
        column = self.lists(name)
        if column is not None:
            codes, dictionary = column.codes, column.dictionary
            self.faults.reject(wrong[codes], name, allowed, lambda row: dictionary[int(codes[row])].as_py())


def text_of(column: TextColumn) -> Callable[[int], object]:
    """What a row's text is, for a message; the row has one."""
    return lambda row: repr(column.dictionary[int(column.codes[row])].as_py())
