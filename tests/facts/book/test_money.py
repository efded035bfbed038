"""Currencies of accounts, amounts in major units, rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmentd.columns.column import Column
from segmentd.columns.zones import DAY_US
from segmentd.facts.book import Book
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.facts.records import WriteOutcome
from segmentd.facts.views import BookView
from segmentd.schema import DATE, STRING, TIMESTAMP, DataType, Kind
from tests.facts.book.comparing import python_values
from tests.facts.book.histories import STARTS
from tests.facts.book.records import LEDGER, Columns, batch, vocabulary

WORDS = vocabulary()
EUROS = DataType(Kind.DECIMAL, 2, "EUR")


@pytest.fixture
def book() -> Book:
    """A book in euros with accounts in euros, dollars, yen and dinars."""
    book = Book(LEDGER)
    currencies: Columns = {"currency": (STRING, [None, "USD", "JPY", "KWD"])}
    book.stage(batch(RecordKind.ACCOUNT, ["eur", "usd", "jpy", "kwd"], currencies), WORDS)
    book.publish()
    return book


def write(
    book: Book, accounts: list[str], amounts: list[int], *, time: int = STARTS[1], scale: int | None = None
) -> WriteOutcome:
    """A transaction on each account."""
    columns: Columns = {
        "account": (STRING, accounts),
        "booking_time": (TIMESTAMP, [time] * len(accounts)),
        "amount": (AMOUNT, amounts),
    }
    ids = [f"{account} {time}" for account in accounts]
    given = batch(RecordKind.TRANSACTION, ids, columns, scales={} if scale is None else {"amount": scale})
    outcome = book.stage(given, WORDS)
    book.publish()
    return outcome


def rate(book: Book, id_: str, currency: str, text: str, start: int = STARTS[1]) -> None:
    """A rate of a day that starts at a moment."""
    columns: Columns = {"currency": (STRING, [currency]), "day": (DATE, [start]), "rate": (STRING, [text])}
    assert not book.stage(batch(RecordKind.RATE, [id_], columns), WORDS).rejected
    book.publish()


def amounts(view: BookView) -> list[list[Any]]:
    """What the transactions of every account are in euro cents, gathered and in place."""
    slots = np.arange(4, dtype=np.int32)
    both = []
    for items in (view.items_of(RecordKind.TRANSACTION, slots), view.sorted_items(RecordKind.TRANSACTION)):
        assert items.batch.columns["amount"].type == EUROS
        both.append(python_values(items.batch.columns["amount"], items.batch.rows))
    return both


def test_minor_units_follow_the_currency(book: Book) -> None:
    """12 major units are 1,200 cents, 12 yen and 12,000 fils."""
    write(book, ["eur", "usd", "jpy", "kwd"], [120_000] * 4, scale=4)
    field = book.view.tables[RecordKind.TRANSACTION].fields["amount"]
    assert field.cells(np.arange(4)).values.tolist() == [1_200, 1_200, 12, 12_000]


@pytest.mark.parametrize(
    ("amount", "shown"), [(1_005, "1.005"), (2**63 - 1, "9223372036854775.807"), (-(2**63), "-9223372036854775.808")]
)
def test_too_many_digits(book: Book, amount: int, shown: str) -> None:
    """An amount with more digits than its account's currency is told with both; dinars have three."""
    outcome = write(book, ["usd", "kwd"], [amount, amount], scale=3)
    (rejected,) = outcome.rejected
    assert (rejected.row, rejected.field) == (0, "amount")
    assert shown in rejected.message
    assert "USD, which has 2 digits" in rejected.message


def test_amounts_that_do_not_fit(book: Book) -> None:
    """Major units whose minor units are more than 64 bits hold are rejected, up to there they are exact."""
    most = (2**63 - 1) // 100
    assert [one.row for one in write(book, ["eur", "usd"], [most, most + 1], scale=0).rejected] == [1]
    assert book.view.tables[RecordKind.TRANSACTION].fields["amount"].cells(np.arange(1)).values[0] == most * 100


def test_amounts_in_the_ledgers_currency(book: Book) -> None:
    """Each is converted by its day's rate in the ledger's zone, from its own minor units; without one it is missing."""
    write(book, ["eur", "usd", "jpy", "kwd"], [100, 100, 100, 1_000])
    rate(book, "r1", "USD", "0.905")
    rate(book, "r2", "JPY", "0.0061")
    wanted = [100, 90, 61, None]
    assert amounts(book.view)[0] == wanted
    book.merge()
    assert amounts(book.view) == [wanted, wanted]
    rate(book, "r1", "USD", "0.915")
    assert amounts(book.view) == [[100, 92, 61, None]] * 2


def test_days_are_the_ledgers(book: Book) -> None:
    """A moment before midnight in Prague is of the day before, whatever it is in Greenwich."""
    rate(book, "r1", "USD", "2", STARTS[1])
    write(book, ["usd"], [100], time=STARTS[1] - 1)
    write(book, ["usd"], [100], time=STARTS[1])
    write(book, ["usd"], [100], time=STARTS[2] - 1)
    write(book, ["usd"], [100], time=STARTS[2])
    assert STARTS[2] - STARTS[1] == DAY_US * 23 // 24
    assert amounts(book.view)[0] == [None, 200, 200, None]


def test_balances_take_the_latest_rate(book: Book) -> None:
    """An account's balance is converted by the last rate there is; one without a rate is missing."""
    given: Columns = {"balance": (AMOUNT, [100, 100, 100])}
    book.stage(batch(RecordKind.ACCOUNT, ["eur", "usd", "jpy"], given), WORDS)
    rate(book, "r2", "USD", "0.5", STARTS[2])
    rate(book, "r1", "USD", "0.9", STARTS[0])
    assert balances(book.view) == [100, 50, None, None]
    rate(book, "r2", "USD", "0.7", STARTS[2])
    assert balances(book.view) == [100, 70, None, None]
    book.stage(batch(RecordKind.RATE, [], {}, deletions=["r2"]), WORDS)
    assert balances(book.publish()) == [100, 90, None, None]


def test_a_rate_changes_the_accounts_in_its_currency(book: Book) -> None:
    """Whoever keeps what was computed of a version learns whose amounts are others now."""
    rate(book, "r1", "USD", "0.5")
    changes = book.view.changes_since(book.version - 1)
    assert changes is not None
    assert changes.accounts.tolist() == [1]


def test_of_two_rates_of_a_day_the_greatest_id_counts(book: Book) -> None:
    """Rates under different ids may say different things of a day: the order of their ids decides, not of arrival."""
    write(book, ["usd"], [100])
    rate(book, "r9", "USD", "0.9")
    rate(book, "r1", "USD", "0.1")
    assert amounts(book.view)[0] == [90]


def test_a_ledger_in_one_currency_copies_nothing() -> None:
    """Amounts are the very numbers that are kept where no account has another currency."""
    book = Book(LEDGER)
    book.stage(batch(RecordKind.ACCOUNT, ["eur"], {"currency": (STRING, ["EUR"])}), WORDS)
    write(book, ["eur"], [100])
    book.merge()
    kept: Any = book.view.sorted_items(RecordKind.TRANSACTION).batch.columns["amount"]
    assert np.shares_memory(kept.values, book.view.tables[RecordKind.TRANSACTION].fields["amount"].prefix.values)


def test_a_deleted_account_may_come_back_in_another_currency(book: Book) -> None:
    """Once an account is deleted nothing is left of its currency; older versions keep it."""
    rate(book, "r1", "USD", "0.5")
    write(book, ["usd"], [100])
    before = book.view
    book.stage(batch(RecordKind.ACCOUNT, [], {}, deletions=["usd"]), WORDS)
    book.stage(batch(RecordKind.ACCOUNT, ["usd"], {"currency": (STRING, ["EUR"])}), WORDS)
    write(book, ["usd"], [100])
    assert amounts(book.view)[0] == [100]
    assert amounts(before)[0] == [50]


def balances(view: BookView) -> list[Any]:
    """The accounts' balances in euro cents."""
    entities = view.entities(RecordKind.ACCOUNT).batch
    column: Column = entities.columns["balance"]
    assert column.type == EUROS
    return python_values(column, entities.rows)
