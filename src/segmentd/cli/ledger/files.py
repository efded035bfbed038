"""Files of records, as tables that a ledger takes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from segmentd.columns.csv_files import read_csv, split_lists, types_of
from segmentd.columns.files import read_table, reading
from segmentd.columns.headers import attribute_ids
from segmentd.facts.kinds import AMOUNT, FIELDS, RecordKind
from segmentd.schema import AttributeSpec, DataType, Kind, Schema, Subject

if TYPE_CHECKING:
    from segmentd.client import Attribute

ID: Final = "id"

MAJOR: Final = DataType(Kind.DECIMAL, 4)
"""Amounts of CSV are in major units, with as many digits after the point as any currency has."""


def fields_of(kind: RecordKind, attributes: Iterable[Attribute], time_zone: str) -> Schema:
    """The fields of a kind of record in a ledger with these attributes, as files have them."""
    fixed = [AttributeSpec(id_, MAJOR if type_ == AMOUNT else type_) for id_, type_ in FIELDS[kind].items()]
    prefix = f"{kind.subject}."
    given = [
        AttributeSpec(found.id.removeprefix(prefix), found.type)
        for found in attributes
        if found.id.startswith(prefix) and not found.expression and kind.subject is not None
    ]
    return Schema(kind.subject or Subject.TRANSACTION, (*fixed, *given), time_zone)


def read_records(path: Path, schema: Schema, id_column: str) -> tuple[Any, list[str]]:
    """The table of a file's columns that are fields, named by them, and the headers of those that are not.

    The column `id_column`, if there is one, is named `id`. Raises ColumnErrors where the file cannot be read.
    """
    table = _read(path, schema, id_column)
    if id_column in table.column_names:
        table = table.rename_columns([ID if name == id_column else name for name in table.column_names])
    ids = attribute_ids([name for name in table.column_names if name != ID])
    known = {header: field for header, field in ids.items() if schema.get(field) is not None}
    left_out = [name for name in table.column_names if name != ID and name not in known]
    kept = table.drop_columns(left_out)
    named = kept.rename_columns([known.get(name, name) for name in kept.column_names])
    return _as_moments(named, schema), left_out


def _read(path: Path, schema: Schema, id_column: str) -> Any:
    if path.suffix.lower() != ".csv":
        return read_table(path)
    return reading(path, lambda: split_lists(read_csv(path, types_of(path, schema, id_column)), schema))


def _as_moments(table: Any, schema: Schema) -> Any:
    """Days in the place of moments as their beginnings in UTC: so CSV is read whose times are all at midnight."""
    for place, field in enumerate(table.schema):
        spec = schema.get(field.name)
        if spec is not None and spec.type.kind is Kind.TIMESTAMP and pa.types.is_date32(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.timestamp("s")))
    return table
