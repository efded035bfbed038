"""The scenarios are what the benchmarks say they are, and the reading that judges engines is right by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.dialects.arrays import count_members, expected_verdicts, judge
from benchmarks.dialects.cel import cel
from benchmarks.population import Column, Dictionary
from benchmarks.preparation import prepare
from benchmarks.rules import (
    AmountCondition,
    Comparison,
    Condition,
    Either,
    Every,
    Has,
    Not,
    OneOf,
    Rule,
    TextCondition,
    TextTest,
    conditions,
    depths,
)
from benchmarks.scenarios import SCENARIOS

ROWS = 5_000
NUMBERS = {
    "campaign": (20, 70, 52),
    "bank": (100, 391, 210),
    "platform": (1_000, 4_000, 1_300),
    "wide": (100, 391, 300),
    "nulls": (100, 391, 210),
    "money": (60, 200, 130),
}

T, F, U = True, False, None
GONE = np.array([False, False, True])
COLUMNS = {
    "age": Column(np.array([20, 30, 0], np.int16), GONE),
    "name": Column(np.array([0, 1, 1], np.int32), GONE, Dictionary(("Anna", "Bob"))),
    "balance": Column(np.array([100_00, 2**62, 1], np.int64)),
    "savings": Column(np.array([50_00, 2**62, 1], np.int64), GONE),
}
"""Two customers with all values and one without."""

OLD = Condition("age", Comparison.AT_LEAST, 30)
NAMED = Condition("name", Comparison.EQUAL, "Anna")


@pytest.mark.parametrize("name", NUMBERS)
def test_a_scenario_has_its_numbers(name: str) -> None:
    """Segments, conditions and distinct conditions are as the names promise."""
    scenario = SCENARIOS[name]()
    assert (len(scenario.segments), scenario.condition_count, scenario.distinct_condition_count) == NUMBERS[name]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_the_same_every_time(name: str) -> None:
    """The seed decides the segments, the values, and which of them are missing."""
    first, second = SCENARIOS[name](), SCENARIOS[name]()
    assert first.segments == second.segments
    for left, right in zip(first.draw(ROWS).columns.values(), second.draw(ROWS).columns.values(), strict=True):
        np.testing.assert_array_equal(left.values, right.values)
        np.testing.assert_array_equal(left.missing, right.missing)


@pytest.mark.parametrize("name", SCENARIOS)
def test_most_segments_have_members_and_others(name: str) -> None:
    """An engine cannot answer without evaluating: four of five segments are neither empty nor everybody."""
    scenario = SCENARIOS[name]()
    found = expected_verdicts(scenario.segments, scenario.draw(ROWS))
    counts = count_members(found.members)
    assert int(((counts > 0) & (counts < ROWS)).sum()) >= 0.75 * len(scenario.segments)


def test_three_in_ten_values_are_missing_in_nulls() -> None:
    """Every column of *nulls* lacks values, and most segments are unknown for somebody."""
    scenario = SCENARIOS["nulls"]()
    population = scenario.draw(ROWS)
    for column in population.columns.values():
        assert column.missing is not None
        assert column.missing.mean() == pytest.approx(0.3, abs=0.03)
    assert (count_members(expected_verdicts(scenario.segments, population).unknowns) > 0).sum() > 90


def test_nested_is_five_deep() -> None:
    """There are five depths, and each segment refers to the one before its own."""
    assert [len(layer) for layer in depths(SCENARIOS["nested"]().segments)] == [20] * 5


def test_wide_has_200_columns() -> None:
    """They have four widths."""
    scenario = SCENARIOS["wide"]()
    assert len(scenario.columns) == 200
    assert {np.dtype(spec.dtype).name for spec in scenario.columns} == {"int16", "int32", "float32", "float64"}


def test_money_adds_and_compares_amounts() -> None:
    """Most conditions of *money* are of sums, differences or two amounts."""
    found = {atom for segment in SCENARIOS["money"]().segments for atom in conditions(segment.rule)}
    assert sum(isinstance(atom, AmountCondition) for atom in found) == 90


def test_text_asks_in_every_way() -> None:
    """All tests of text occur, and there are columns of 5 to 100,000 distinct texts."""
    scenario = SCENARIOS["text"]()
    found = [atom for segment in scenario.segments for atom in conditions(segment.rule)]
    assert {atom.test for atom in found if isinstance(atom, TextCondition)} == set(TextTest)
    sizes = sorted(len(spec.dictionary.texts) for spec in scenario.columns if spec.dictionary)
    assert sizes == [5, 30, 1_440, 100_000]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (OLD, (F, T, U)),
        (Not(OLD), (T, F, U)),
        (Condition("age", Comparison.NOT_EQUAL, 30), (T, F, T)),
        (NAMED, (T, F, F)),
        (Not(NAMED), (F, T, T)),
        (OneOf("age", (20, 40)), (T, F, F)),
        (OneOf("name", ("Bob", "Eve")), (F, T, F)),
        (Has("age"), (T, T, F)),
        (TextCondition("name", TextTest.STARTS_WITH, "An"), (T, F, U)),
        (TextCondition("name", TextTest.ENDS_WITH, "b"), (F, T, U)),
        (TextCondition("name", TextTest.CONTAINS, "nn"), (T, F, U)),
        (TextCondition("name", TextTest.MATCHES, "^[A-B]o"), (F, T, U)),
        (AmountCondition(("balance",), ("savings",), Comparison.AT_LEAST, Decimal("50.00")), (T, F, U)),
        (AmountCondition(("balance", "savings"), (), Comparison.GREATER, Decimal("0.00")), (T, U, U)),
        (AmountCondition(("balance",), (), Comparison.GREATER, "savings"), (T, F, U)),
        (Every((OLD, Has("age"))), (F, T, F)),
        (Either((OLD, Not(Has("age")))), (F, T, T)),
        (Either((OLD, NAMED)), (T, T, U)),
    ],
)
def test_a_rule_means_what_the_language_says(rule: Rule, expected: tuple[bool | None, ...]) -> None:
    """True, false or unknown by hand: missing values, overflow, and Kleene's joins."""
    verdict = judge(rule, COLUMNS, {})
    found = [T if true else F if false else U for true, false in zip(verdict.true, verdict.false, strict=True)]
    assert tuple(found) == expected


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (OneOf("name", ("a", "b")), 'customer.name in ["a", "b"]'),
        (TextCondition("name", TextTest.MATCHES, r"^a\.b"), r'customer.name.matches(r"^a\.b")'),
        (Has("age"), "has(customer.age)"),
        (
            AmountCondition(("balance", "savings"), ("loan",), Comparison.AT_LEAST, Decimal("1000.00")),
            "customer.balance + customer.savings - customer.loan >= 1000.00",
        ),
        (AmountCondition(("balance",), (), Comparison.LESS, "loan"), "customer.balance < customer.loan"),
    ],
)
def test_rules_are_worded_in_cel(rule: Rule, text: str) -> None:
    """The expression that this engine is given is the one that people would write."""
    assert cel(rule) == text


def test_codes_tell_apart_what_conditions_ask() -> None:
    """A column of codes has one byte, its codes follow the values, and values that differ to no condition share one."""
    scenario = SCENARIOS["bank"]()
    population = scenario.draw(ROWS)
    prepared, codes = prepare(scenario, population)
    ages = [atom for each in prepared.segments for atom in conditions(each.rule) if atom.column == "ageCode"]  # type: ignore[union-attr]
    assert codes.columns["ageCode"].values.dtype == np.uint8
    by_age = dict(zip(population.columns["age"].values, codes.columns["ageCode"].values, strict=True))
    assert all(by_age[low] <= by_age[high] for low, high in pairwise(sorted(by_age)))
    assert len(set(by_age.values())) <= 1 + 2 * len(set(ages))
