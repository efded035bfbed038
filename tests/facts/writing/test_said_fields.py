"""What a record does not say of a record that the ledger has stays as it is, and what it removes is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import record_pb2 as pb
from segmentd.cli.child import serving
from segmentd.server.app import Server
from tests.facts.decoding.records import FORMS, KINDS, NUMBERS, as_arrow, stamp
from tests.facts.writing.streams import counts, make_ledger, refusals, request, write
from tests.server.api import Api

ORDER: Final = ("customer", "account", "transaction", "balance", "engagement")

FIRST: Final[Mapping[str, Any]] = {
    "customer": pb.Customer(id="c1", attributes={"note": attributes.AttributeValue(string_value="new")}),
    "account": pb.Account(id="a1", status="ACTIVE"),
    "transaction": pb.Transaction(id="t1", purpose="rolls"),
    "balance": pb.BalanceSnapshot(id="b1", amount_minor=8),
    "engagement": pb.Engagement(id="e1", device="TABLET"),
}
"""A change of one field of the first record of each kind."""

FIRST_CHANGED: Final[Mapping[str, Mapping[str, Any]]] = {
    "customer": {"note": "new"},
    "account": {"status": "ACTIVE"},
    "transaction": {"purpose": "rolls"},
    "balance": {"amount": 8},
    "engagement": {"device": "TABLET"},
}

SECOND: Final[Mapping[str, Any]] = {
    "customer": pb.Customer(id="c2", consents=[pb.Consent(purpose="x", time=Timestamp(seconds=1))]),
    "account": pb.Account(id="a2", owners=[pb.AccountOwner(customer="c1", role="JOINT")], opened_day=10_000),
    "transaction": pb.Transaction(id="t2", amount_minor=5, category="A"),
    "balance": pb.BalanceSnapshot(id="b2", time=Timestamp(seconds=60)),
    "engagement": pb.Engagement(id="e2", duration_s=3),
}
"""A change of other fields of the second one."""


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[Api]:
    """The API of the module's server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


@pytest.fixture
def ledger(server: Server, request: pytest.FixtureRequest) -> str:
    """A ledger of the test's own."""
    name = "s-" + format(abs(hash(request.node.name)), "x")
    make_ledger(server.port, name).close()
    return name


def fill(api: Api, ledger: str) -> None:
    """Write records of every kind."""
    write(api, ledger, *(FORMS["columns"](kind, KINDS[kind]) for kind in ORDER))


def rows(kind: str, *records: Any) -> pb.RecordBatch:
    """A batch of messages."""
    return pb.RecordBatch(kind=NUMBERS[kind], rows=pb.RecordRows(**{f"{kind}s": records}))


@pytest.mark.parametrize("kind", ORDER)
def test_rows_change_their_own_fields_alone(api: Api, ledger: str, kind: str) -> None:
    """A field that one row of a batch sets stays as it is in a record whose row does not set it."""
    fill(api, ledger)
    (result,) = write(api, ledger, rows(kind, FIRST[kind], SECOND[kind]))
    assert counts(result) == (0, 2, 0, 0, 0)
    (result,) = write(api, ledger, as_arrow(kind, [{**KINDS[kind][0], **FIRST_CHANGED[kind]}]))
    assert counts(result) == (0, 0, 1, 0, 0)


def test_rows_remove_the_fields_that_they_name(api: Api, ledger: str) -> None:
    """A field in `cleared_fields`, and an attribute without a value, go as a null in a column has them go."""
    fill(api, ledger)
    nothing = attributes.AttributeValue()
    changes = [
        rows("customer", pb.Customer(id="c1", attributes={"note": nothing}, cleared_fields=["consents", "count"])),
        rows("account", pb.Account(id="a1", cleared_fields=["owners", "closed", "balance", "external"])),
        rows("transaction", pb.Transaction(id="t1", purpose="x", cleared_fields=["mcc", "value_time"])),
        rows("engagement", pb.Engagement(id="e1", cleared_fields=["device"]), pb.Engagement(id="e2", channel="WEB")),
    ]
    assert [counts(result)[1] for result in write(api, ledger, *changes)] == [1, 1, 1, 2]
    left: dict[str, dict[str, Any]] = {
        "customer": {"note": None, "consents": [], "consent_times": [], "count": None},
        "account": {"owners": [], "owner_roles": [], "closed": None, "balance": None, "external": None},
        "transaction": {"purpose": "x", "mcc": None, "value_time": None},
        "engagement": {"device": None},
    }
    for kind, change in left.items():
        (result,) = write(api, ledger, as_arrow(kind, [{**KINDS[kind][0], **change}]))
        assert counts(result) == (0, 0, 1, 0, 0), kind


def test_rows_of_one_id_are_taken_together(api: Api, ledger: str) -> None:
    """What an earlier row of a batch says, and a later one of the same id does not, is said; the last word counts."""
    fill(api, ledger)
    said = [
        pb.Transaction(id="t1", purpose="one", reference="one"),
        pb.Transaction(id="new", account="a1", amount_minor=1),
        pb.Transaction(id="t1", category="TWO", cleared_fields=["value_time"]),
        pb.Transaction(id="new", booking_time=stamp(KINDS["transaction"][0]["booking_time"]), purpose="x"),
        pb.Transaction(id="t1", purpose="three"),
        pb.Transaction(id="new", amount_minor=3, cleared_fields=["purpose"]),
    ]
    (result,) = write(api, ledger, rows("transaction", *said))
    assert counts(result) == (1, 1, 3, 0, 1)
    assert [(row.row, row.field) for row in result.rejected_rows] == [(1, "booking_time")]
    first = {**KINDS["transaction"][0], "category": "TWO", "purpose": "three", "reference": "one", "value_time": None}
    new = {"id": "new", "account": "a1", "booking_time": first["booking_time"], "amount": 3, "purpose": None}
    (result,) = write(api, ledger, as_arrow("transaction", [first, new]))
    assert counts(result) == (0, 0, 2, 0, 0)


def test_a_new_record_must_say_what_it_cannot_be_without(api: Api, ledger: str) -> None:
    """Beside others that do not say it either, because the ledger has them."""
    fill(api, ledger)
    (result,) = write(
        api, ledger, rows("transaction", pb.Transaction(id="t1", amount_minor=1), pb.Transaction(id="t9"))
    )
    assert counts(result) == (0, 1, 0, 0, 1)
    assert [(row.row, row.field) for row in result.rejected_rows] == [(1, "account")]
    unnamed = pb.BalanceSnapshot(account="a1", amount_minor=1)
    (result,) = write(api, ledger, rows("balance", pb.BalanceSnapshot(id="b1", amount_minor=1), unnamed))
    assert [(row.row, row.field) for row in result.rejected_rows] == [(1, "time")]


def test_what_cannot_be_removed_is_told(api: Api, ledger: str) -> None:
    """A row that sets what it removes, or removes what it needs, is rejected; a name of no field refuses the batch."""
    fill(api, ledger)
    wrong = [
        pb.Transaction(id="t1", purpose="x", cleared_fields=["purpose"]),
        pb.Transaction(id="t1", cleared_fields=["amount"]),
        pb.Transaction(id="t1", reference="y"),
    ]
    (result,) = write(api, ledger, rows("transaction", *wrong))
    assert counts(result) == (0, 1, 0, 0, 2)
    assert [(row.row, row.field) for row in result.rejected_rows] == [(0, "purpose"), (1, "amount")]
    for name in ("porpose", "id", "amount_minor", "double_count"):
        batch = rows("transaction", pb.Transaction(id="t1"), pb.Transaction(id="t2", cleared_fields=[name]))
        (refused,) = refusals(api.call("WriteRecords", [request(ledger, batch)]))
        assert refused is not None
        assert (refused.reason, refused.fields) == ("UNKNOWN_ATTRIBUTE", ("batch.rows.transactions[1].cleared_fields",))


def test_what_was_left_unsaid_stays_after_a_crash(tmp_path: Path) -> None:
    """Batches that were acknowledged change the same fields, and no others, when they are read from the log again."""
    options = ["--data-dir", str(tmp_path / "data")]
    with serving(options, tmp_path / "log") as child, grpc.insecure_channel(child.target) as channel:
        make_ledger(int(child.target.rpartition(":")[2]), "main").close()
        fill(Api(channel), "main")
        write(Api(channel), "main", *(rows(kind, FIRST[kind], SECOND[kind]) for kind in ORDER))
        os.kill(child.pid, signal.SIGKILL)
    with serving(options, tmp_path / "log") as child, grpc.insecure_channel(child.target) as channel:
        for kind in ORDER:
            whole = as_arrow(kind, [{**KINDS[kind][0], **FIRST_CHANGED[kind]}])
            assert counts(write(Api(channel), "main", whole)[0]) == (0, 0, 1, 0, 0), kind
            assert counts(write(Api(channel), "main", rows(kind, SECOND[kind]))[0]) == (0, 0, 1, 0, 0), kind
