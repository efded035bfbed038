"""Attributes as commands print them: their aggregates in the words of definitions files."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from segmentd.ledger.aggregate_documents import to_document

if TYPE_CHECKING:
    from segmentd.client import Attribute


def as_json(attribute: Attribute) -> dict[str, object]:
    """The attribute as JSON has it; `aggregate` is null of one that is not aggregated."""
    aggregate = attribute.aggregate
    return asdict(attribute) | {"aggregate": None if aggregate is None else to_document(aggregate)}


def describe_definition(attribute: Attribute) -> str:
    """The expression, or a line of what the values are aggregated from; "" of a given attribute."""
    return attribute.expression or describe_aggregate(attribute)


def describe_aggregate(attribute: Attribute) -> str:
    """`sum of transactions, measure amount, window trailing_days 90`; "" where there is no aggregate."""
    if attribute.aggregate is None:
        return ""
    document = to_document(attribute.aggregate)
    head = f"{document.pop('function')} of {document.pop('source')}"
    return ", ".join([head, *(f"{name} {_plain(value)}" for name, value in document.items())])


def _plain(value: object) -> str:
    match value:
        case dict():
            return " ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
        case list():
            return " ".join(map(str, value))
        case True:
            return "true"
    return str(value)
