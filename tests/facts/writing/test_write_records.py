"""WriteRecords: what is written, what is not, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import grpc
import pyarrow as pa
import pytest

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.server.app import Server
from tests.facts.decoding.records import FORMS, KINDS, NOON, NUMBERS, arrow_batch
from tests.facts.writing.streams import (
    accounts,
    counts,
    customers,
    make_ledger,
    refusals,
    request,
    results,
    transactions,
    write,
)
from tests.server.api import Api

ORDER = ("customer", "account", "transaction", "balance", "engagement", "rate")
"""What is referred to comes first."""


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The API of the module's server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


@pytest.fixture
def ledger(server: Server, request: pytest.FixtureRequest) -> str:
    """A ledger of the test's own."""
    name = "l-" + format(abs(hash(request.node.name)), "x")
    make_ledger(server.port, name).close()
    return name


def movement(id_: str, account: str = "a", **fields: Any) -> dict[str, Any]:
    """A transaction."""
    return {"id": id_, "account": account, "booking_time": NOON, "amount": 100, **fields}


@pytest.mark.parametrize("first", FORMS)
def test_all_forms_write_the_same_facts(api: Api, ledger: str, first: str) -> None:
    """Records of every kind that were written in one form are unchanged when they come in another."""
    written = write(api, ledger, *(FORMS[first](kind, KINDS[kind]) for kind in ORDER))
    assert [counts(result) for result in written] == [(len(KINDS[kind]), 0, 0, 0, 0) for kind in ORDER]
    assert [result.data_version for result in written] == [1, 2, 3, 4, 5, 6]
    for form in FORMS:
        again = write(api, ledger, *(FORMS[form](kind, KINDS[kind]) for kind in ORDER))
        assert [counts(result) for result in again] == [(0, 0, len(KINDS[kind]), 0, 0) for kind in ORDER], form
        assert {result.data_version for result in again} == {6}


def test_a_change_of_any_field_is_an_update(api: Api, ledger: str) -> None:
    """Whichever field has another value, the record is updated, and unchanged when it is sent again."""
    write(api, ledger, *(FORMS["columns"](kind, KINDS[kind]) for kind in ORDER))
    for kind, change in (
        ("customer", {"count": 6}),
        ("customer", {"tags": []}),
        ("account", {"status": "ACTIVE"}),
        ("account", {"owners": ["c2"], "owner_roles": ["OWNER"]}),
        ("transaction", {"purpose": "rolls"}),
        ("transaction", {"booking_time": NOON + timedelta(days=400)}),
        ("balance", {"amount": 8}),
        ("engagement", {"duration_s": 1}),
        ("rate", {"rate": "23.5"}),
    ):
        batch = FORMS["rows"](kind, [{**KINDS[kind][0], **change}])
        assert [counts(each) for each in write(api, ledger, batch, batch)] == [(0, 1, 0, 0, 0), (0, 0, 1, 0, 0)], change
        write(api, ledger, FORMS["rows"](kind, [KINDS[kind][0]]))


def test_fields_that_a_batch_does_not_have_stay(api: Api, ledger: str) -> None:
    """A batch of ids and one field changes that field alone; a null in it removes the value."""
    write(api, ledger, FORMS["rows"]("customer", KINDS["customer"]))
    change = FORMS["arrow"]("customer", [{"id": "c1", "note": "new"}, {"id": "c2", "note": None}])
    assert counts(write(api, ledger, change)[0]) == (0, 1, 1, 0, 0)
    whole = FORMS["rows"]("customer", [{**KINDS["customer"][0], "note": "new"}])
    assert counts(write(api, ledger, whole)[0]) == (0, 0, 1, 0, 0)
    removal = FORMS["arrow"]("customer", [{"id": "c1", "note": None}, {"id": "c2", "note": "x"}])
    assert counts(write(api, ledger, removal)[0]) == (0, 2, 0, 0, 0)
    without = {name: value for name, value in KINDS["customer"][0].items() if name != "note"}
    assert counts(write(api, ledger, FORMS["arrow"]("customer", [without]))[0]) == (0, 0, 1, 0, 0)


def test_transactions_can_be_changed_by_id_alone(api: Api, ledger: str) -> None:
    """A known transaction needs no account to get a category; a new one does."""
    write(api, ledger, accounts("a"), transactions([movement("t1")]))
    change = FORMS["arrow"]("transaction", [{"id": "t1", "category": "X"}, {"id": "t2", "category": "X"}])
    (result,) = write(api, ledger, change)
    assert counts(result) == (0, 1, 0, 0, 1)
    assert [(row.row, row.field) for row in result.rejected_rows] == [(1, "account")]


def test_a_wrong_row_does_not_sink_its_batch(api: Api, ledger: str) -> None:
    """Rows that are wrong by themselves or in view of the ledger are named, in their order, and the others written."""
    write(api, ledger, accounts("a"))
    rows = [
        movement("t0"),
        movement("t1", account="nobody's"),
        movement(""),
        movement("t3", amount=None),
        movement("t4"),
        movement("t5", account="x" * 300),
    ]
    (result,) = write(api, ledger, transactions(rows))
    assert counts(result) == (2, 0, 0, 0, 4)
    assert [(row.row, row.field) for row in result.rejected_rows] == [
        (1, "account"),
        (2, "id"),
        (3, "amount"),
        (5, "account"),
    ]
    assert "nobody's" in result.rejected_rows[0].message


def test_all_or_nothing_writes_nothing_of_a_wrong_batch(api: Api, ledger: str) -> None:
    """One wrong row keeps the others out, and those are written once it is right."""
    write(api, ledger, accounts("a"))
    wrong = transactions([movement("t0"), movement("t1", account="b")])
    for batch in (wrong, transactions([movement("t0"), movement("")])):
        (result,) = write(api, ledger, batch, all_or_nothing=True)
        assert counts(result) == (0, 0, 0, 0, 1)
        assert result.data_version == 1
    write(api, ledger, accounts("b"))
    (result,) = write(api, ledger, wrong, all_or_nothing=True)
    assert counts(result) == (2, 0, 0, 0, 0)


def test_validating_writes_nothing(api: Api, ledger: str) -> None:
    """The outcome is told as if the batch were written, with the version before it; afterwards it still would be."""
    write(api, ledger, accounts("a"))
    batch = transactions([movement("t0"), movement("t1", account="b")])
    for _ in range(2):
        (result,) = write(api, ledger, batch, validate_only=True)
        assert (counts(result), result.data_version) == ((1, 0, 0, 0, 1), 1)
    (result,) = write(api, ledger, batch)
    assert (counts(result), result.data_version) == ((1, 0, 0, 0, 1), 2)


def test_a_batch_id_is_written_once(api: Api, ledger: str) -> None:
    """A batch that comes again is answered as it was, even if it holds something else by now."""
    write(api, ledger, accounts("a"))
    batch = transactions([movement("t0"), movement("t1", account="b")])
    (first,) = write(api, ledger, batch, batch_id="b-1")
    assert (first.batch_id, first.repeated) == ("b-1", False)
    again, other = write(api, ledger, batch, transactions([movement("t9")]), batch_id="b-1")
    assert again.repeated
    assert other.repeated
    assert counts(again) == counts(first)
    assert again.data_version == other.data_version == first.data_version
    assert list(again.rejected_rows) == list(first.rejected_rows)
    (new,) = write(api, ledger, transactions([movement("t9")]), batch_id="b-2")
    assert counts(new) == (1, 0, 0, 0, 0)


def test_an_id_may_be_used_in_every_ledger(api: Api, server: Server, ledger: str) -> None:
    """Batch ids are those of their ledger."""
    make_ledger(server.port, f"{ledger}-2").close()
    for name in (ledger, f"{ledger}-2"):
        (result,) = write(api, name, customers("c"), batch_id="same")
        assert (counts(result), result.repeated) == ((1, 0, 0, 0, 0), False)


def test_the_last_of_equal_ids_counts(api: Api, ledger: str) -> None:
    """Two rows of one id are one record, as the second has it."""
    write(api, ledger, accounts("a"))
    write(api, ledger, transactions([movement("t", amount=1), movement("t", amount=2)]))
    (result,) = write(api, ledger, transactions([movement("t", amount=2)]))
    assert counts(result) == (0, 0, 1, 0, 0)


def test_deletions_come_after_the_records(api: Api, ledger: str) -> None:
    """Ids are deleted, known or not; those that are written in the same batch too."""
    write(api, ledger, accounts("a"), transactions([movement("t0"), movement("t1")]))
    batch = transactions([movement("t2"), movement("t3")])
    batch.deletions.extend(["t0", "t3", "never there"])
    (result,) = write(api, ledger, batch)
    assert counts(result) == (2, 0, 0, 2, 0)
    (result,) = write(api, ledger, transactions([movement(f"t{number}") for number in range(4)]))
    assert counts(result) == (2, 0, 2, 0, 0)


def test_deleting_an_account_deletes_what_happened_on_it(api: Api, ledger: str) -> None:
    """Its transactions are new when they come again, and no account is known any more."""
    write(api, ledger, accounts("a", "b"), transactions([movement("t0"), movement("t1", account="b")]))
    write(api, ledger, record_pb2.RecordBatch(kind=NUMBERS["account"], deletions=["a"]))
    (result,) = write(api, ledger, transactions([movement("t0"), movement("t1", account="b")]))
    assert counts(result) == (0, 0, 1, 0, 1)
    _, result = write(api, ledger, accounts("a"), transactions([movement("t0")]))
    assert counts(result) == (1, 0, 0, 0, 0)


def test_one_stream_writes_in_its_order(api: Api, ledger: str) -> None:
    """What a request refers to may be in the one before it; each names the ledger, or the first does for all."""
    requests = [request(ledger, customers("c"))]
    for number in range(100):
        requests += [
            request("", accounts(f"a{number}"), batch_id=f"a{number}"),
            request("", transactions([movement(f"t{number}", account=f"a{number}")])),
        ]
    answers = results(api.call("WriteRecords", requests))
    assert [counts(answer) for answer in answers] == [(1, 0, 0, 0, 0)] * len(requests)
    assert [answer.data_version for answer in answers] == list(range(1, len(requests) + 1))
    assert [answer.batch_id for answer in answers[1:3]] == ["a0", ""]


def test_a_wrong_request_does_not_end_its_stream(api: Api, ledger: str) -> None:
    """Garbage and wrong requests are answered in their places, and those after them are written."""
    requests: list[Any] = [
        request(ledger, customers("c1")),
        b"\xff\xff",
        request("", customers("c2")),
        request("nowhere", customers("c3")),
        request(ledger, record_pb2.RecordBatch()),
        pb.WriteRecordsRequest(parent=f"ledgers/{ledger}"),
        request("", customers("c4"), batch_id="x" * 129),
        request("", customers("c5")),
    ]
    answers = api.call("WriteRecords", requests)
    told = [None if found is None else (found.reason, found.fields) for found in refusals(answers)]
    assert told == [
        None,
        ("MALFORMED_REQUEST", ()),
        None,
        ("LEDGER_NOT_FOUND", ()),
        ("FIELD_REQUIRED", ("batch.kind",)),
        ("FIELD_REQUIRED", ("batch",)),
        ("INVALID_FIELD", ("batch_id",)),
        None,
    ]
    (result,) = write(api, ledger, customers("c1", "c2", "c3", "c4", "c5"))
    assert counts(result) == (2, 0, 3, 0, 0)


def test_an_answer_names_a_thousand_rejected_rows(api: Api, ledger: str) -> None:
    """All are counted, the first thousand are told."""
    write(api, ledger, accounts("a"))
    (result,) = write(api, ledger, transactions([movement("") for _ in range(1_500)]))
    assert result.rejected_count == 1_500
    assert [row.row for row in result.rejected_rows] == list(range(1_000))


def test_amounts_in_major_units_are_those_in_minor_ones(api: Api, ledger: str) -> None:
    """12.34 euros as a decimal or a double are 1,234 cents; a yen has no cents, and a third digit no place."""
    yen = FORMS["rows"]("account", [{"id": "y", "owners": [], "owner_roles": [], "currency": "JPY"}])
    write(api, ledger, accounts("a"), yen)
    minor = [movement("t0", amount=1_234), movement("t1", "y", amount=5)]
    write(api, ledger, transactions(minor))
    times = pa.array([NOON] * 4, pa.timestamp("us", tz="UTC"))
    table = pa.table(
        {
            "id": ["t0", "t1", "t2", "t3"],
            "account": ["a", "y", "y", "a"],
            "booking_time": times,
            "amount": pa.array([Decimal("12.34"), Decimal(5), Decimal("5.5"), Decimal("1.001")], pa.decimal128(9, 3)),
        }
    )
    for amounts in (table["amount"], table["amount"].cast(pa.float64())):
        batch = arrow_batch("transaction", table.set_column(3, "amount", amounts))
        (result,) = write(api, ledger, batch)
        assert counts(result) == (0, 0, 2, 0, 2)
        assert [(row.row, row.field) for row in result.rejected_rows] == [(2, "amount"), (3, "amount")]
