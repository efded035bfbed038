"""CSV files, read so that nothing is lost: money from its text, ids as text, an empty field is a missing value.

The first line has the headers; fields are separated by commas, semicolons or tabs, whichever the first line has most
of. The elements of a list are separated by `|`. Text like `NA` or `NULL` is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from segmentd.columns.headers import attribute_ids
from segmentd.schema import Kind, Schema

LIST_SEPARATOR: Final = "|"
DECIMAL_DIGITS: Final = 38
_DELIMITERS: Final = (",", ";", "\t")
_LEADING_ZERO: Final = "^-?0[0-9]"
_COLUMN_NUMBER: Final = re.compile(r"CSV column #(\d+)")

# TIMESTAMP is left to be inferred: texts with and without a zone need different types.
_TYPES: Final[Mapping[Kind, pa.DataType]] = {
    Kind.BOOL: pa.bool_(),
    Kind.INT64: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.STRING: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.LIST: pa.string(),
}


def read_csv(path: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The table of a CSV file; columns without a type in `types`, by header, have the type that fits their values.

    A column of digits is text where a number would lose a zero in front, as of a postal code.
    pyarrow.ArrowInvalid, naming column and row, for a field that is not of its column's type.
    """
    table = _read(path, types, [])
    numbers = [field.name for field in table.schema if pa.types.is_integer(field.type) and field.name not in types]
    if not numbers or len(set(table.column_names)) < table.num_columns:  # two columns of one name are refused later
        return table
    texts = _read(path, dict.fromkeys(numbers, pa.string()), numbers)
    for name in numbers:
        if pc.any(pc.match_substring_regex(texts[name], _LEADING_ZERO)).as_py():
            table = table.set_column(table.schema.get_field_index(name), name, texts[name])
    return table


def types_of(path: Path, schema: Schema, id_column: str) -> dict[str, pa.DataType]:
    """The types of the columns that are the schema's given attributes, by header; ids are text."""
    types = {id_column: pa.string()}
    for header, attribute in attribute_ids([name for name in read_headers(path) if name != id_column]).items():
        spec = schema.get(attribute)
        if spec is None or spec.expression is not None:
            continue
        if spec.type.kind is Kind.DECIMAL:
            types[header] = pa.decimal128(DECIMAL_DIGITS, spec.type.scale)
        elif spec.type.kind in _TYPES:
            types[header] = _TYPES[spec.type.kind]
    return types


def read_headers(path: Path) -> list[str]:
    """The headers of a CSV file."""
    parsing = pa.csv.ParseOptions(delimiter=_delimiter(path))
    with pa.csv.open_csv(path, parse_options=parsing) as reader:
        names: list[str] = reader.schema.names
    return names


def split_lists(table: pa.Table, schema: Schema) -> pa.Table:
    """The table with the text of LIST attributes split into their elements; empty text is an empty list."""
    for header, attribute in attribute_ids(table.column_names).items():
        spec, position = schema.get(attribute), table.column_names.index(header)
        column = table.column(position)
        if spec is not None and spec.type.kind is Kind.LIST and pa.types.is_string(column.type):
            table = table.set_column(position, header, pc.split_pattern(column, LIST_SEPARATOR))
    return table


def _delimiter(path: Path) -> str:
    with path.open("rb") as file:
        line = file.readline(1 << 20).decode("utf-8", "replace")
    return max(_DELIMITERS, key=line.count)


def _read(path: Path, types: Mapping[str, pa.DataType], columns: list[str]) -> pa.Table:
    """These columns of the file; none named: all."""
    parsing = pa.csv.ParseOptions(delimiter=_delimiter(path))
    converting = pa.csv.ConvertOptions(
        column_types=types, include_columns=columns, null_values=[""], strings_can_be_null=True
    )
    try:
        return pa.csv.read_csv(path, parse_options=parsing, convert_options=converting)
    except pa.ArrowInvalid:
        pass
    try:  # again, by one thread, which alone counts the rows for the message
        reading = pa.csv.ReadOptions(use_threads=False)
        return pa.csv.read_csv(path, read_options=reading, parse_options=parsing, convert_options=converting)
    except pa.ArrowInvalid as error:
        headers = dict(enumerate(read_headers(path)))
        named = _COLUMN_NUMBER.sub(lambda found: f"column {headers.get(int(found[1]))!r}", str(error))
        raise pa.ArrowInvalid(named) from error
