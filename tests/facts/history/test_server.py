"""Answers of a server as of past moments: what records, owners and balances were, over restarts and erasures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from segmentd.client import (
    INT64,
    Aggregate,
    AttributeDefinition,
    Client,
    Function,
    SegmentdCallError,
    SegmentDefinition,
    Source,
    Subject,
)
from segmentd.columns.zones import DAY_US
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.journal.history import KeepHistory
from segmentd.ledger.editions import now_us
from segmentd.server.app import Server, running_server
from segmentd.server.config import ServerConfig
from tests.facts.erasure.planting import contents

BOOKED: Final = datetime(2026, 1, 2, tzinfo=UTC)
SAVED: Final = Aggregate(
    Source.TRANSACTIONS, Function.SUM, measure="amount", account_filter='account.kind == "SAVINGS"'
)
CUSTOMERS: Final = {
    "adult": "customer.age >= 18",
    "saver": 'customer.accounts.exists(a, a.kind == "SAVINGS")',
    "saved": "customer.saved >= 1.00",
}
ACCOUNTS: Final = {
    "active": 'account.status == "ACTIVE"',
    "of-adults": "account.owners.exists(o, o.age >= 18)",
}
AGE: Final = 7_310_579_842_611_935
"""Otto's, in a test that looks for it."""

Answers = dict[str, list[str]]

FIRST: Final[Answers] = {
    "adult": ["otto"],
    "saver": ["erika", "otto"],
    "saved": ["erika", "otto"],
    "active": ["joint", "other"],
    "of-adults": ["joint", "other"],
    "balances": ["CHECKING: 1", "SAVINGS: 1"],
}
"""What is so after the first writes."""

NOW: Final[Answers] = {
    "adult": ["erika"],
    "saver": ["otto"],
    "saved": ["otto"],
    "active": ["joint"],
    "of-adults": ["joint"],
    "balances": ["CHECKING: 1", "SAVINGS: 1"],
}
"""What is so after the later ones: Erika is of age, Otto's age is not known; the kinds of both accounts changed."""


def define(client: Client) -> None:
    """A ledger with attributes and segments of customers and accounts."""
    client.create_ledger("main", currency_code="EUR")
    client.create_attribute("customer.age", AttributeDefinition(INT64))
    client.create_attribute("customer.saved", AttributeDefinition(aggregate=SAVED))
    for name, expression in CUSTOMERS.items():
        client.create_segment(name, SegmentDefinition(expression))
    for name, expression in ACCOUNTS.items():
        client.create_segment(name, SegmentDefinition(expression, subject=Subject.ACCOUNT))


def write_first(client: Client) -> None:
    """Two customers with a savings account of both, and one of Otto's own."""
    client.write_records("customer", [{"id": "erika", "age": 17}, {"id": "otto", "age": 40}])
    joint = {"id": "joint", "owners": ["erika", "otto"], "kind": "SAVINGS", "status": "ACTIVE"}
    client.write_records(
        "account", [joint, {"id": "other", "owners": ["otto"], "kind": "CHECKING", "status": "ACTIVE"}]
    )
    booked = [{"id": f"t-{id_}", "account": id_, "booking_time": BOOKED, "amount": 500} for id_ in ("joint", "other")]
    client.write_records("transaction", booked)


def write_later(client: Client) -> None:
    """Everything of it changes, and somebody comes who was not there."""
    client.write_records("customer", [{"id": "erika", "age": 18}, {"id": "otto", "age": None}])
    joint = {"id": "joint", "owners": ["erika"], "kind": "CHECKING", "status": "ACTIVE"}
    client.write_records("account", [joint, {"id": "other", "owners": ["otto"], "kind": "SAVINGS", "status": "CLOSED"}])


def answers(client: Client, now: datetime | None) -> Answers:
    """Who is in which segment, and how many accounts there are of each kind, as of a moment."""
    found: Answers = {}
    for subject, segments in ((Subject.CUSTOMER, CUSTOMERS), (Subject.ACCOUNT, ACCOUNTS)):
        told = client.evaluate(segments=list(segments), subject=subject, form="ids", now=now)
        found |= {name: sorted(told.member_ids(name)) for name in segments}
    report = client.aggregate_balances(by=["kind"], measures=["sum"], as_of=now)
    found["balances"] = [f"{group.keys[0]}: {group.count + group.unknown}" for group in report.groups]
    return found


def config_of(folder: Path, policy: CheckpointPolicy | None = None) -> ServerConfig:
    """A server on a data directory of the test."""
    return ServerConfig(data_dir=folder, port=0, threads=1, checkpoints=policy or CheckpointPolicy())


def client_of(server: Server) -> Client:
    """A client of its ledger."""
    return Client(f"127.0.0.1:{server.port}", ledger="main")


def is_in_files(folder: Path) -> bool:
    """Whether Otto's age is in any byte of a data directory: raw, or when an Arrow file is read."""
    return any(AGE.to_bytes(8, "little") in content for content in contents(folder))


def test_answers_are_those_of_the_moment(tmp_path: Path) -> None:
    """Attributes, owners, macros, aggregates with a filter of accounts and balances are as they were at each moment.

    Before the ledger was created nobody told it what records were: those of now count. It is all the same after a
    restart, and after the journal was written into files.
    """
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        define(client)
        write_first(client)
        between = datetime.now(UTC)
        assert answers(client, between) == answers(client, None) == FIRST
        write_later(client)
        before = between - timedelta(days=1)
        assert [answers(client, moment) for moment in (before, between, None)] == [NOW, FIRST, NOW]
        scored = client.score(ids=["erika", "otto", "nobody"], segments=["adult", "saver"], form="ids", now=between)
        assert [scored.member_ids("adult"), scored.member_ids("saver")] == [["otto"], ["erika", "otto"]]
        taken = client.create_snapshot("then", segments=["adult"], now=between)
        assert taken.segments[0].members == 1
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        assert [answers(client, moment) for moment in (between, None)] == [FIRST, NOW]
        server._books.ingestion.scrub("main").result(60)
        assert [answers(client, moment) for moment in (between, None)] == [FIRST, NOW]
        client.write_records("customer", [{"id": "otto", "age": 3}])
        assert answers(client, between) == FIRST
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        assert answers(client, between) == FIRST


def test_facts_that_come_late_are_those_of_past_owners(tmp_path: Path) -> None:
    """What is booked on an account later, and happened before, changes what is followed of those who owned it then."""
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        define(client)
        write_first(client)
        between = datetime.now(UTC)
        write_later(client)
        assert answers(client, between)["saved"] == ["erika", "otto"]
        late = {"id": "late", "account": "joint", "booking_time": BOOKED, "amount": -500}
        client.write_records("transaction", [late])
        assert answers(client, between)["saved"] == []
        assert answers(client, None)["saved"] == ["otto"]


def test_accounts_that_were_deleted_count_for_no_past_owner(tmp_path: Path) -> None:
    """Also for those who own it no longer: what is followed of them as of the moment forgets it."""
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        define(client)
        write_first(client)
        between = datetime.now(UTC)
        write_later(client)
        assert answers(client, between)["saved"] == ["erika", "otto"]
        client.delete_records("account", ["joint"])
        then = answers(client, between)
        assert (then["saved"], then["saver"], then["active"]) == ([], [], ["other"])


def test_the_erased_are_in_no_past(tmp_path: Path) -> None:
    """Otto's own account, and Otto among the owners of the joint one, are gone from all moments, and from all bytes."""
    with running_server(config_of(tmp_path)) as server, client_of(server) as client:
        define(client)
        write_first(client)
        client.write_records("customer", [{"id": "otto", "age": AGE}])
        between = datetime.now(UTC)
        write_later(client)
        server._books.ingestion.scrub("main").result(60)
        assert any(server._books.journal.history.index("main").files)
        assert is_in_files(tmp_path)
        assert client.delete_customer("otto", wait=True).is_erased
        client.write_records("customer", [{"id": "otto", "age": 30}])
        then = answers(client, between)
        assert (then["adult"], then["saver"], then["active"]) == (["otto"], ["erika"], ["joint"])
        assert then["of-adults"] == []
        read = [*server._books.journal.history.read_history("main", 0)]
        assert all("other" not in each.ids.to_pylist() and "otto" not in each.ids.to_pylist() for each in read)
        owners = [each.values.to_pylist() for each in read if each.name == "#owners"]
        assert owners == [[["erika", "OWNER"]]]
        assert not is_in_files(tmp_path)


def test_a_past_that_is_not_kept_is_not_guessed(tmp_path: Path) -> None:
    """Moments before what is kept are refused with the earliest that can be answered; that one and later ones are."""
    policy = CheckpointPolicy(keep_history=KeepHistory(400, {"main": 2}))
    with running_server(config_of(tmp_path, policy)) as server, client_of(server) as client:
        define(client)
        write_first(client)
        between = datetime.now(UTC)
        write_later(client)
        books = server._books
        books.ingestion.scrub("main").result(60)
        assert answers(client, between) == FIRST
        status = client.get_ledger_status()
        assert (status.past_values, status.past_start) == (6, None)
        books.journal._clock = lambda: now_us() + 3 * DAY_US
        assert books.journal.ledgers_with_old_history() == ("main",)
        books.ingestion.scrub("main").result(60)
        assert books.journal.ledgers_with_old_history() == ()
        with pytest.raises(SegmentdCallError, match="is kept from") as refused:
            answers(client, between)
        assert refused.value.reason == "HISTORY_NOT_KEPT"
        with pytest.raises(SegmentdCallError) as refused:
            client.aggregate_balances(by=["kind"], as_of=between)
        assert refused.value.reason == "HISTORY_NOT_KEPT"
        earliest = datetime.fromisoformat(refused.value.metadata["earliest"])
        assert between < earliest < datetime.now(UTC)
        assert answers(client, earliest) == NOW
        status = client.get_ledger_status()
        assert (status.past_values, status.past_start) == (0, earliest)
        assert answers(client, None) == NOW
