"""Files of customers: Parquet, CSV and Arrow, by their endings, as tables and as batches.

Types are inferred from the file and overridden by a schema. In files with types of their own, integers for a DECIMAL
attribute are minor units, as in requests; in CSV, `12` is twelve major units.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet

from segmentd.columns.arrow import column_from_arrow, ids_from_arrow
from segmentd.columns.column import Batch
from segmentd.columns.csv_files import read_csv, read_headers, split_lists, types_of
from segmentd.columns.errors import ColumnError
from segmentd.columns.headers import HeaderError, attribute_ids
from segmentd.columns.untrusted import fits
from segmentd.errors import ErrorReason
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    LIST,
    MAX_SCALE,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
)

Report = Callable[[int, int], None]
"""Told how many rows are read, and of how many."""

CURRENCY: Final = b"currency"
"""The key of a field's metadata that has the currency code of its amounts."""

ARROW_ENDINGS: Final = (".arrow", ".feather", ".ipc", ".arrows")
ENDINGS: Final = (".parquet", ".csv", *ARROW_ENDINGS)

_INFERRED: Final = (BOOL, INT64, DOUBLE, STRING, DATE, TIMESTAMP, LIST)
"""In this order, the first type that a column fits is its type: integers fit DOUBLE too."""


class FileError(ColumnError):
    """A file of customers cannot be read."""

    reason = ErrorReason.INVALID_FIELD

    def __init__(self, path: Path, error: str) -> None:
        super().__init__(f"{path.name}: {error}", field="population", value=path)


class MissingIdColumnError(ColumnError):
    """A file of customers lacks the column of their ids."""

    reason = ErrorReason.FIELD_REQUIRED

    def __init__(self, column: str, headers: list[str]) -> None:
        super().__init__(
            f"there is no column {column!r} for the ids; there are {', '.join(map(repr, headers)) or 'none'}",
            field=column,
        )


def read_table(path: Path, report: Report = lambda _done, _total: None) -> pa.Table:
    """The table in a file, with its own types, of CSV inferred. FileError if it cannot be read."""
    return reading(path, lambda: _read(path, report))


def read_table_for(path: Path, schema: Schema, id_column: str, report: Report = lambda _done, _total: None) -> pa.Table:
    """The table in a file, of CSV with the types of the schema's attributes where it has them, ids as text.

    FileError, naming column and row where a field of CSV is not of its type; HeaderError; MissingIdColumnError.
    """
    if path.suffix.lower() != ".csv":
        return read_table(path, report)
    return reading(path, lambda: split_lists(read_csv(path, _csv_types(path, schema, id_column)), schema))


def infer_attributes(table: pa.Table, id_column: str) -> tuple[AttributeSpec, ...]:
    """The attributes that the columns suggest, the ids left out, and columns that can be none (see `find_uses`).

    An attribute is required only where the file says so: its field is declared not nullable, and has no nulls.
    The currency of a DECIMAL is its field's metadata `currency`. HeaderError, MissingIdColumnError.
    """
    _check_id_column(table.column_names, id_column)
    ids = attribute_ids([name for name in table.column_names if name != id_column])
    specs = []
    for header, attribute in ids.items():
        field = table.schema.field(header)
        type_ = inferred_type(field)
        if type_ is not None:
            required = not field.nullable and table.column(header).null_count == 0 and type_.kind is not Kind.LIST
            specs.append(AttributeSpec(attribute, type_, required=required))
    return tuple(specs)


def inferred_type(field: pa.Field) -> DataType | None:
    """The type of attribute that a field suggests; None if no attribute has values like its own."""
    if pa.types.is_null(field.type):
        return None
    if pa.types.is_decimal(field.type):
        currency = (field.metadata or {}).get(CURRENCY, b"").decode("ascii", "replace")
        return DataType(Kind.DECIMAL, max(field.type.scale, 0), currency) if field.type.scale <= MAX_SCALE else None
    if pa.types.is_timestamp(field.type):
        return TIMESTAMP
    return next((type_ for type_ in _INFERRED if fits(type_, field.type)), None)


def read_batch(path: Path, schema: Schema, id_column: str, *, table: pa.Table | None = None) -> Batch:
    """The batch of a file: its ids, and the columns that are given attributes of the schema.

    `table`: what `read_table` gave, so that only CSV, where the schema says how a text is to be read, is read twice.
    FileError, HeaderError, MissingIdColumnError, and the ColumnErrors of the values, which name the file too.
    """
    if table is None or path.suffix.lower() == ".csv":
        table = read_table_for(path, schema, id_column)
    try:
        return batch_of_table(table, schema, id_column)
    except ColumnError as error:
        error.message = f"{path.name}: {error.message}"
        error.args = (error.message,)
        raise


def batch_of_table(table: pa.Table, schema: Schema, id_column: str) -> Batch:
    """The batch of a table: its ids, and the columns that are given attributes of the schema; others are ignored."""
    _check_id_column(table.column_names, id_column)
    columns = {}
    for header, attribute in attribute_ids([name for name in table.column_names if name != id_column]).items():
        spec = schema.get(attribute)
        if spec is not None and spec.expression is None:
            column = _as_moments(table.column(header)) if spec.type.kind is Kind.TIMESTAMP else table.column(header)
            columns[attribute] = column_from_arrow(spec, column, time_zone=schema.time_zone)
    return Batch(table.num_rows, columns, ids_from_arrow(id_column, table.column(id_column)))


def _csv_types(path: Path, schema: Schema, id_column: str) -> dict[str, pa.DataType]:
    _check_id_column(read_headers(path), id_column)
    return types_of(path, schema, id_column)


def _as_moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps that are all at midnight are written as dates by some tools, and inferred as such."""
    return column.cast(pa.timestamp("s")) if pa.types.is_date32(column.type) else column


def _check_id_column(headers: list[str], id_column: str) -> None:
    if id_column not in headers:
        raise MissingIdColumnError(id_column, headers)
    if headers.count(id_column) > 1:
        raise HeaderError(id_column, attribute=id_column, other=id_column)


def reading(path: Path, read: Callable[[], pa.Table]) -> pa.Table:
    """What `read` gives; FileError for what pyarrow or the system says against it."""
    try:
        return read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FileError(path, str(error).splitlines()[0] if str(error) else "cannot be read") from error


def _read(path: Path, report: Report) -> pa.Table:
    match path.suffix.lower():
        case ".parquet":
            return _read_parquet(path, report)
        case ".csv":
            return read_csv(path, {})
        case ".arrows":
            with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
                return stream.read_all()
        case ".arrow" | ".feather" | ".ipc":
            return _read_arrow(path)
        case ending:
            raise FileError(path, f"the ending {ending!r} is none of {', '.join(ENDINGS)}")


def _read_parquet(path: Path, report: Report) -> pa.Table:
    with pa.parquet.ParquetFile(path) as file:
        groups, done = [], 0
        for number in range(file.num_row_groups):
            groups.append(file.read_row_group(number))
            done += groups[-1].num_rows
            report(done, file.metadata.num_rows)
        return pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()


def _read_arrow(path: Path) -> pa.Table:
    """An IPC file, or a stream with a file's ending."""
    with pa.OSFile(str(path)) as source:
        try:
            with pa.ipc.open_file(source) as file:
                return file.read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            with pa.ipc.open_stream(source) as stream:
                return stream.read_all()
