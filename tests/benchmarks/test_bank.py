"""The scenario *bank* is what the benchmarks say it is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.dialects.arrays import count_members, expected_planes, holds
from benchmarks.dialects.cel import cel
from benchmarks.dialects.sql import duckdb_dialect, sql
from benchmarks.inputs import schema_of
from benchmarks.rules import Comparison, Condition, Either, Every, Not, columns_of, conditions
from benchmarks.scenarios.bank import COLUMNS, bank

ROWS = 10_000
RULE = Either(
    (
        Every((Condition("age", Comparison.EQUAL, 3), Condition("income", Comparison.LESS, 2.5))),
        Not(Condition("age", Comparison.AT_LEAST, 9)),
    )
)


def test_bank_has_the_numbers_of_the_design() -> None:
    """100 segments, 391 conditions, 210 of them distinct, over ten columns, all of them read."""
    scenario = bank()
    read = Counter(
        name for segment in scenario.segments for atom in conditions(segment.rule) for name in columns_of(atom)
    )
    assert (len(scenario.segments), len(scenario.columns)) == (100, 10)
    assert (scenario.condition_count, scenario.distinct_condition_count) == (391, 210)
    assert set(read) == {spec.id for spec in COLUMNS}


def test_bank_is_the_same_every_time() -> None:
    """The seed decides the segments and the values."""
    first, second = bank(), bank()
    assert first.segments == second.segments
    left, right = first.populate(ROWS), second.populate(ROWS)
    assert all(np.array_equal(left[spec.id], right[spec.id]) for spec in COLUMNS)
    assert bank(seed=1).segments != first.segments


def test_another_size_has_its_numbers() -> None:
    """Scenarios of the same kind can be made larger and smaller."""
    scenario = bank(segments=30, conditions=120, distinct=60)
    assert (len(scenario.segments), scenario.condition_count, scenario.distinct_condition_count) == (30, 120, 60)


@pytest.mark.parametrize(("segments", "count", "distinct"), [(10, 19, 15), (10, 61, 15), (10, 30, 31), (10, 30, 9)])
def test_impossible_sizes_are_refused(segments: int, count: int, distinct: int) -> None:
    """Two to six conditions a segment, and no more distinct ones than there are."""
    with pytest.raises(ValueError, match="cannot have"):
        bank(segments=segments, conditions=count, distinct=distinct)


def test_segments_select_somebody_but_not_everybody() -> None:
    """Nearly all segments have members and non-members: an engine cannot do without evaluating them."""
    scenario = bank()
    counts = count_members(expected_planes(scenario.segments, scenario.populate(ROWS)))
    assert int(((counts > 0) & (counts < ROWS)).sum()) >= 95


def test_a_rule_is_the_same_in_every_dialect() -> None:
    """CEL and SQL join and negate as the rule does."""
    assert cel(RULE) == "(customer.age == 3 && customer.income < 2.5) || !(customer.age >= 9)"
    assert sql(RULE, duckdb_dialect().word) == '("age" = 3 AND "income" < 2.5e0) OR NOT ("age" >= 9)'


def test_the_expected_members_are_those_of_the_rule() -> None:
    """The reading that judges all engines, on rows that were judged by hand."""
    columns = {"age": np.array([3, 3, 8, 9]), "income": np.array([2.0, 2.5, 9.0, 0.0])}
    assert holds(RULE, columns).tolist() == [True, True, True, False]
    strict = RULE.parts[0]
    assert holds(strict, columns).tolist() == [True, False, False, False]


def test_the_engine_is_given_the_columns_as_they_are() -> None:
    """Attributes have the types of the columns, and are nullable, as they are unless somebody says otherwise."""
    schema = schema_of(bank())
    assert [spec.id for spec in schema] == [spec.id for spec in COLUMNS]
    assert not any(spec.required for spec in schema)
