"""What goes with customers: their own facts, the accounts that nobody else owns, and nothing of anybody else."""

from __future__ import annotations

import random
from typing import Any, Final

import pytest

from segmentd.facts.book.book import Book
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import Erased
from segmentd.schema import LIST, STRING, TIMESTAMP, DataType, Kind
from tests.facts.book.records import LEDGER, batch, vocabulary

AMOUNT: Final = DataType(Kind.DECIMAL, 0)
CUSTOMERS: Final = 12


def write(book: Book, kind: RecordKind, ids: list[str], columns: Any) -> None:
    """Write records."""
    assert not book.stage(batch(kind, ids, columns), vocabulary()).rejected
    book.publish()


def random_bank(chance: random.Random) -> tuple[Book, dict[str, list[str]], dict[str, list[tuple[str, str]]]]:
    """A book, the owners of its accounts, and of each kind of fact the ids with whom they belong to."""
    book = Book(LEDGER)
    customers = [f"c{n}" for n in range(CUSTOMERS)]
    owners = {f"a{n}": chance.sample(customers, chance.randrange(4)) for n in range(30)}
    facts = {
        kind: [(f"{kind}{n}", chance.choice(list(owners) if kind != "engagement" else customers)) for n in range(200)]
        for kind in ("transaction", "balance", "engagement")
    }
    write(book, RecordKind.CUSTOMER, customers, {})
    write(book, RecordKind.ACCOUNT, list(owners), {"owners": (LIST, list(owners.values()))})
    for kind, owner, time in (
        ("transaction", "account", "booking_time"),
        ("balance", "account", "time"),
        ("engagement", "customer", "time"),
    ):
        rows = facts[kind]
        columns: dict[str, Any] = {
            owner: (STRING, [whose for _, whose in rows]),
            time: (TIMESTAMP, [chance.randrange(10**15) for _ in rows]),
        }
        if kind != "engagement":
            columns["amount"] = (AMOUNT, [1] * len(rows))
        write(book, RecordKind(kind), [id_ for id_, _ in rows], columns)
        if chance.random() < 0.5:
            book.merge()
    return book, owners, facts


@pytest.mark.parametrize("seed", range(20))
def test_what_goes_is_counted_as_it_is(seed: int) -> None:
    """Several customers at once: an account that only they own goes, of one that others own too they are no owners."""
    chance = random.Random(seed)  # noqa: S311 - banks
    book, owners, facts = random_bank(chance)
    gone = set(chance.sample([f"c{n}" for n in range(CUSTOMERS)], 3))
    outcome = book.stage(
        batch(RecordKind.CUSTOMER, [], {}, deletions=[*gone, "nobody"]), vocabulary(), delete_customers=True
    )
    book.publish()
    alone = {id_ for id_, theirs in owners.items() if theirs and set(theirs) <= gone}
    shared = {id_ for id_, theirs in owners.items() if gone & set(theirs)} - alone
    erased = outcome.erased
    assert isinstance(erased, Erased)
    assert (set(erased.customers), set(erased.accounts), erased.shared_accounts) == (gone, alone, len(shared))
    assert erased.transactions == sum(whose in alone for _, whose in facts["transaction"])
    assert erased.balances == sum(whose in alone for _, whose in facts["balance"])
    assert erased.engagements == sum(whose in gone for _, whose in facts["engagement"])
    assert set(book.view.entities(RecordKind.ACCOUNT).batch.ids.to_pylist()) == set(owners) - alone  # type: ignore[union-attr]
    customers = book.view.entities(RecordKind.CUSTOMER).batch.ids
    assert customers is not None
    left = set(customers.to_pylist())
    assert left == {f"c{n}" for n in range(CUSTOMERS)} - gone


def test_other_deletions_erase_nobody() -> None:
    """An account that is deleted by itself is no erasure, and takes nobody along."""
    book, owners, _ = random_bank(random.Random(1))  # noqa: S311 - a bank
    outcome = book.stage(batch(RecordKind.ACCOUNT, [], {}, deletions=list(owners)), vocabulary())
    assert (outcome.deleted, outcome.erased) == (len(owners), None)
