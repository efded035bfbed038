"""Files of records, as tables that a ledger takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from segmentd.columns.csv_files import read_csv, read_headers, split_lists, types_of
from segmentd.columns.errors import InvalidValueError
from segmentd.columns.files import MissingIdColumnError, read_table, reading
from segmentd.columns.headers import attribute_ids
from segmentd.facts.imports.moments import start_of_dates, to_utc
from segmentd.facts.kinds import AMOUNT, FIELDS, NEED_IDS, RecordKind
from segmentd.schema import AttributeSpec, DataType, Kind, Schema, Subject, lower_camel

if TYPE_CHECKING:
    from segmentd.client import Attribute

ID: Final = "id"

MOMENTS: Final = (
    "a time is written as 2024-01-31T10:00:00, in all rows with Z or an offset or in none;"
    " `segmentd ledger import` reads other formats, by a mapping"
)

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


def read_records(path: Path, kind: RecordKind, schema: Schema, id_column: str) -> tuple[Any, list[str]]:
    """The table of a file's columns that are fields, named by them, and the headers of those that are not.

    A header names a field as it names an attribute, in either spelling: `Booking Time`, `bookingTime`, `booking_time`.
    The column `id_column`, if there is one, is named `id`. Raises ColumnErrors where the file cannot be read or lacks
    the ids that its records need, and where times are written in another way.
    """
    if path.suffix.lower() == ".csv":
        table = reading(path, lambda: _read_csv(path, schema, id_column))
    else:
        table = read_table(path)
    if id_column not in table.column_names and (kind in NEED_IDS or id_column != ID):
        raise MissingIdColumnError(id_column, table.column_names)
    names = {id_column: ID, **_fields(table.column_names, schema, id_column)}
    left_out = [name for name in table.column_names if name not in names]
    kept = table.drop_columns(left_out)
    return _as_moments(kept.rename_columns([names[name] for name in kept.column_names]), schema), left_out


def _read_csv(path: Path, schema: Schema, id_column: str) -> Any:
    """The table with the types of the fields, which are looked up by the ids that the headers give."""
    fields = _fields(read_headers(path), schema, id_column)
    ids = attribute_ids(list(fields))
    known = {ids[header]: schema.get(field) for header, field in fields.items()}
    specs = tuple(AttributeSpec(id_, spec.type) for id_, spec in known.items() if spec is not None)
    spelled = Schema(schema.subject, specs, schema.time_zone)
    return split_lists(read_csv(path, types_of(path, spelled, id_column)), spelled)


def _fields(headers: Sequence[str], schema: Schema, id_column: str) -> dict[str, str]:
    """The field that each header names, without those that name none."""
    by_spelling = {lower_camel(spec.id): spec.id for spec in schema}
    ids = attribute_ids([header for header in headers if header != id_column])
    named = {header: by_spelling.get(lower_camel(id_)) for header, id_ in ids.items()}
    return {header: field for header, field in named.items() if field is not None}


def _as_moments(table: Any, schema: Schema) -> Any:
    """The table with moments in UTC: times without an offset, and the beginnings of days, are the ledger's zone's."""
    for place, field in enumerate(table.schema):
        spec = schema.get(field.name)
        if spec is None or spec.type.kind is not Kind.TIMESTAMP:
            continue
        if pa.types.is_string(field.type):
            raise _no_moments(field.name, table.column(place))
        given = table.column(place).combine_chunks()
        if pa.types.is_date32(field.type):
            table = table.set_column(place, field.name, start_of_dates(given, schema.time_zone))
        elif pa.types.is_timestamp(field.type) and field.type.tz is None:
            local = given.cast(pa.timestamp("us"), safe=False)
            table = table.set_column(place, field.name, to_utc(local, schema.time_zone))
    return table


def _no_moments(name: str, texts: Any) -> InvalidValueError:
    """Why texts are no moments, by the first that is none; else they are in several ways, and the first is named."""
    filled = [(row, text) for row, text in enumerate(texts.to_pylist()) if text is not None]
    row, text = next((each for each in filled if not _is_moment(each[1])), filled[0] if filled else (0, ""))
    return InvalidValueError(name, row=row, value=repr(text), allowed=MOMENTS)


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
