"""Aggregates of random banks are what the plain words of their definition say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute, compute_all
from segmentd.facts.aggregates.standpoint import KIND
from segmentd.facts.kinds import RecordKind
from segmentd.ledger.aggregates import Function
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Kind, Subject
from tests.facts.aggregates.bank import DAY_US, ArrayView, Bank, Maker, values_of
from tests.facts.aggregates.questions import Questions
from tests.oracle.aggregate_values import UNKNOWN
from tests.oracle.aggregates import Asked, evaluate

ZONES = ("UTC", "Europe/Prague", "America/Sao_Paulo", "Asia/Kathmandu")
QUESTIONS = {zone: Questions(zone) for zone in ZONES}
DAY = 17_600
"""In spring 2018: clocks change in Prague and in São Paulo around it."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads."""
    with Engine(2) as running:
        yield running


def expected(asked: Asked, bank: Bank, subject: Subject, now: int) -> list[Any]:
    """The oracle's value of each subject, by row."""
    view = ArrayView(bank)
    slots = view.entities(RecordKind(subject.value)).slots
    kind = KIND[asked.definition.source]
    found = [evaluate(asked, bank.owner(subject, int(slot), kind), now, bank.zone) for slot in slots]
    return [None if value is UNKNOWN else value for value in found]


def check(compiled: CompiledAggregate, column: Column, wanted: list[Any]) -> None:
    """Fail unless the column has these values."""
    given_values = values_of(column, len(wanted))
    for row, (value, right) in enumerate(zip(given_values, wanted, strict=True)):
        same = value == right
        if isinstance(right, float) and isinstance(value, float):
            same = math.isclose(value, right, rel_tol=1e-14) or (math.isnan(value) and math.isnan(right))
        assert same, f"row {row} is {value}, not {right}: {compiled.definition}"
    assert column.type == compiled.type
    assert Batch(len(wanted), {"": column}).rows == len(wanted)


def moment(random: Random) -> int:
    """A moment of the day: often one at which something begins."""
    return DAY * DAY_US + random.choice([0, -1, 1, 3 * 3_600_000_000, 5_000_000_123, 30 * DAY_US])


@given(st.integers(0, 2**32), st.sampled_from([Subject.CUSTOMER, Subject.ACCOUNT]))
@settings(max_examples=150)
def test_values_are_the_oracles(engine: Engine, seed: int, subject: Subject) -> None:
    """Every function over every window gives what the oracle gives, for everybody, and where facts came in late."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    maker = Maker(random, DAY, zone)
    before = maker.fill(random.randrange(6), random.randrange(5), random.randrange(150)).copy()
    for _ in range(random.choice([0, 0, 3, 20])):
        maker.add_fact(random.choice([RecordKind.TRANSACTION, RecordKind.BALANCE, RecordKind.ENGAGEMENT]))
    now = moment(random)
    standpoint = Standpoint(ArrayView(maker.bank, sorted_from=before), subject, now, zone)
    asked = [QUESTIONS[zone].ask(random, subject, now) for _ in range(6)]
    columns = compute_all(engine, [compiled for compiled, _ in asked], standpoint)
    for (compiled, question), column in zip(asked, columns, strict=True):
        check(compiled, column, expected(question, maker.bank, subject, now))


@given(st.integers(0, 2**32))
@settings(max_examples=80)
def test_days_that_are_not_known_do_not_count(engine: Engine, seed: int) -> None:
    """Of customers with many accounts and few facts, balances at the ends of days are what the oracle says."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    bank = Maker(random, DAY, zone).fill(4, random.choice([2, 9, 40]), random.choice([9, 60, 200]))
    now = moment(random)
    asked: list[tuple[CompiledAggregate, Asked]] = []
    while len(asked) < 4:
        drawn = QUESTIONS[zone].ask(random, Subject.CUSTOMER, now)
        if drawn[0].definition.function in (Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW):
            asked.append(drawn)
    columns = compute_all(engine, [each for each, _ in asked], Standpoint(ArrayView(bank), Subject.CUSTOMER, now, zone))
    for (compiled, question), column in zip(asked, columns, strict=True):
        check(compiled, column, expected(question, bank, Subject.CUSTOMER, now))


@given(st.integers(0, 2**32), st.sampled_from([Subject.CUSTOMER, Subject.ACCOUNT]))
@settings(max_examples=60)
def test_some_are_as_among_all(engine: Engine, seed: int, subject: Subject) -> None:
    """The value of a subject that is asked for alone, in any order, is the one it has among all."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    bank = Maker(random, DAY, zone).fill(6, 5, 150)
    now = moment(random)
    standpoint = Standpoint(ArrayView(bank), subject, now, zone)
    rows = [row for row in range(len(standpoint.slots)) if random.random() < 0.5]
    random.shuffle(rows)
    compiled, question = QUESTIONS[zone].ask(random, subject, now)
    column = compute(engine, compiled, standpoint, standpoint.slots[np.array(rows, np.int64)])
    wanted = expected(question, bank, subject, now)
    check(compiled, column, [wanted[row] for row in rows])
    assert compiled.type.kind is not Kind.LIST
