"""Columns filled with one value: in every row, or in the rows that have none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.fixed import build_bools, build_fixed
from segmentd.columns.planes import ones, unpack
from segmentd.schema import AttributeSpec, Kind

Constant = bool | int | float | str
"""BOOL bool; INT64 int; DECIMAL int, in minor units; TIMESTAMP int, in microseconds since 1970; DATE int, in days since
1970; DOUBLE float; STRING str."""


def constant_column(spec: AttributeSpec, value: Constant, rows: int, *, time_zone: str) -> Column:
    """A column with the value in every row. Not of a LIST: its missing value is an empty list."""
    match spec.type.kind:
        case Kind.STRING:
            return TextColumn(np.zeros(rows, dtype=np.int32), pa.array([value], pa.string()))
        case Kind.BOOL:
            return build_bools(spec, np.full(rows, value, dtype=np.bool_), None)
        case Kind.DOUBLE:
            return build_fixed(spec, np.full(rows, value, dtype=np.float64), None, time_zone=time_zone)
        case _:
            return build_fixed(spec, np.full(rows, value, dtype=np.int64), None, time_zone=time_zone)


def fill_missing(spec: AttributeSpec, column: Column, value: Constant, rows: int, *, time_zone: str) -> Column:
    """The column with the value in rows that have none. One of another type than the attribute's stays as it is."""
    match column:
        case TextColumn():
            missing = column.codes == len(column.dictionary)
            dictionary = pa.concat_arrays([column.dictionary, pa.array([value], pa.string())])
            return TextColumn(column.codes, dictionary) if missing.any() else column
        case FixedColumn() if column.validity is not None and column.type == spec.type:
            constant = constant_column(spec, value, 1, time_zone=time_zone)
            filling = constant.values[0] if isinstance(constant, FixedColumn) else 0
            wide = column.values.astype(np.float64 if spec.type.kind is Kind.DOUBLE else np.int64, copy=False)
            return FixedColumn(spec.type, np.where(unpack(column.validity, rows), wide, filling), None)
        case BoolColumn() if column.validity is not None:
            filled = column.values | (ones(rows) & ~column.validity) if value else column.values & column.validity
            return BoolColumn(filled, None)
        case FixedColumn() | BoolColumn() | ListColumn():
            return column
