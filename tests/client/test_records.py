"""Records written from Python: tables, columns and rows, in batches, with what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from segmentd.client import (
    DOUBLE,
    AsyncClient,
    AttributeDefinition,
    CategoryRule,
    Client,
    RecordBatch,
    RecordKind,
    SegmentdCallError,
    WriteResult,
)
from segmentd.client import records as client_records

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def books(target: str, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of a ledger of the test's own, which has an account `a`."""
    ledger = "b-" + format(abs(hash(request.node.name)), "x")
    with Client(target, ledger=ledger) as client:
        client.create_ledger(ledger, currency_code="EUR")
        client.create_attribute("customer.income", AttributeDefinition(DOUBLE))
        client.write_records("account", [{"id": "a"}])
        yield client


ROWS: list[dict[str, Any]] = [
    {"id": "t1", "account": "a", "booking_time": NOON, "amount": Decimal("-12.30"), "purpose": "bread"},
    {"id": "t2", "account": "a", "booking_time": NOON, "amount": Decimal("0.05"), "purpose": None},
]

TABLE = pa.Table.from_pylist(ROWS)

SAME: dict[str, Any] = {
    "rows": ROWS,
    "table": TABLE,
    "record batch": TABLE.to_batches()[0],
    "columns": {name: [row[name] for row in ROWS] for name in ROWS[0]},
    "NumPy arrays": {
        "id": np.array(["t1", "t2"]),
        "account": np.array(["a", "a"]),
        "booking_time": np.array(["2024-03-01T12:00"] * 2, "datetime64[us]"),
        "amount": np.array([-1_230, 5]),
        "purpose": pa.array(["bread", None]),
    },
    "doubles": {**{name: [row[name] for row in ROWS] for name in ROWS[0]}, "amount": np.array([-12.3, 0.05])},
    "pandas": pd.DataFrame(ROWS),
    "Polars": pl.DataFrame(ROWS),
}


@pytest.mark.parametrize("form", SAME)
def test_records_come_in_many_forms(books: Client, form: str) -> None:
    """Rows, columns, data frames and tables write the same transactions."""
    assert books.write_records("transaction", ROWS).inserted == 2
    result = books.write_records(RecordKind.TRANSACTION, SAME[form])
    assert (result.inserted, result.updated, result.unchanged, result.rejected) == (0, 0, 2, 0)


def test_every_kind_can_be_written(books: Client) -> None:
    """Customers, accounts, transactions, balances, engagements and rates, with the types that Python has for them."""
    consent = {"consents": ["marketing"], "consent_times": ["2024-03-01T12:00:00Z"]}
    owned = {"owners": ["c"], "owner_roles": ["JOINT"], "opened": date(2020, 1, 31), "external": False}
    for kind, row in (
        ("customer", {"id": "c", "income": 1_234.5, **consent}),
        ("account", {"id": "b", "currency": "JPY", "balance": 5, **owned}),
        ("transaction", {"id": "t", "account": "b", "booking_time": NOON, "amount": Decimal(7)}),
        ("balance", {"account": "b", "time": NOON, "amount": Decimal(7)}),
        ("engagement", {"customer": "c", "time": NOON, "channel": "WEB", "duration_s": 60}),
        ("rate", {"currency": "JPY", "day": date(2024, 3, 1), "rate": "0.0061"}),
    ):
        for inserted, unchanged in ((1, 0), (0, 1)):
            result = books.write_records(kind, [row])
            assert (result.inserted, result.unchanged, result.rejected) == (inserted, unchanged, 0), kind


def test_many_records_go_in_batches(books: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of more rows than a batch is split; rejected rows are numbered in the whole, and ids by batch."""
    monkeypatch.setattr(client_records, "BATCH_ROWS", 10)
    ids = [f"c{row}" if row % 7 else "" for row in range(35)]
    table = pa.table({"id": ids, "income": [float(row) for row in range(35)]})
    result = books.write_records("customer", table, batch_id="load")
    assert (result.inserted, result.rejected, result.repeated) == (30, 5, False)
    assert [row.row for row in result.rejected_rows] == [0, 7, 14, 21, 28]
    assert {row.field for row in result.rejected_rows} == {"id"}
    again = books.write_records("customer", table, batch_id="load")
    assert (again.inserted, again.rejected, again.repeated) == (30, 5, True)
    answers = list(books.stream_records([RecordBatch(table[:5], batch_id="load/3")], "customer"))
    assert isinstance(answers[0], WriteResult)
    assert answers[0].repeated
    assert books.get_ledger().customer_count == 30


def test_fields_that_only_later_rows_have_are_written(books: Client) -> None:
    """Rows of one call are columns of all fields that any of them has, missing where a row does not have it."""
    rows: list[dict[str, Any]] = [{"id": "c1"}, {"id": "c2", "income": 1.0}]
    assert books.write_records("customer", rows).inserted == 2
    assert books.write_records("customer", [{"id": "c2", "income": 1.0}]).unchanged == 1
    assert books.write_records("customer", [rows[1], {"id": "c2"}]).updated == 1
    assert books.write_records("customer", [{"id": "c2", "income": None}]).unchanged == 1


def test_rows_are_split_by_their_bytes_too(books: Client) -> None:
    """Rows of a mebibyte each do not make a message that no server takes."""
    table = pa.table({"id": [f"t{row}" for row in range(40)], "purpose": ["x" * (1 << 20)] * 40})
    batches = list(client_records.split(table))
    assert sum(client_records.row_count(batch) for batch in batches) == 40
    assert max(client_records.row_count(batch) for batch in batches) <= 8
    result = books.write_records("transaction", table.append_column("account", pa.array(["nobody"] * 40)))
    assert result.rejected == 40


def test_a_stream_gives_an_answer_a_batch(books: Client) -> None:
    """What is wrong with one batch is its answer, in its place, and the next one is written."""
    batches = [
        RecordBatch([{"id": "c1"}]),
        RecordBatch([{"id": "c2", "incom": 1.0}]),
        RecordBatch([{"id": "c3"}, {"id": ""}], batch_id="third"),
        RecordBatch(),
    ]
    first, second, third, fourth = books.stream_records(batches, "customer")
    assert isinstance(first, WriteResult)
    assert first.inserted == 1
    assert isinstance(second, SegmentdCallError)
    assert (second.reason, second.metadata["nearest"]) == ("UNKNOWN_ATTRIBUTE", "income")
    assert isinstance(third, WriteResult)
    assert (third.batch_id, third.inserted, third.rejected, third.rejected_rows[0].row) == ("third", 1, 1, 1)
    assert isinstance(fourth, SegmentdCallError)
    assert fourth.reason == "FIELD_REQUIRED"


def test_a_batch_that_is_wrong_as_a_whole_is_raised(books: Client) -> None:
    """`write_records` has no answer to give then."""
    with pytest.raises(SegmentdCallError) as refused:
        books.write_records("customer", {"id": ["c"], "income": ["much"]})
    assert refused.value.reason == "ATTRIBUTE_TYPE_MISMATCH"
    assert refused.value.advice == "give the column values of that type"


def test_options_are_sent(books: Client) -> None:
    """All or nothing, validation alone, and a column of ids with another name."""
    wrong = [{"who": "c1", "income": 1.0}, {"who": "", "income": 1.0}]
    result = books.write_records("customer", wrong, all_or_nothing=True, id_column="who")
    assert (result.inserted, result.rejected) == (0, 1)
    result = books.write_records("customer", wrong[:1], validate_only=True, id_column="who")
    assert result.inserted == 1
    assert books.get_ledger().customer_count == 0


def test_records_are_deleted_by_id(books: Client) -> None:
    """Those that are there are counted; customers are not deleted this way."""
    books.write_records("transaction", ROWS)
    result = books.delete_records("transaction", ["t1", "t2", "t3"])
    assert (result.deleted, result.inserted) == (2, 0)
    assert books.write_records("transaction", ROWS).inserted == 2
    with pytest.raises(SegmentdCallError) as refused:
        books.delete_records("customer", ["c"])
    assert refused.value.fields[0].field == "batch.deletions"


def test_chunks_with_dictionaries_of_their_own_are_one_table(books: Client) -> None:
    """Categories that pandas and Parquet keep apart by chunk are sent as one."""
    chunks = [pa.array(["t1"]).dictionary_encode(), pa.array(["t2"]).dictionary_encode()]
    table = TABLE.set_column(0, "id", pa.chunked_array(chunks))
    assert books.write_records("transaction", table).inserted == 2


async def test_the_asynchronous_client_has_the_same_methods(target: str, books: Client) -> None:
    """Written with one and read with the other, it is the same ledger."""
    async with AsyncClient(target, ledger=books.scope.ledger) as client:
        result = await client.write_records("transaction", ROWS, batch_id="b")
        assert (result.inserted, result.batch_id) == (2, "b")
        answers = [each async for each in client.stream_records([RecordBatch(ROWS)], "transaction")]
        assert [each.unchanged for each in answers if isinstance(each, WriteResult)] == [2]
        assert (await client.delete_records("transaction", ["t1"])).deleted == 1
        rules = [CategoryRule("true", "ALL")]
        assert (await client.update_category_rules(rules)).rules == tuple(rules)
        assert (await client.get_category_rules()).rules == tuple(rules)
