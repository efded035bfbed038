"""A bank with one customer whose every value is unusual, and who is written about in every place that there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from segmentd.client import AttributeDefinition, Client, SegmentDefinition
from segmentd.schema import Subject
from tests.facts.decoding.conftest import FURTHER

ERIKA: Final = "Erika Müstermann/4711 €"
JOINT: Final = "joint-account-of-Erika-and-Otto"
ALONE: Final = "account-of-Erika-alone"
AMOUNT: Final = 7_310_579_842_611_935
"""In minor units: no other number of the test has the same eight bytes."""
SECONDS: Final = 6_150_243_879_913_577
NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)

TEXTS: Final = (
    ERIKA,
    ALONE,
    "purpose-of-Erika",
    "counterparty-of-Erika",
    "reference-of-Erika",
    "transaction-of-Erika",
    "balance-of-Erika",
    "engagement-of-Erika",
    "device-of-Erika",
    "note-of-Erika",
    "tag-of-Erika",
    "CONSENT-OF-ERIKA",
    "role-of-Erika",
    "batch-of-Erika",
    "rejected-of-Erika",
)
"""Texts that only tell of Erika, but for `rejected-of-Erika`, which only messages have."""


def bytes_of_numbers() -> tuple[bytes, ...]:
    """Erika's numbers as little-endian machines keep them, and as their digits."""
    numbers = (AMOUNT, SECONDS)
    return (*(number.to_bytes(8, "little") for number in numbers), *(str(number).encode() for number in numbers))


def traces_in(folder: Path) -> set[str]:
    """Which of Erika's texts and numbers are in any byte of any file: raw, and in Arrow files when they are read."""
    wanted = {text: text.encode() for text in TEXTS} | {str(raw): raw for raw in bytes_of_numbers()}
    return {name for name, raw in wanted.items() if any(raw in content for content in contents(folder))}


def contents(folder: Path) -> Iterator[bytes]:
    """The bytes of all files, and those of the buffers in Arrow files, as they are when they are read."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        yield raw
        if path.suffix == ".arrow":
            table = pa.ipc.open_file(pa.BufferReader(raw)).read_all()
            for column in table.columns:
                for chunk in column.chunks:
                    yield from (buffer.to_pybytes() for buffer in chunk.buffers() if buffer is not None)


def make_ledger(client: Client) -> None:
    """A ledger whose customers have attributes of every type."""
    client.create_ledger("main", currency_code="EUR", time_zone="Europe/Prague")
    for name, type_ in FURTHER.items():
        client.create_attribute(f"customer.{name}", AttributeDefinition(type_))
    client.create_segment("everybody", SegmentDefinition("true"))
    client.create_segment("accounts", SegmentDefinition("true", subject=Subject.ACCOUNT))


def write_others(client: Client, first: int, count: int) -> None:
    """Customers with an account, transactions, balances and visits each."""
    numbers = range(first, first + count)
    client.write_records("customer", [{"id": f"c{n}", "note": "Brno"} for n in numbers])
    client.write_records("account", [{"id": f"a{n}", "owners": [f"c{n}"], "kind": "CHECKING"} for n in numbers])
    movements = [movement(f"t{n}", f"a{n}", amount=n, purpose="rent") for n in numbers]
    client.write_records("transaction", movements)
    client.write_records("balance", [balance(f"b{n}", f"a{n}", amount=n) for n in numbers])
    client.write_records("engagement", [visit(f"e{n}", f"c{n}", duration_s=n) for n in numbers])


def write_erika(client: Client) -> None:
    """Erika, an account of hers, one that Otto owns too, what happened on both, and rows that are rejected."""
    erika = {"id": ERIKA, "note": "note-of-Erika", "tags": ["tag-of-Erika"], "consents": ["CONSENT-OF-ERIKA"]}
    client.write_records("customer", [{**erika, "consent_times": ["2026-01-01T00:00:00Z"]}])
    client.write_records("customer", [{"id": "otto"}])
    roles = ["role-of-Erika", "OWNER"]
    alone = {"id": ALONE, "owners": [ERIKA], "owner_roles": [""], "kind": "CHECKING"}
    joint = {"id": JOINT, "owners": [ERIKA, "otto"], "owner_roles": roles, "kind": "SAVINGS"}
    client.write_records("account", [alone, joint])
    texts = {name: f"{name}-of-Erika" for name in ("purpose", "counterparty", "reference")}
    moved = [movement("transaction-of-Erika", ALONE, amount=AMOUNT, **texts), movement("shared", JOINT, amount=5)]
    client.write_records("transaction", moved, batch_id="batch-of-Erika")
    client.write_records("balance", [balance("balance-of-Erika", ALONE, amount=AMOUNT)])
    seen = visit("engagement-of-Erika", ERIKA, duration_s=SECONDS, device="device-of-Erika")
    client.write_records("engagement", [seen])
    write_rejected(client)


def write_rejected(client: Client) -> None:
    """Rows that are rejected, of which messages quote the values."""
    wrong = client.write_records("transaction", [movement("x", "rejected-of-Erika", amount=1)], batch_id="wrong")
    assert "rejected-of-Erika" in wrong.rejected_rows[0].message
    twice = [{"id": "y", "owners": [ERIKA, "rejected-of-Erika"]}]
    assert client.write_records("account", twice, batch_id="also wrong").rejected == 1


def movement(id_: str, account: str, **fields: Any) -> dict[str, Any]:
    """A transaction; times go on with the ids, so that nothing is said twice."""
    return {"id": id_, "account": account, "booking_time": NOON, **fields}


def balance(id_: str, account: str, **fields: Any) -> dict[str, Any]:
    """A balance."""
    return {"id": id_, "account": account, "time": NOON + timedelta(hours=1), **fields}


def visit(id_: str, customer: str, **fields: Any) -> dict[str, Any]:
    """An engagement."""
    return {"id": id_, "customer": customer, "time": NOON, "channel": "WEB", **fields}


def take_snapshots(client: Client) -> None:
    """One of the customers, and one of the accounts."""
    client.create_snapshot("before", segments=["everybody"])
    client.create_snapshot("accounts", segments=["accounts"], subject=Subject.ACCOUNT)
