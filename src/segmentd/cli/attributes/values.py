"""Types, default values and aggregates of attributes as people write them on a command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import typer

from segmentd.cli.moments import parse_moment
from segmentd.client.values import Value
from segmentd.schema import DataType, Kind, Subject
from segmentd.segments.aggregate_entries import DeclaredAggregate, parse_aggregate

DECIMAL = re.compile(r"DECIMAL\( *(\d) *(?:, *([A-Z]{3}) *)?\)")
NAMES = ("BOOL", "INT64", "DOUBLE", "STRING", "TIMESTAMP", "DATE", "LIST")

READERS: Mapping[Kind, Callable[[str], Value]] = {
    Kind.BOOL: lambda text: {"true": True, "false": False}[text.lower()],
    Kind.INT64: int,
    Kind.DOUBLE: float,
    Kind.DECIMAL: Decimal,
    Kind.STRING: str,
    Kind.TIMESTAMP: lambda text: parse_moment(text, "UTC"),
    Kind.DATE: date.fromisoformat,
}


def parse_type(text: str) -> DataType | None:
    """The type of this name, None for an empty one. Raises BadParameter with those that are allowed."""
    if not text:
        return None
    decimal = DECIMAL.fullmatch(text)
    if decimal:
        return DataType(Kind.DECIMAL, int(decimal[1]), decimal[2] or "")
    if text not in NAMES:
        raise typer.BadParameter(f'{text!r} is no type; allowed are {", ".join(NAMES)}, "DECIMAL(2, EUR)"')
    return DataType(Kind(text))


def parse_declared(text: str, attribute_id: str) -> DeclaredAggregate | None:
    """The aggregate of an attribute, None for an empty text. Raises DefinitionsError with all that is wrong."""
    if not text:
        return None
    # What is no subject is refused by the server, with the id.
    prefix = attribute_id.partition(".")[0]
    subject = Subject(prefix) if prefix in set(Subject) else Subject.CUSTOMER
    return parse_aggregate(text, subject, "--aggregate")


def parse_default(text: str | None, data_type: DataType | None) -> Value | None:
    """The value of this type, None for none. Raises BadParameter if the text is no such value."""
    if text is None:
        return None
    if data_type is None or data_type.kind not in READERS:
        raise typer.BadParameter("a default needs a --type, and a LIST has none: a missing list is an empty list")
    try:
        return READERS[data_type.kind](text)
    except (ArithmeticError, KeyError, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is no {data_type}") from error
