"""What is older than it may be kept goes, by the time of what happened, and nothing else does."""

from __future__ import annotations

import random
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from segmentd.cli.serve import keep_rules
from segmentd.client import Client
from segmentd.columns.zones import DAY_US
from segmentd.facts.book.aged import ids_before
from segmentd.facts.book.book import Book
from segmentd.facts.erasure.retention import BATCH_ROWS, KeepRule, Retention
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.schema import STRING, TIMESTAMP, DataType, Kind
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.facts.book.records import LEDGER, batch, vocabulary
from tests.facts.erasure.planting import balance, movement, visit

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
NOW_US: Final = int(NOW.timestamp()) * 1_000_000
AMOUNT: Final = DataType(Kind.DECIMAL, 0)

pytestmark = pytest.mark.timeout(120)


class Clerk:
    """A book in memory, written at once, for whoever hands in batches."""

    def __init__(self) -> None:
        self.book = Book(LEDGER)
        self.deletions: list[int] = []
        self.scrubs = 0

    def ledgers(self) -> tuple[str, ...]:
        """The one ledger."""
        return ("main",)

    def view(self, _ledger_id: str) -> BookView:
        """Its current version."""
        return self.book.view

    def write(self, kind: RecordKind, ids: list[str], columns: Any) -> None:
        """Write records."""
        assert not self.book.stage(batch(kind, ids, columns), vocabulary()).rejected
        self.book.publish()

    def expire(self, _ledger_id: str, given: Any) -> Any:
        """Delete, as ingestion does."""
        done: Future[Any] = Future()
        self.deletions.append(len(given.deletions))
        done.set_result(self.book.stage(given, vocabulary()))
        self.book.publish()
        return done

    def finish(self, _ledger_id: str, version: int) -> Any:
        """Note that bytes are to go."""
        assert version == self.book.version
        self.scrubs += 1
        done: Future[bool] = Future()
        done.set_result(True)
        return done


def retention_of(clerk: Clerk, *rules: KeepRule) -> Retention:
    """What deletes the clerk's old facts."""
    return Retention(rules, clerk, clerk, clerk, clock=lambda: NOW_US)


def ages_of(clerk: Clerk, count: int) -> dict[str, int]:
    """Transactions of random ages, in microseconds, of which half are merged into the prefix and some corrected."""
    chance = random.Random(5)  # noqa: S311 - any ages
    clerk.write(RecordKind.ACCOUNT, ["a", "b"], {})
    ages = {f"t{number}": chance.randrange(400) * DAY_US + chance.choice([-1, 0, 1]) for number in range(count)}
    every = list(ages)
    for part in (every[: count // 2], every[count // 2 :]):
        _write_transactions(clerk, {id_: ages[id_] for id_ in part})
        if part[0] == "t0":
            clerk.book.merge()
    corrected = {id_: chance.randrange(400) * DAY_US for id_ in every[::7]}
    _write_transactions(clerk, corrected)
    return ages | corrected


def _write_transactions(clerk: Clerk, ages: dict[str, int]) -> None:
    times = [NOW_US - age for age in ages.values()]
    accounts = [("a", "b")[number % 2] for number in range(len(ages))]
    columns = {"account": (STRING, accounts), "booking_time": (TIMESTAMP, times), "amount": (AMOUNT, [1] * len(ages))}
    clerk.write(RecordKind.TRANSACTION, list(ages), columns)


def ids_in(view: Any) -> set[str]:
    """The transactions of a version."""
    return set(ids_before(view, RecordKind.TRANSACTION, 2**62, 2**40).to_pylist())


@pytest.mark.parametrize("count", [40, 2 * BATCH_ROWS + 5_000])
def test_what_is_too_old_goes_and_nothing_else(count: int) -> None:
    """To the microsecond, in batches of a bounded size, corrected times counted; older versions stay as they were."""
    clerk = Clerk()
    ages = ages_of(clerk, count)
    before = clerk.book.view
    deleted = retention_of(clerk, KeepRule(RecordKind.TRANSACTION, 100)).expire("main")
    kept = {id_ for id_, age in ages.items() if age <= 100 * DAY_US}
    assert 0 < len(kept) < count
    assert deleted == {RecordKind.TRANSACTION: count - len(kept)}
    assert ids_in(clerk.book.view) == kept
    assert ids_in(before) == set(ages)
    assert max(clerk.deletions) <= BATCH_ROWS
    assert clerk.scrubs == 1


def test_a_rule_of_a_ledger_comes_before_that_of_all() -> None:
    """A ledger's own rule counts, another ledger's does not; what has no rule is kept."""
    clerk = Clerk()
    ages = ages_of(clerk, 400)
    rules = (
        KeepRule(RecordKind.TRANSACTION, 10),
        KeepRule(RecordKind.TRANSACTION, 200, "main"),
        KeepRule(RecordKind.TRANSACTION, 1, "other"),
    )
    retention_of(clerk, *rules).expire("main")
    assert ids_in(clerk.book.view) == {id_ for id_, age in ages.items() if age <= 200 * DAY_US}
    retention_of(clerk, KeepRule(RecordKind.ENGAGEMENT, 1)).expire("main")
    assert clerk.scrubs == 1


@pytest.mark.parametrize(
    ("kind", "days", "told"),
    [(RecordKind.CUSTOMER, 5, "customers have no time"), (RecordKind.BALANCE, 0, "it has to be 1 or more")],
)
def test_rules_that_make_no_sense_are_refused(kind: RecordKind, days: int, told: str) -> None:
    """Only what happened at a time has an age, and ages are whole days."""
    with pytest.raises(ValueError, match=told):
        KeepRule(kind, days)


def test_a_server_deletes_what_is_too_old_when_it_starts(tmp_path: Path) -> None:
    """Transactions, balances and engagements each by their rule; customers, accounts and younger facts stay."""
    config = ServerConfig(data_dir=tmp_path, port=0, threads=1)
    old, young = datetime.now(UTC) - timedelta(days=900), datetime.now(UTC) - timedelta(days=5)
    with running_server(config) as server, Client(f"127.0.0.1:{server.port}") as client:
        client.create_ledger("main", currency_code="EUR")
        client.write_records("customer", [{"id": "c"}])
        client.write_records("account", [{"id": "a", "owners": ["c"]}])
        for name, moment in (("ancient", old), ("recent", young)):
            client.write_records("transaction", [movement(f"t-{name}", "a", amount=1) | {"booking_time": moment}])
            client.write_records("balance", [balance(f"b-{name}", "a", amount=1) | {"time": moment}])
            client.write_records("engagement", [visit(f"e-{name}", "c", duration_s=1) | {"time": moment}])
    keep = tuple(KeepRule(kind, 365) for kind in (RecordKind.TRANSACTION, RecordKind.BALANCE))
    kept = ServerConfig(data_dir=tmp_path, port=0, threads=1, keep=keep)
    with running_server(kept) as server, Client(f"127.0.0.1:{server.port}") as client:
        books = server._books
        # The server's own pass may be under way: after this one, whichever did it, nothing is left to do.
        Retention(keep, books, books.ingestion, server._erasures).expire("main")
        assert client.delete_records("transaction", ["t-ancient"]).deleted == 0
        assert client.delete_records("balance", ["b-ancient"]).deleted == 0
        assert client.delete_records("engagement", ["e-ancient", "e-recent"]).deleted == 2
        assert client.delete_records("transaction", ["t-recent"]).deleted == 1
        assert client.delete_records("balance", ["b-recent"]).deleted == 1
        assert client.get_ledger().customer_count == 1
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"t-ancient" in content for content in files)


def test_rules_are_read_from_the_command_line() -> None:
    """Days for all ledgers or for one, by kind; anything else is told."""
    rules = keep_rules(transaction=["3650d", "retail=730d"], balance=None, engagement=["30d"])
    assert rules == (
        KeepRule(RecordKind.TRANSACTION, 3_650),
        KeepRule(RecordKind.TRANSACTION, 730, "retail"),
        KeepRule(RecordKind.ENGAGEMENT, 30),
    )
    with pytest.raises(typer.BadParameter, match="--keep-balances is '10y'; give days"):
        keep_rules(balance=["10y"])
    with pytest.raises(ValueError, match="said twice"):
        ServerConfig(data_dir=Path("x"), keep=keep_rules(balance=["10d", "20d"]))
