"""A ledger whose records have further fields of every type."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType, Kind, Subject

NOW = datetime(2024, 5, 1, tzinfo=UTC)

FURTHER = {
    "flag": BOOL,
    "count": INT64,
    "share": DOUBLE,
    "limit": DataType(Kind.DECIMAL, 2, "EUR"),
    "note": STRING,
    "seen": TIMESTAMP,
    "born": DATE,
    "tags": LIST,
}
"""Attributes of customers, by id."""


@pytest.fixture(scope="package")
def vocabulary() -> Vocabulary:
    """A ledger in euros and in Prague's time, with the attributes above, and a computed one."""
    ledger = Ledger("main", "", "EUR", "Europe/Prague", NOW, NOW, "e")
    specs = [AttributeSpec(id_, type_) for id_, type_ in FURTHER.items()]
    specs.append(AttributeSpec("double_count", INT64, expression="customer.count * 2"))
    attributes = [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs]
    mcc = Attribute(Subject.TRANSACTION, AttributeSpec("mcc", INT64), "", "", None, NOW, NOW, "e")
    return build_vocabulary(ledger, [*attributes, mcc])
