"""Batches from given columns: names, lengths, types and values checked against the ledger's attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import pyarrow as pa

from segmentd.api.errors import nearest
from segmentd.columns.column import Array, Batch, BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.errors import (
    ColumnWidthError,
    ComputedColumnError,
    DictionaryLimitError,
    DuplicateColumnError,
    EmptyBatchError,
    IdsLengthError,
    RaggedColumnsError,
    RowCountError,
    TooManyRowsError,
    TypeMismatchError,
    UnknownColumnError,
    ValidityLengthError,
)
from segmentd.columns.fixed import bool_column, build_bools, build_fixed
from segmentd.columns.given import (
    MAX_DICTIONARY,
    RAW_ELEMENTS,
    Coded,
    ElementType,
    GivenColumn,
    Lists,
    Numbers,
    Raw,
    Strings,
    Values,
    read_validity,
)
from segmentd.columns.planes import Plane, first_zero, zeros
from segmentd.columns.text import build_lists, build_text, build_text_from_codes, strings_from
from segmentd.schema import AttributeSpec, DataType, Kind, Schema


@dataclass(frozen=True, slots=True)
class RowLimit:
    """How many rows a batch may have: at least one, at most this many."""

    most: int

    def check(self, rows: int) -> None:
        """EmptyBatchError or TooManyRowsError if a batch of so many rows is not allowed."""
        if rows == 0:
            raise EmptyBatchError
        if rows > self.most:
            raise TooManyRowsError(rows, self.most)


def build_batch(
    given: Sequence[GivenColumn],
    schema: Schema,
    *,
    ids: Sequence[str] = (),
    row_count: int = 0,
    limit: RowLimit | None = None,
) -> Batch:
    """The batch of given columns, each of one of the schema's given attributes.

    `ids`: one a row, or none. `row_count`: 0 where the columns or ids tell. Raises ColumnErrors.
    """
    specs = resolve(schema, [column.attribute for column in given])
    rows = count_rows(given, len(ids), row_count)
    if limit is not None:
        limit.check(rows)
    columns = {
        spec.id: build_column(spec, column.values, column.validity, rows=rows, time_zone=schema.time_zone)
        for spec, column in zip(specs, given, strict=True)
    }
    return Batch(rows, columns, pa.array(ids, pa.string()) if len(ids) else None)


def resolve(schema: Schema, names: Iterable[str]) -> tuple[AttributeSpec, ...]:
    """The given attributes of these names, each once.

    UnknownColumnError, ComputedColumnError, DuplicateColumnError otherwise.
    """
    specs: dict[str, AttributeSpec] = {}
    for name in names:
        if name in specs:
            raise DuplicateColumnError(name)
        specs[name] = _resolve_one(schema, name)
    return tuple(specs.values())


def build_column(
    spec: AttributeSpec, values: Values, validity: bytes | bytearray | memoryview = b"", *, rows: int, time_zone: str
) -> Column:
    """The column of one attribute; `rows` is the batch's. Raises ColumnErrors."""
    if spec.type.kind is Kind.LIST and len(validity):
        raise ValidityLengthError(spec.id, size=len(validity), expected=0)
    present = read_validity(spec.id, validity, rows)
    match values, spec.type.kind:
        case Numbers(), _:
            return _numbers(spec, values.values, present, time_zone)
        case Strings(), Kind.STRING:
            return build_text(spec.id, strings_from(spec, values.values), present)
        case Coded(), Kind.STRING:
            return _coded(spec, values, present)
        case Lists(), Kind.LIST:
            return _lists(spec, values)
        case Raw(element=ElementType.BIT), Kind.BOOL:
            return bool_column(values.plane(spec.id, rows), present)
        case Raw(), kind if values.element in RAW_ELEMENTS.get(kind, ()):
            return _numbers(spec, values.numbers(), present, time_zone)
        case _:
            raise TypeMismatchError(spec.id, given=_form(values), expected=str(spec.type))


def missing_column(type_: DataType, rows: int) -> Column:
    """A column without a value in any row."""
    codes = np.zeros(rows, dtype=np.int32)
    match type_.kind:
        case Kind.BOOL:
            return BoolColumn(zeros(rows), zeros(rows))
        case Kind.STRING:
            return TextColumn(codes, pa.array([], pa.string()))
        case Kind.LIST:
            return ListColumn(codes, pa.array([[]], pa.list_(pa.string())))
        case Kind.DOUBLE:
            return FixedColumn(type_, np.zeros(rows, dtype=np.float64), zeros(rows))
        case _:
            return FixedColumn(type_, np.zeros(rows, dtype=np.int64), zeros(rows))


def first_missing(column: Column, rows: int) -> int | None:
    """The first row without a value, or None. A list is never missing."""
    match column:
        case FixedColumn() | BoolColumn():
            return None if column.validity is None else first_zero(column.validity, rows)
        case TextColumn():
            missing = column.codes == len(column.dictionary)
            return int(missing.argmax()) if missing.any() else None
        case ListColumn():
            return None


def _resolve_one(schema: Schema, name: str) -> AttributeSpec:
    spec = schema.get(name)
    if spec is None and name in schema.derived:
        raise ComputedColumnError(name, schema.derived[name])
    if spec is None:
        likely = nearest(name, [given.id for given in schema.given])
        raise UnknownColumnError(name, nearest=likely)
    if spec.expression is not None:
        raise ComputedColumnError(name)
    return spec


def count_rows(given: Sequence[GivenColumn], ids: int, row_count: int) -> int:
    """The rows of a batch: as said, or as many as ids, or as the columns that tell; all must agree.

    `ids`, `row_count`: 0 where there are none, or it is not said. Raises ColumnErrors.
    """
    told = {column.attribute: column.values.rows(column.attribute) for column in given}
    lengths = {attribute: rows for attribute, rows in told.items() if rows is not None}
    agreed = _length_of_columns(lengths, row_count or ids or None)
    if agreed is not None and row_count not in (0, agreed):
        raise RowCountError(rows=row_count, expected=agreed)
    rows = (row_count or ids) if agreed is None else agreed
    if ids not in (0, rows):
        raise IdsLengthError(rows=ids, expected=rows)
    if given and agreed is None and rows == 0:
        _refuse_bits(given[0])
    return rows


def _length_of_columns(lengths: Mapping[str, int], said: int | None) -> int | None:
    """The length that all columns have; None if there is none. RaggedColumnsError for one that has another.

    Where columns disagree, the one at fault is the first that is not as long as was said, or as the first.
    """
    if len(set(lengths.values())) <= 1:
        return next(iter(lengths.values()), None)
    expected = next(iter(lengths.values())) if said is None else said
    attribute, rows = next((name, rows) for name, rows in lengths.items() if rows != expected)
    raise RaggedColumnsError(attribute, rows=rows, expected=expected)


def _refuse_bits(column: GivenColumn) -> NoReturn:
    size = len(column.values.data) if isinstance(column.values, Raw) else 0
    told = "bits do not tell the number of rows; give it as the row count"
    raise ColumnWidthError(column.attribute, size=size, width="1/8", expected=told)


def _coded(spec: AttributeSpec, values: Coded, present: Plane | None) -> TextColumn:
    if len(values.dictionary) > MAX_DICTIONARY:
        raise DictionaryLimitError(spec.id, distinct=len(values.dictionary), limit=MAX_DICTIONARY)
    return build_text_from_codes(spec.id, values.codes, strings_from(spec, values.dictionary), present)


def _lists(spec: AttributeSpec, values: Lists) -> ListColumn:
    offsets = np.concatenate([[0], np.cumsum(values.lengths, dtype=np.int64)])
    elements = strings_from(spec, values.elements)
    return build_lists(spec.id, pa.LargeListArray.from_arrays(pa.array(offsets), elements))


def _numbers(spec: AttributeSpec, numbers: Array, present: Plane | None, time_zone: str) -> Column:
    match spec.type.kind:
        case Kind.STRING | Kind.LIST:
            raise TypeMismatchError(spec.id, given=numbers.dtype.name, expected=str(spec.type))
        case Kind.BOOL:
            return build_bools(spec, numbers, present)
        case _:
            return build_fixed(spec, numbers, present, time_zone=time_zone)


def _form(values: Values) -> str:
    match values:
        case Raw():
            return f"raw {values.element.name}"
        case Lists():
            return "list of string"
        case _:
            return "string"
