"""Twins of columns that are slow and plain: a Python value a row."""

from __future__ import annotations

import numpy as np

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.schema import AttributeSpec, DataType, Kind, Schema, Subject

Value = bool | int | float | str | list[str] | None

LENGTHS = (0, 1, 63, 64, 65, 4095, 4096, 4097)
CENTS = DataType(Kind.DECIMAL, 2, "EUR")


def schema_of(*specs: AttributeSpec, time_zone: str = "UTC") -> Schema:
    """A schema of customers."""
    return Schema(Subject.CUSTOMER, specs, time_zone)


def has_bit(plane: np.ndarray[tuple[int], np.dtype[np.uint64]] | None, row: int) -> bool:
    """The bit of a row; every row has one where there is no plane."""
    return plane is None or bool(int(plane[row // 64]) >> (row % 64) & 1)


def values_in(column: Column, rows: int) -> list[Value]:
    """A column as Python values, None where the row has none."""
    match column:
        case FixedColumn():
            return [column.values[row].item() if has_bit(column.validity, row) else None for row in range(rows)]
        case BoolColumn():
            return [has_bit(column.values, row) if has_bit(column.validity, row) else None for row in range(rows)]
        case TextColumn():
            texts = [*column.dictionary.to_pylist(), None]
            return [texts[code] for code in column.codes]
        case ListColumn():
            lists = column.dictionary.to_pylist()
            return [lists[code] for code in column.codes]


def values_of(batch: Batch, attribute: str) -> list[Value]:
    """The values of one attribute of a batch."""
    return values_in(batch.columns[attribute], batch.rows)
