"""Attributes of which records have values stay what they are: else a restart could bring old values back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from segmentd.client import (
    DATE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeDefinition,
    Client,
    DataType,
    Kind,
    SegmentdCallError,
    SegmentDefinition,
)
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig

VALUES: dict[str, tuple[Any, Any, Any]] = {
    "STRING": (STRING, "gold", None),
    "INT64": (INT64, 7, None),
    "LIST": (LIST, ["gold"], []),
}


@contextmanager
def served(directory: Path) -> Iterator[Client]:
    """A client of a server over the directory."""
    config = ServerConfig(data_dir=directory, port=0, threads=1)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        yield client


@pytest.mark.parametrize("name", VALUES)
def test_an_attribute_with_values_is_not_deleted(tmp_path: Path, name: str) -> None:
    """It is once the values are gone; made anew, it has none, before and after a restart."""
    type_, value, nothing = VALUES[name]
    with served(tmp_path) as client:
        client.create_ledger("main", currency_code="EUR")
        client.create_attribute("customer.tier", AttributeDefinition(type_))
        client.write_records("customer", [{"id": "a", "tier": value}, {"id": "b", "tier": value}])
        with pytest.raises(SegmentdCallError) as raised:
            client.delete_attribute("customer.tier")
        assert raised.value.reason == "ATTRIBUTE_IN_USE"
        client.write_records("customer", [{"id": "a", "tier": nothing}, {"id": "b", "tier": nothing}])
        client.delete_attribute("customer.tier")
        client.write_records("customer", [{"id": "c"}])
        client.create_attribute("customer.tier", AttributeDefinition(type_))
        client.create_segment("told", SegmentDefinition("has(customer.tier)"))
        assert client.evaluate().counts["told"].members == 0
    with served(tmp_path) as client:
        assert client.evaluate().counts["told"].members == 0


def test_facts_hold_their_attributes_too(tmp_path: Path) -> None:
    """A transaction's value keeps its attribute, whether it was written long ago or just now."""
    with served(tmp_path) as client:
        client.create_ledger("main", currency_code="EUR")
        client.create_attribute("transaction.terminal", AttributeDefinition(STRING))
        client.write_records("customer", [{"id": "a"}])
        client.write_records("account", [{"id": "x", "owners": ["a"]}])
        fact = {"id": "t", "account": "x", "booking_time": "2026-01-01T00:00:00Z", "amount": 1, "terminal": "T1"}
        client.write_records("transaction", _table(fact))
        with pytest.raises(SegmentdCallError) as raised:
            client.delete_attribute("transaction.terminal")
        assert raised.value.reason == "ATTRIBUTE_IN_USE"
        assert "records have values of it" in str(raised.value)
        client.delete_records("transaction", ["t"])
        client.delete_attribute("transaction.terminal")


EUROS = DataType(Kind.DECIMAL, 2, "EUR")
NUMBER = DataType(Kind.DECIMAL, 2)
OTHERS: dict[str, tuple[DataType, Any, DataType]] = {
    "a currency where there was none": (NUMBER, Decimal("1.50"), EUROS),
    "another currency": (EUROS, Decimal("1.50"), DataType(Kind.DECIMAL, 2, "CZK")),
    "no currency": (EUROS, Decimal("1.50"), NUMBER),
    "another scale": (EUROS, Decimal("1.50"), DataType(Kind.DECIMAL, 3, "EUR")),
    "INT64": (STRING, "7", INT64),
    "TIMESTAMP": (DATE, date(2020, 1, 31), TIMESTAMP),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_attribute_with_values_keeps_its_type(tmp_path: Path, name: str) -> None:
    """Its scale and currency too; once the values are gone it may have another one, and values of that."""
    type_, value, other = OTHERS[name]
    with served(tmp_path) as client:
        client.create_ledger("main", currency_code="EUR")
        client.create_attribute("customer.limit", AttributeDefinition(type_))
        client.write_records("customer", [{"id": "a", "limit": value}, {"id": "b"}])
        with pytest.raises(SegmentdCallError) as raised:
            client.update_attribute("customer.limit", AttributeDefinition(other))
        assert raised.value.reason == "ATTRIBUTE_IN_USE"
        assert f"its type cannot change from {type_} to {other}" in str(raised.value)
        before = client.score(ids=["a"], computed=["limit"]).computed["limit"]
        assert before.present.tolist() == [True]
        client.write_records("customer", [{"id": "a", "limit": None}])
        assert client.update_attribute("customer.limit", AttributeDefinition(other)).type == other
        later = {INT64: 7, TIMESTAMP: datetime(2020, 1, 31, tzinfo=UTC)}.get(other, Decimal("2.50"))
        client.write_records("customer", [{"id": "b", "limit": later}])
    with served(tmp_path) as client:
        after = client.score(ids=["a", "b"], computed=["limit"]).computed["limit"]
        assert after.present.tolist() == [False, True]


def test_days_keep_the_zone_that_they_were_written_in(tmp_path: Path) -> None:
    """A ledger's time zone can be changed until there are records: their dates would begin at other moments."""
    with served(tmp_path) as client:
        client.create_ledger("main", currency_code="EUR", time_zone="UTC")
        client.update_ledger("main", time_zone="Europe/Prague")
        client.create_attribute("customer.born", AttributeDefinition(DATE))
        client.create_segment("told", SegmentDefinition('customer.born == date("2020-01-31")'))
        client.write_records("customer", [{"id": "a", "born": date(2020, 1, 31)}])
        with pytest.raises(SegmentdCallError) as raised:
            client.update_ledger("main", time_zone="UTC")
        assert (raised.value.reason, raised.value.fields[0].field) == ("INVALID_FIELD", "ledger.time_zone")
        assert raised.value.status == "FAILED_PRECONDITION"
        assert client.update_ledger("main", time_zone="Europe/Prague", display_name="x").time_zone == "Europe/Prague"
    with served(tmp_path) as client:
        with pytest.raises(SegmentdCallError, match="whose days are days of that zone"):
            client.update_ledger("main", time_zone="Asia/Tokyo")
        assert client.evaluate().counts["told"].members == 1


def _table(fact: dict[str, Any]) -> pa.Table:
    table = pa.Table.from_pylist([fact])
    moments = table.column("booking_time").cast(pa.timestamp("us", "UTC"))
    return table.set_column(table.column_names.index("booking_time"), "booking_time", moments)
