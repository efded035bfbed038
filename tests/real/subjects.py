"""The population as the official evaluator reads it: a schema of the file's columns, and a row of plain values each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

import pyarrow as pa

from segmentd.language.tree import Value
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

Key = TypeVar("Key")

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
    columns = {
        spec.id: list(plain_values(dict(enumerate(table[spec.id].to_pylist())), spec.type).values())
        for spec in schema.given
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def plain_values(values: Mapping[Key, Any], type_: DataType) -> dict[Key, Value]:
    """Values as Arrow gives them, as the typed tree writes them; a missing list is an empty one."""
    convert = _CONVERSIONS.get(type_.kind, _unchanged)
    missing = () if type_.kind is Kind.LIST else None
    return {key: missing if value is None else convert(value) for key, value in values.items()}


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
