"""Aggregates of a real book's versions, as its history goes on, are the oracle's over the facts that the book shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentd.engine import Engine
from segmentd.facts.aggregates import AggregateState, Standpoint
from segmentd.facts.aggregates.standpoint import KIND
from segmentd.facts.book import Book
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.schema import Subject
from tests.facts.aggregates.bank import HOUR_US, values_of
from tests.facts.aggregates.questions import Questions
from tests.facts.aggregates.test_oracle import check
from tests.facts.book.histories import DAY, WORDS, batches, record_batch
from tests.facts.book.records import LEDGER
from tests.facts.book.test_histories import BEGINNING
from tests.oracle.aggregate_values import UNKNOWN
from tests.oracle.aggregates import Account, Asked, Fact, evaluate
from tests.oracle.aggregates import Subject as Owner

QUESTIONS = Questions(LEDGER.time_zone, {subject: terms.environment for subject, terms in WORDS.terms.items()})
MOMENTS = (DAY, DAY + 5 * HOUR_US, DAY + 23 * HOUR_US, DAY + 46 * HOUR_US, DAY + 50 * HOUR_US, DAY + 90 * HOUR_US)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads."""
    with Engine(2) as running:
        yield running


@given(st.lists(st.one_of(batches(), batches(), st.just("merge")), max_size=12), st.integers(0, 2**32))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_state_follows_a_real_book(engine: Engine, steps: list[Any], seed: int) -> None:
    """Rates, joint accounts, corrections, deletions and merged tables leave no value behind."""
    random = Random(seed)  # noqa: S311 - data
    subject = random.choice([Subject.CUSTOMER, Subject.ACCOUNT])
    book = Book(LEDGER)
    for each in BEGINNING:
        book.stage(record_batch(each), WORDS, all_or_nothing=False, delete_customers=True)
    view, now = book.publish(), MOMENTS[0]
    asked = [QUESTIONS.ask(random, subject, now) for _ in range(5)]
    standpoint = Standpoint(view, subject, now, LEDGER.time_zone)
    state = AggregateState.start(engine, [compiled for compiled, _ in asked], standpoint)
    for step in steps:
        if step == "merge":
            book.merge()
            view = book.view
        else:
            book.stage(record_batch(step), WORDS, all_or_nothing=False, delete_customers=True)
            view = book.publish()
        now = random.choice([each for each in MOMENTS if each >= now])
        state = state.advance(view, now)
        for (compiled, question), column in zip(asked, state.columns, strict=True):
            check(compiled, column, wanted(question, view, subject, now))


def wanted(asked: Asked, view: BookView, subject: Subject, now: int) -> list[Any]:
    """The oracle's values over what a view shows."""
    accounts, facts = accounts_of(view), facts_of(view, KIND[asked.definition.source])
    found = []
    for slot in view.entities(RecordKind(subject.value)).slots.tolist():
        owner = (
            Owner([(slot, accounts[slot], "OWNER")], facts, is_customer=False) if subject is Subject.ACCOUNT else None
        )
        value = evaluate(asked, owner or customer(view, slot, accounts, facts, asked), now, LEDGER.time_zone)
        found.append(None if value is UNKNOWN else value)
    return found


def customer(view: BookView, slot: int, accounts: dict[int, Account], facts: list[Fact], asked: Asked) -> Owner:
    """A customer with the accounts that a view says are the customer's."""
    holdings = view.holdings()
    held = range(holdings.offsets[slot], holdings.offsets[slot + 1])
    pairs = [(int(holdings.accounts[each]), holdings.role_names[holdings.roles[each]]) for each in held]
    if KIND[asked.definition.source] is RecordKind.ENGAGEMENT:
        facts = [fact for fact in facts if fact.owner == slot]
    return Owner([(account, accounts[account], role) for account, role in pairs if account in accounts], facts)


def accounts_of(view: BookView) -> dict[int, Account]:
    """The accounts of a view, by slot."""
    entities = view.entities(RecordKind.ACCOUNT)
    rows = entities.batch.rows
    fields = {name: values_of(column, rows) for name, column in entities.batch.columns.items() if name != "owners"}
    found = {}
    for row, slot in enumerate(entities.slots.tolist()):
        own: dict[str, Any] = {name: values[row] for name, values in fields.items()}
        found[slot] = Account(_day(own.pop("opened", None)), _day(own.pop("closed", None)), own)
    return found


def facts_of(view: BookView, kind: RecordKind) -> list[Fact]:
    """The facts of a view; an amount that is missing could not be converted."""
    if kind is RecordKind.ACCOUNT:
        return []
    of = RecordKind.CUSTOMER if kind is RecordKind.ENGAGEMENT else RecordKind.ACCOUNT
    owners = view.entities(of).slots
    items = view.items_of(kind, owners)
    fields = {name: values_of(column, items.batch.rows) for name, column in items.batch.columns.items()}
    owner_of = np.repeat(owners, np.diff(items.offsets)).tolist()
    found = []
    for row, (owner, time) in enumerate(zip(owner_of, items.times.tolist(), strict=True)):
        own: dict[str, Any] = {name: values[row] for name, values in fields.items()}
        is_lost = "amount" in own and own["amount"] is None
        missing = {"amount", "balance_after"} if own.get("balance_after") is None else {"amount"}
        found.append(Fact(owner, time, row, own, frozenset(missing if is_lost else ())))
    return found


def _day(start_us: int | None) -> int | None:
    if start_us is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_us)
    return (moment.astimezone(ZoneInfo(LEDGER.time_zone)).date() - date(1970, 1, 1)).days
