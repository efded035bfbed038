"""Aggregates of some ten thousand facts: the same on any number of threads, and what a database says."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.column import Batch, Column, FixedColumn, TextColumn
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.incremental import AggregateState
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Changes, Entities, Holdings, Items, Rows, Slots
from segmentd.ledger.aggregates import (
    Aggregate,
    Between,
    CompleteMonths,
    Function,
    Source,
    Span,
    TrailingDays,
    Window,
)
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.fields import money
from segmentd.schema import DATE, DOUBLE, Subject
from tests.facts.aggregates.bank import CURRENCY, DAY_US, values_of
from tests.facts.aggregates.questions import Questions

QUESTIONS = Questions("UTC")
OWNERS, FACTS = 20_000, 60_000
START = 19_000 * DAY_US
NOW = START + 200 * DAY_US
CATEGORIES = ("INCOME/SALARY", "SPENDING/FOOD", "OTHER")


class ManyView:
    """A customer an account, with facts of 200 days."""

    ledger_id, version = "main", 0

    def __init__(self) -> None:
        random = np.random.default_rng(11)
        owners = np.sort(random.integers(0, OWNERS, FACTS))
        times = START + random.integers(0, 210 * DAY_US, FACTS)
        self.times = times[np.lexsort((times, owners))]
        self.owners = owners
        self.amounts = random.integers(-(10**9), 10**9, FACTS)
        self.weights = random.normal(size=FACTS)
        self.categories = random.integers(0, len(CATEGORIES), FACTS).astype(np.int32)

    def entities(self, kind: RecordKind) -> Entities:
        """As many as have a slot."""
        slots = np.arange(OWNERS, dtype=np.int32)
        columns: dict[str, Column] = {}
        if kind is RecordKind.ACCOUNT:
            columns = {"opened": FixedColumn(DATE, np.full(OWNERS, START - DAY_US))}
        return Entities(kind, Batch(OWNERS, columns), slots, slots)

    def holdings(self) -> Holdings:
        """Customer i owns account i."""
        accounts = np.arange(OWNERS, dtype=np.int32)
        return Holdings(np.arange(OWNERS + 1), accounts, np.zeros(OWNERS, np.int16), ("OWNER",))

    def sorted_items(self, kind: RecordKind) -> Items:
        """All transactions."""
        eur = money(CURRENCY)
        columns: dict[str, Column] = {
            "amount": FixedColumn(eur, self.amounts),
            "balance_after": FixedColumn(eur, self.amounts),
            "weight": FixedColumn(DOUBLE, self.weights),
            "category": TextColumn(self.categories, pa.array(CATEGORIES, pa.string())),
        }
        offsets = np.searchsorted(self.owners, np.arange(OWNERS + 1)).astype(np.int64)
        return Items(kind, offsets, self.times, Batch(FACTS, columns))

    def touched(self, kind: RecordKind) -> Slots:  # noqa: ARG002 - as the protocol says
        """Nobody."""
        return np.zeros(0, np.int32)

    def items_of(self, kind: RecordKind, owners: Slots) -> Items:
        """Not asked for: nobody is touched."""
        raise AssertionError(kind, owners)

    def rows_of(self, kind: RecordKind, ids: pa.StringArray) -> Rows:
        """Not asked for."""
        raise AssertionError(kind, ids)

    def changes_since(self, version: int) -> Changes | None:
        """Nothing changes."""
        raise AssertionError(version)


VIEW = ManyView()
STANDPOINT = Standpoint(VIEW, Subject.CUSTOMER, NOW, "UTC")


def aggregate(function: Function, measure: str, span: Span, filter_: str = "", **further: int) -> CompiledAggregate:
    """An aggregate of transactions."""
    window = Window(span)
    definition = Aggregate(Source.TRANSACTIONS, function, measure, filter_, window=window, **further)  # type: ignore[arg-type]
    return QUESTIONS.compile(definition, Subject.CUSTOMER)


UNMEASURED = (Function.COUNT, Function.DAYS_SINCE, Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW)


def test_the_number_of_threads_does_not_matter() -> None:
    """Every function gives the same bits on one thread and on three, sums of doubles among them."""
    asked = [aggregate(each, "" if each in UNMEASURED else "amount", CompleteMonths(3)) for each in Function]
    asked += [aggregate(each, "weight", TrailingDays(150)) for each in (Function.SUM, Function.STANDARD_DEVIATION)]
    with Engine(1) as one, Engine(3) as three:
        alone, together = (compute_all(engine, asked, STANDPOINT) for engine in (one, three))
    for left, right, compiled in zip(alone, together, asked, strict=True):
        assert isinstance(left, FixedColumn)
        assert isinstance(right, FixedColumn)
        assert left.values.tobytes() == right.values.tobytes(), compiled.definition
        assert values_of(left, OWNERS) == values_of(right, OWNERS)


def test_a_database_says_the_same() -> None:
    """Counts, sums, means and medians of a window are DuckDB's to the last minor unit, deviations to 12 digits."""
    span = Between(START + 20 * DAY_US, START + 120 * DAY_US)
    salary = 'transaction.category == "INCOME/SALARY"'
    functions = (Function.COUNT, Function.SUM, Function.MIN, Function.MAX, Function.STANDARD_DEVIATION)
    asked = [aggregate(each, "" if each is Function.COUNT else "amount", span, salary) for each in functions]
    asked.append(aggregate(Function.MEDIAN, "amount", span, salary))
    with Engine(2) as engine:
        found = [values_of(column, OWNERS) for column in compute_all(engine, asked, STANDPOINT)]
    facts = pa.table({"owner": VIEW.owners, "time": VIEW.times, "amount": VIEW.amounts, "category": VIEW.categories})
    rows = (
        duckdb.from_arrow(facts)
        .filter(f"category = 0 and time >= {span.start_us} and time < {span.end_us}")
        .aggregate(
            "owner, count(*), sum(amount)::bigint, min(amount), max(amount), stddev_samp(amount) / 100, "
            "list_sort(list(amount))",
            "owner",
        )
        .fetchall()
    )
    by_owner = {row[0]: row[1:] for row in rows}
    assert 3_000 < len(by_owner) < OWNERS
    for owner in range(OWNERS):
        count, total, least, most, deviation, ordered = by_owner.get(owner, (0, 0, None, None, None, []))
        assert [values[owner] for values in found[:4]] == [count, total, least, most]
        assert found[4][owner] == (None if deviation is None else pytest.approx(deviation, rel=1e-12))
        twice = ordered[(count - 1) // 2] + ordered[count // 2] if count else None
        assert found[5][owner] == (None if twice is None else round(twice / 2))


def test_whoever_has_left_is_not_computed_for() -> None:
    """A computation whose caller has left ends with an error, and the engine computes for the next one."""
    asked = aggregate(Function.SUM, "amount", TrailingDays(9))
    with Engine(2) as engine:
        with pytest.raises(EvaluationCancelledError):
            compute_all(engine, [asked], STANDPOINT, cancelled=lambda: True)
        with pytest.raises(EvaluationCancelledError):
            AggregateState.start(engine, [asked], STANDPOINT, cancelled=lambda: True)
        assert len(values_of(compute_all(engine, [asked], STANDPOINT)[0], OWNERS)) == OWNERS
