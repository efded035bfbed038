"""A book equals a naive one through random histories, at every version, while newer ones are written."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentd.facts.book import Book, View
from segmentd.facts.kinds import OWNER, RecordKind
from segmentd.facts.views import BookView
from tests.facts.book.comparing import Records, assert_same
from tests.facts.book.histories import STARTS, WORDS, batches, record_batch
from tests.facts.book.model import Given, NaiveBook, accounts_of, facts_of
from tests.facts.book.records import LEDGER

STEPS = st.one_of(
    batches(), batches(), batches(), st.sampled_from(("publish", "undo", "undo", "merge", "restore", "forget"))
)


BEGINNING = (
    Given(RecordKind.CUSTOMER, ["anna", "ben", "carl"], {}),
    Given(
        RecordKind.ACCOUNT,
        ["x", "y", "z"],
        {"owners": [["anna"], ["anna", "ben"], ["carl"]], "currency": ["EUR", "USD", "JPY"]},
    ),
    Given(
        RecordKind.RATE,
        ["r1", "r2", "r3"],
        {"currency": ["USD", "USD", "JPY"], "day": [*STARTS[:2], STARTS[1]], "rate": ["0.5", "0.9", "0.00625"]},
    ),
    Given(
        RecordKind.TRANSACTION,
        ["transaction-1", "transaction-2", "transaction-3"],
        {"account": ["x", "y", "z"], "booking_time": [STARTS[1]] * 3, "amount": [100, 101, 103]},
    ),
)
"""What histories begin with, so that most of what follows meets something."""


class History:
    """A book and a naive one, side by side, and the versions that readers hold."""

    def __init__(self) -> None:
        self.book = Book(LEDGER)
        self.naive = NaiveBook()
        self.staged = 0
        self.published = self.naive.copied()
        self.held: list[tuple[BookView, Records]] = [(self.book.view, self.published)]

    def step(self, step: Given | str) -> None:
        """Do it on both sides."""
        if isinstance(step, Given):
            self._write(step)
        else:
            getattr(self, f"_{step}")()

    def _write(self, given: Given) -> None:
        outcome = self.book.stage(
            record_batch(given), WORDS, all_or_nothing=given.all_or_nothing, delete_customers=True
        )
        wanted = self.naive.write(given)
        assert [(one.row, one.field) for one in outcome.rejected] == list(wanted.rejected)
        counts = (outcome.inserted, outcome.updated, outcome.unchanged, outcome.deleted)
        assert counts == (wanted.inserted, wanted.updated, wanted.unchanged, wanted.deleted)
        self.staged += bool(outcome.inserted + outcome.updated + outcome.deleted)
        assert outcome.version == self.book.version + self.staged

    def _publish(self) -> None:
        version, before = self.book.version, self.published
        view = self.book.publish()
        self.published = self.naive.copied()
        assert view.version == self.book.version == version + self.staged
        self.staged = 0
        assert_changes_cover(view, version, before, self.published)
        self.held.append((view, self.published))
        assert_same(view, self.published)

    def _undo(self) -> None:
        self.book.undo()
        self.naive.records, self.staged = copy.deepcopy(self.published), 0
        assert_same(self.book.view, self.published)

    def _merge(self) -> None:
        self._publish()
        self.book.merge()
        for kind in OWNER:
            assert len(self.book.view.touched(kind)) == 0
        assert_same(self.book.view, self.published)

    def _restore(self) -> None:
        self._publish()
        self.book = Book.restore(LEDGER, self.book.dump(self.book.view), self.book.version)
        assert_same(self.book.view, self.published)
        assert self.book.view.changes_since(self.book.version - 1) is None

    def _forget(self) -> None:
        del self.held[:-2]


def assert_changes_cover(view: View, version: int, before: Records, after: Records) -> None:
    """Everybody whose facts, record or accounts differ is said to have changed; an unchanged book has no changes."""
    changes = view.changes_since(version)
    assert changes is not None
    if view.version == version:
        assert len(changes.customers) == len(changes.accounts) == 0
    accounts, customers = set(changes.accounts.tolist()), set(changes.customers.tolist())
    for id_, slot in _slots(view, RecordKind.ACCOUNT).items():
        if _state(before, RecordKind.ACCOUNT, id_) != _state(after, RecordKind.ACCOUNT, id_):
            assert slot in accounts
            owners = {
                owner
                for records in (before, after)
                for owner in records[RecordKind.ACCOUNT].get(id_, {}).get("owners", [])
            }
            slots = _slots(view, RecordKind.CUSTOMER)
            assert {slots[owner] for owner in owners if owner in slots} <= customers
    for id_, slot in _slots(view, RecordKind.CUSTOMER).items():
        if _state(before, RecordKind.CUSTOMER, id_) != _state(after, RecordKind.CUSTOMER, id_):
            assert slot in customers


def _slots(view: View, kind: RecordKind) -> dict[str, int]:
    entities = view.entities(kind)
    ids = [] if entities.batch.ids is None else entities.batch.ids.to_pylist()
    return dict(zip(ids, entities.slots.tolist(), strict=True))


def _state(records: Records, kind: RecordKind, id_: str) -> Any:
    """All that is known of a customer or an account."""
    own = accounts_of(records).get(id_) if kind is RecordKind.ACCOUNT else records[kind].get(id_)
    return own, [facts_of(records, fact, id_) for fact, owner in OWNER.items() if owner == kind.value]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=25))
def test_every_version_is_that_of_a_naive_book(steps: list[Given | str]) -> None:
    """Outcomes, entities, holdings, facts and changes are a naive book's; views that were held stay as they were."""
    history = History()
    for step in (*BEGINNING, "publish", *steps, "publish"):
        history.step(step)
    for view, records in history.held:
        assert_same(view, records)


def test_owners_without_facts_have_places() -> None:
    """Every account has a place among sorted facts, also one that came after they were sorted."""
    history = History()
    history.step(Given(RecordKind.CUSTOMER, ["anna"], {}))
    history.step("merge")
    history.step(Given(RecordKind.ACCOUNT, ["x", "y"], {"owners": [["anna"], ["anna"]]}))
    history.step("publish")
    offsets = history.book.view.sorted_items(RecordKind.TRANSACTION).offsets
    assert np.array_equal(offsets, [0, 0, 0])
