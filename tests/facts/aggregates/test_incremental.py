"""What is kept up to date is what would be computed from nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.column import Batch
from segmentd.engine import Engine
from segmentd.facts.aggregates import AggregateState, Standpoint, compute_all
from segmentd.facts.kinds import RecordKind
from segmentd.ledger.aggregates import Aggregate, AllTime, Function, Source, Window
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, HOUR_US, ArrayView, Bank, Maker, changes, values_of
from tests.facts.aggregates.questions import Questions
from tests.facts.aggregates.test_oracle import DAY, QUESTIONS, ZONES, check, expected, moment
from tests.oracle.aggregates import Fact

STEPS_US = (0, 0, 0, 1, 2, 1_000_000, HOUR_US, 5 * HOUR_US, 23 * HOUR_US, DAY_US, 9 * DAY_US, 32 * DAY_US, -DAY_US)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads."""
    with Engine(2) as running:
        yield running


def followed(view: ArrayView, before: ArrayView, random: Random) -> ArrayView:
    """The view, which knows what changed since another: always, but for once in a while."""
    view.changes[before.version] = None if random.random() < 0.05 else changes(before.bank, view.bank)
    return view


@given(st.integers(0, 2**32), st.sampled_from([Subject.CUSTOMER, Subject.ACCOUNT]))
@settings(max_examples=80)
def test_a_state_follows_the_book(engine: Engine, seed: int, subject: Subject) -> None:
    """After new, late, corrected and deleted facts, and as time passes, a state equals a computation from nothing."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    maker = Maker(random, DAY, zone)
    maker.fill(random.randrange(12), random.randrange(9), random.randrange(150))
    now = moment(random)
    asked = [QUESTIONS[zone].ask(random, subject, now) for _ in range(5)]
    aggregates = [compiled for compiled, _ in asked]
    sorted_bank = maker.bank.copy()
    view = ArrayView(maker.bank.copy(), 0, sorted_bank)
    state = AggregateState.start(engine, aggregates, Standpoint(view, subject, now, zone))
    for version in range(1, 5):
        now += random.choice(STEPS_US)
        if random.random() < 0.8:
            for _ in range(random.randrange(4)):
                maker.change()
            view = followed(ArrayView(maker.bank.copy(), version, sorted_bank), view, random)
        state = state.advance(view, now)
        assert state.standpoint.now_us == now
        anew = compute_all(engine, aggregates, state.standpoint)
        rows = len(state.standpoint.slots)
        for kept, fresh, compiled in zip(state.columns, anew, aggregates, strict=True):
            values = [str(value) for value in values_of(kept, rows)]
            assert values == [str(value) for value in values_of(fresh, rows)], f"{version}: {compiled.definition}"
    for (compiled, question), column in zip(asked, state.columns, strict=True):
        check(compiled, column, expected(question, view.bank, subject, now))


def test_a_patch_has_the_changed_rows_alone(engine: Engine) -> None:
    """A fact of one customer changes one row, and the state that it is applied to stays as it is."""
    bank = Bank("UTC")
    maker = Maker(Random(7), DAY, "UTC")  # noqa: S311 - data
    maker.bank = bank
    bank.holdings, bank.customers = [[] for _ in range(9)], list(range(9))
    definition = Aggregate(Source.ENGAGEMENTS, Function.COUNT, window=Window(AllTime()))
    aggregate = Questions("UTC").compile(definition, Subject.CUSTOMER)
    before = ArrayView(bank.copy(), 0)
    now = (DAY + 9) * DAY_US
    state = AggregateState.start(engine, [aggregate], Standpoint(before, Subject.CUSTOMER, now, "UTC"))
    fact = None
    while fact is None:
        fact = maker.add_fact(list(bank.facts)[2])
    after = ArrayView(bank.copy(), 1, before.bank)
    after.changes[0] = changes(before.bank, after.bank)
    refresh = state.refresh(after, now)
    patch = refresh.patches[0]
    assert patch.rows is not None
    assert patch.rows.tolist() == [fact.owner]
    assert values_of(patch.values, 1) == [1]
    counts = values_of(state.apply(refresh).columns[0], 9)
    assert counts == [int(row == fact.owner) for row in range(9)]
    assert values_of(state.columns[0], 9) == [0] * 9
    assert np.array_equal(state.standpoint.slots, refresh.standpoint.slots)


def test_truth_values_of_many_are_replaced(engine: Engine) -> None:
    """The last truth value of 70 customers: all of them have one, then one has none."""
    maker = Maker(Random(3), DAY, "UTC")  # noqa: S311 - data
    bank = maker.bank
    bank.holdings, bank.customers = [[] for _ in range(70)], list(range(70))
    facts = bank.facts[RecordKind.ENGAGEMENT]
    facts += [Fact(slot, DAY * DAY_US, slot, {"marked": slot % 3 == 0}) for slot in range(70)]
    aggregate = Questions("UTC").compile(Aggregate(Source.ENGAGEMENTS, Function.LAST, "marked"), Subject.CUSTOMER)
    before = ArrayView(bank.copy(), 0)
    state = AggregateState.start(engine, [aggregate], Standpoint(before, Subject.CUSTOMER, DAY * DAY_US, "UTC"))
    assert values_of(state.columns[0], 70) == [slot % 3 == 0 for slot in range(70)]
    facts.pop(69)
    after = ArrayView(bank.copy(), 1, before.bank)
    after.changes[0] = changes(before.bank, after.bank)
    anew = compute_all(engine, [aggregate], replace(state.standpoint, view=after))
    for column in (state.advance(after, DAY * DAY_US).columns[0], anew[0]):
        assert values_of(Batch(70, {"": column}).columns[""], 70) == [*(slot % 3 == 0 for slot in range(69)), None]
