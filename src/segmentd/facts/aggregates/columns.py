"""Columns of aggregated values, and columns in which some rows are replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch, BoolColumn, Codes, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.gather import gather
from segmentd.columns.planes import WORD, Plane, ones, pack, popcount, unpack
from segmentd.engine.facts.aggregates_ranges import Integers
from segmentd.schema import DataType, Kind

SPARE_ENTRIES = 1_024
"""A dictionary may have so many entries more than twice the rows before those that no row has are left out."""


def fixed_column(type_: DataType, values: npt.NDArray[Any], known: npt.NDArray[np.bool_]) -> FixedColumn:
    """The column of numbers or moments, missing where they are not known."""
    element = np.float64 if type_.kind is Kind.DOUBLE else np.int64
    validity = None if known.all() else pack(known)
    return FixedColumn(type_, np.where(known, values, 0).astype(element, copy=False), validity)


def known_only(column: Column, known: npt.NDArray[np.bool_]) -> Column:
    """The column, missing where the value is not known too."""
    if known.all():
        return column
    match column:
        case FixedColumn():
            return FixedColumn(column.type, column.values, _and(column.validity, pack(known)))
        case BoolColumn():
            validity = _and(column.validity, pack(known))
            return BoolColumn(column.values & validity, validity)
        case TextColumn():
            codes = np.where(known, column.codes, len(column.dictionary)).astype(np.int32)
            return TextColumn(codes, column.dictionary)
        case ListColumn():
            raise TypeError("a list is never missing")


def replace_rows(column: Column, rows: Integers, other: Column) -> Column:
    """The column with the rows of another in the place of some of its own, as a new one; rows are distinct."""
    match column, other:
        case FixedColumn(), FixedColumn():
            values = column.values.astype(np.result_type(column.values, other.values))
            values[rows] = other.values
            return FixedColumn(column.type, values, _replace_validity(column, rows, other))
        case BoolColumn(), BoolColumn():
            validity = _replace_validity(column, rows, other)
            plane = _set_bits(column.values, rows, unpack(other.values, len(rows)))
            return BoolColumn(plane if validity is None else plane & validity, validity)
        case TextColumn(), TextColumn():
            return _replace_texts(column, rows, other)
        case _:
            raise TypeError(f"rows of {other.type} do not fit a column of {column.type}")


def put_rows(column: Column, rows: Integers, other: Column) -> Column:
    """As `replace_rows`, in the column's own memory where the values fit there: of columns that nobody else has yet."""
    match column, other:
        case FixedColumn(), FixedColumn() if (
            column.values.flags.writeable and column.values.dtype == other.values.dtype
        ):
            column.values[rows] = other.values
            return FixedColumn(column.type, column.values, _replace_validity(column, rows, other))
        case _:
            return replace_rows(column, rows, other)


def take_rows(column: Column, rows: Integers) -> Column:
    """The column of some rows, in the order given; a negative one has no value."""
    count = len(column.codes) if isinstance(column, TextColumn | ListColumn) else len(column.values)
    if isinstance(column, BoolColumn):
        count *= WORD
    return with_validity(gather(Batch(count, {"": column}), rows).columns[""], len(rows))


def with_validity(column: Column, rows: int) -> Column:
    """The column; truth values with a plane of the rows that have one, for theirs do not tell how many there are."""
    if isinstance(column, BoolColumn) and column.validity is None:
        return BoolColumn(column.values, ones(rows))
    return column


def _and(left: Plane | None, right: Plane) -> Plane:
    return right if left is None else left & right


def _replace_validity(
    column: FixedColumn | BoolColumn, rows: Integers, other: FixedColumn | BoolColumn
) -> Plane | None:
    if column.validity is None and other.validity is None:
        return None
    before = ones(len(column.values)) if column.validity is None else column.validity
    given = np.ones(len(rows), np.bool_) if other.validity is None else unpack(other.validity, len(rows))
    after = _set_bits(before, rows, given)
    return None if isinstance(column, FixedColumn) and popcount(after) == len(column.values) else after


def _set_bits(plane: Plane, rows: Integers, bits: npt.NDArray[np.bool_]) -> Plane:
    after = plane.copy()
    masks = np.uint64(1) << (rows % 64).astype(np.uint64)
    np.bitwise_and.at(after, rows // 64, ~masks)
    np.bitwise_or.at(after, rows // 64, np.where(bits, masks, np.uint64(0)))
    return after


def _replace_texts(column: TextColumn, rows: Integers, other: TextColumn) -> TextColumn:
    """The other's texts come after the column's own; texts that no row has are left out from time to time."""
    own, theirs = len(column.dictionary), len(other.dictionary)
    codes = column.codes.copy()
    codes[codes == own] = own + theirs
    codes[rows] = other.codes + own
    dictionary = pa.concat_arrays([column.dictionary, other.dictionary])
    if len(dictionary) > 2 * len(codes) + SPARE_ENTRIES:
        codes, dictionary = _used_texts(codes, dictionary)
    return TextColumn(codes, dictionary)


def _used_texts(codes: Codes, dictionary: pa.StringArray) -> tuple[Codes, pa.StringArray]:
    used, places = np.unique(codes, return_inverse=True)
    there = used[used < len(dictionary)]
    return places.astype(np.int32), dictionary.take(pa.array(there))
