"""The population as the official evaluator reads it: a schema of the file's columns, and a row of plain values each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
    Subject,
)
from tests.oracle.calendar import instant, start_of_day
from tests.oracle.subjects import Row
from tests.real.definitions import Definitions
from tests.real.population import CURRENCY, ZONE

_MONEY: Final = DataType(Kind.DECIMAL, 2, CURRENCY)
_TYPES: Final[Mapping[str, DataType]] = {
    "bool": BOOL,
    "int64": INT64,
    "double": DOUBLE,
    "decimal128(18, 2)": _MONEY,
    "string": STRING,
    "timestamp[us, tz=UTC]": TIMESTAMP,
    "date32[day]": DATE,
    "list<element: string>": LIST,
}
_WRITTEN_DECIMAL: Final = re.compile(r"DECIMAL\((\d), (\w+)\)")


def population_schema(table: pa.Table, definitions: Definitions) -> Schema:
    """The population's columns and the computed attributes, as attributes of customers."""
    given = [
        AttributeSpec(field.name, _TYPES[str(field.type)]) for field in table.schema if field.name != "customer_id"
    ]
    computed = [
        AttributeSpec(attribute.id, written_type(attribute.type), expression=attribute.expression)
        for attribute in definitions.attributes.values()
    ]
    return Schema(Subject.CUSTOMER, (*given, *computed), ZONE)


def population_rows(table: pa.Table, schema: Schema) -> list[Row]:
    """Every customer's values as the typed tree writes them: moments in microseconds, amounts in minor units."""
    columns = {}
    for spec in schema.given:
        convert = _CONVERSIONS.get(spec.type.kind, _unchanged)
        missing = () if spec.type.kind is Kind.LIST else None
        columns[spec.id] = [missing if value is None else convert(value) for value in table[spec.id].to_pylist()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def written_type(text: str) -> DataType:
    """A type as a definitions file writes it."""
    decimal = _WRITTEN_DECIMAL.fullmatch(text)
    return DataType(Kind.DECIMAL, int(decimal[1]), decimal[2]) if decimal else DataType(Kind(text))


def _unchanged(value: Any) -> Any:
    return value


def _minor_units(amount: Decimal) -> int:
    minor = amount.scaleb(_MONEY.scale)
    assert minor == int(minor)
    return int(minor)


def _moment(value: datetime) -> int:
    return instant(value)


def _day(value: date) -> int:
    return start_of_day(value, ZONE)


_CONVERSIONS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.DECIMAL: _minor_units,
    Kind.TIMESTAMP: _moment,
    Kind.DATE: _day,
    Kind.LIST: tuple,
}
