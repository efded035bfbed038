"""Counts, sums and means that are computed together are what they are one by one, and what a plain oracle says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.engine import Engine
from segmentd.errors import SegmentdError
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.answers import Work
from segmentd.facts.aggregates.standpoint import KIND
from segmentd.facts.aggregates.together import sum_together
from segmentd.facts.kinds import RecordKind
from segmentd.ledger.aggregates import Aggregate, AllTime, Between, Function, Source, Span, TrailingDays, Window
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, ROLES, ArrayView, Maker, values_of
from tests.facts.aggregates.questions import ACCOUNT_FILTERS, span
from tests.facts.aggregates.test_oracle import DAY, QUESTIONS, ZONES, check, expected, moment
from tests.facts.aggregates.walks import (
    ANY_FILTERS,
    FOOD,
    MEASURES,
    NOW,
    OTHER,
    SALARY,
    TEXT_FILTERS,
    asked_of,
    bank_of,
    compiled,
    days,
    fact,
    is_above,
    together,
)
from tests.oracle.aggregates import Fact, Truth


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads."""
    with Engine(2) as running:
        yield running


@given(st.integers(0, 2**32), st.sampled_from([Subject.CUSTOMER, Subject.ACCOUNT]))
@settings(max_examples=100)
def test_values_are_the_oracles(engine: Engine, seed: int, subject: Subject) -> None:
    """Many windows and filters of few measures, over late facts, missing and huge ones, are what the oracle says."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    maker = Maker(random, DAY, zone)
    before = maker.fill(random.randrange(6), random.randrange(1, 5), random.randrange(250)).copy()
    for _ in range(random.choice([0, 0, 5])):
        maker.add_fact(RecordKind.TRANSACTION)
    now = moment(random)
    filters = random.sample(list(random.choice([TEXT_FILTERS, ANY_FILTERS])), random.randrange(1, 8))
    measures = random.sample(MEASURES, random.choice([1, 1, 2]))
    whose = random.choice(["", "", *ACCOUNT_FILTERS]), tuple(random.sample(ROLES, random.choice([0, 0, 2])))
    asked = []
    for _ in range(random.randrange(3, 30)):
        function = random.choice([Function.SUM, Function.SUM, Function.COUNT, Function.AVERAGE, Function.MAX])
        definition = Aggregate(
            Source.TRANSACTIONS,
            function,
            "" if function is Function.COUNT else random.choice(measures),
            random.choice(filters),
            window=Window(span(random, now), demand_coverage=random.random() < 0.1),
            min_count=random.choice([0, 0, 0, 1, 3]),
            account_filter=whose[0],
            roles=whose[1] if subject is Subject.CUSTOMER else (),
        )
        with suppress(SegmentdError):
            asked.append(QUESTIONS[zone].compile(definition, subject))
    view = ArrayView(maker.bank, sorted_from=before)
    columns = compute_all(engine, asked, Standpoint(view, subject, now, zone))
    for each, column in zip(asked, columns, strict=True):
        check(each, column, expected(asked_of(each, zone), maker.bank, subject, now))


def test_months_by_category_are_one_walk(engine: Engine) -> None:
    """Windows side by side, nested and overlapping, under filters of one text and under none, are all in one walk."""
    facts = [fact(day % 2, day + 0.5, 1 << day, category) for day in range(40) for category in (SALARY, FOOD, None)]
    spans: list[Span] = [days(first, first - 5) for first in range(40, 0, -5)]
    spans += [
        days(30, 3),
        days(29, 2),
        AllTime(),
        TrailingDays(7),
    ]
    filters = list(TEXT_FILTERS)[:6]
    asked = [compiled(Function.SUM, filter_, each) for filter_ in filters for each in spans]
    asked += [compiled(function, filters[1], each) for each in spans for function in (Function.COUNT, Function.AVERAGE)]
    assert together(engine, bank_of(facts), asked) == set(range(len(asked)))


def test_windows_of_many_lengths_are_one_walk(engine: Engine) -> None:
    """A hundred windows that end together, of which each has all spans of the shorter ones, are in one walk."""
    facts = [fact(day % 2, day + 0.25, (-7) ** (day % 20)) for day in range(130)]
    asked = [compiled(span_=TrailingDays(day)) for day in range(1, 101)]
    asked += [compiled(Function.COUNT, span_=days(100, day)) for day in range(1, 100)]
    assert together(engine, bank_of(facts), asked) == set(range(len(asked)))


def test_more_cells_than_there_is_room_for_take_several_walks(engine: Engine) -> None:
    """Four hundred windows by four filters are computed together all the same."""
    facts = [fact(0, day + 0.5, day, [SALARY, FOOD, OTHER, None][day % 4]) for day in range(400)]
    filters = [*list(TEXT_FILTERS)[1:4], ""]
    asked = [compiled(filter_=filters[day % 4], span_=days(day + 1, day)) for day in range(400)]
    asked += [compiled(filter_=filters[0], span_=days(day + 1, day)) for day in range(400)]
    assert together(engine, bank_of(facts, 1), asked) == set(range(len(asked)))


def test_filters_of_anything_share_walks_too(engine: Engine) -> None:
    """Six filters over numbers, and a measure that facts lack, are computed together."""
    facts = [fact(day % 2, day, 3 * day - 40, points=day if day % 3 else None) for day in range(40)]
    filters = [f"transaction.amount > {bound}.00" for bound in (-1, 0, 1)] + ["has(transaction.points)"]
    filters += [f'transaction.amount < 0.5 || transaction.category == "{category}"' for category in (FOOD, OTHER)]
    truths: list[Callable[[Fact], Truth]] = [
        *(partial(is_above, 100 * bound) for bound in (-1, 0, 1)),
        lambda each: each.fields["points"] is not None,
        lambda _: True,
        lambda each: not is_above(49, each),
    ]
    functions = (Function.SUM, Function.AVERAGE, Function.COUNT)
    cases = list(zip(filters, truths, strict=True))
    asked = [
        (compiled(function, filter_, TrailingDays(day), measure="points"), truth)
        for filter_, truth in cases
        for function in functions
        for day in (10, 20, 30)
    ]
    bank = bank_of(facts)
    standpoint = Standpoint(ArrayView(bank), Subject.ACCOUNT, NOW, "UTC")
    aggregates = [each for each, _ in asked]
    found = sum_together(Work(engine, tuple(aggregates), standpoint).gathering(None), aggregates)
    assert set(found) == set(range(len(asked)))
    for number, column in found.items():
        question = replace(QUESTIONS["UTC"].asked(aggregates[number]), filter=asked[number][1])
        check(aggregates[number], column, expected(question, bank, Subject.ACCOUNT, NOW))


def test_sums_that_may_be_too_large_are_left_to_others(engine: Engine) -> None:
    """Where the amounts of an owner might not fit 64 bit nothing comes of the walk, and the sums that fit are right."""
    large = 2**62
    facts = [fact(0, day, (-large, large, large)[day % 3]) for day in range(1, 4)] + [fact(1, 1, 5)]
    asked = [compiled(span_=TrailingDays(days_)) for days_ in (1, 2, 3)]
    assert together(engine, bank_of(facts), asked) == set()
    for amount, times in ((large, 2), (-large - 1, 2), (large // 2, 4)):
        bank = bank_of([fact(0, day / 2, amount) for day in range(1, times + 1)])
        assert together(engine, bank, asked) == set()
    half = 2**60
    small = bank_of([fact(0, 1, half), fact(0, 2, half + 5), fact(1, 1, -half), fact(1, 2, 3 - half)])
    assert together(engine, small, asked) == {0, 1, 2}


def test_filters_that_do_not_know_leave_the_walk(engine: Engine) -> None:
    """Where a category is missing, filters that need one are computed alone; where none is, they are in the walk."""
    prefix = 'transaction.category.startsWith("SPENDING")'
    filters = [*list(TEXT_FILTERS)[:3], prefix]
    asked = [compiled(filter_=filter_, span_=TrailingDays(day)) for filter_ in filters for day in (1, 2, 3)]
    facts = [fact(0, day, day) for day in range(5)]
    assert together(engine, bank_of(facts), asked) == set(range(12))
    assert together(engine, bank_of([*facts, fact(1, 1, 7, None)]), asked) == set(range(9))


def test_amounts_without_a_rate_leave_the_walk(engine: Engine) -> None:
    """A sum that meets an amount that nobody knows is computed alone, and unknown; counts stay together."""
    facts = [
        fact(0, 1, 7),
        replace(fact(0, 1, 0), fields={"amount": None, "note": None}, unknown=frozenset({"amount"})),
    ]
    asked = [
        compiled(function, span_=TrailingDays(day)) for function in (Function.SUM, Function.COUNT) for day in (1, 2, 3)
    ]
    assert together(engine, bank_of(facts), asked) == {3, 4, 5}


def test_the_least_number_of_facts_and_coverage_are_kept(engine: Engine) -> None:
    """Values of too few facts, and of windows that begin before the facts, are unknown in a walk too."""
    facts = [fact(0, day, day) for day in range(0, 30, 3)] + [fact(1, 1, 5)]
    asked = [
        compiled(function, span_=TrailingDays(length), min_count=least, demand_coverage=demand)
        for function in (Function.SUM, Function.COUNT, Function.AVERAGE)
        for length in (2, 20, 40)
        for least in (0, 2)
        for demand in (False, True)
    ]
    assert together(engine, bank_of(facts, 3), asked) == set(range(len(asked)))


def test_one_aggregate_is_computed_alone(engine: Engine) -> None:
    """A walk of one would take longer: of two measures, and of two texts, each is computed by itself."""
    texts = list(TEXT_FILTERS)[1], list(TEXT_FILTERS)[-1]
    bank = bank_of([fact(0, 1, 7, points=3, counterparty="x")])
    for asked in (
        [compiled(measure=measure, span_=TrailingDays(2)) for measure in ("amount", "balance_after")],
        [compiled(filter_=filter_, span_=TrailingDays(2)) for filter_ in texts],
    ):
        assert together(engine, bank, asked) == set()
        assert together(engine, bank, [*asked, asked[0]]) == {0, 2}


def test_long_histories_are_looked_at_where_windows_are(engine: Engine) -> None:
    """An owner with a thousand facts before, in and after the windows gets the same values."""
    facts = [fact(0, (day - 20) / 10, day) for day in range(1_000)] + [fact(1, 3, 8)]
    asked = [compiled(span_=days(day + 3, day)) for day in (1, 3, 20, 60)]
    asked += [compiled(Function.COUNT, span_=AllTime())]
    assert together(engine, bank_of(facts), asked) == set(range(5))
    assert together(engine, bank_of(facts), asked[:4]) == set(range(4))


def test_a_window_without_time_has_nothing(engine: Engine) -> None:
    """Windows that end where they begin, or before, have sums of 0 and means that are unknown."""
    facts = [fact(0, 1, 7), fact(0, 0, 9)]
    spans = [Between(NOW + DAY_US, NOW + 2 * DAY_US), Between(NOW, NOW + 1), days(2, 1)]
    asked = [
        compiled(function, span_=each)
        for function in (Function.SUM, Function.COUNT, Function.AVERAGE)
        for each in spans
    ]
    assert together(engine, bank_of(facts), asked) == set(range(9))


@pytest.mark.parametrize("owners", [1, 7, 8, 63, 64, 65, 1_000])
def test_every_owner_is_written(engine: Engine, owners: int) -> None:
    """Numbers of owners around those that are written at once, some without facts, all get their values."""
    facts = [fact(owner, day, owner * 100 + day) for owner in range(0, owners, 3) for day in (1, 2, 3)]
    asked = [compiled(span_=TrailingDays(day)) for day in (1, 2, 3)]
    assert together(engine, bank_of(facts, owners), asked) == {0, 1, 2}


def test_customers_have_all_their_accounts(engine: Engine) -> None:
    """Facts of several accounts of a customer are summed, and those of accounts that do not count are not."""
    bank = bank_of([fact(slot, day, 10**slot, [SALARY, FOOD][day % 2]) for slot in range(4) for day in range(9)], 4)
    bank = replace(bank, customers=[0, 1, 2], holdings=[[(0, ROLES[0]), (1, ROLES[1])], [(2, ROLES[0])], []])
    asked = [
        compiled(Function.SUM, filter_, TrailingDays(day), subject=Subject.CUSTOMER, roles=roles)
        for filter_ in list(TEXT_FILTERS)[:3]
        for day in (2, 5)
        for roles in ((), (ROLES[0],))
    ]
    assert together(engine, bank, asked, Subject.CUSTOMER) == set(range(12))


def test_accounts_of_which_it_is_not_known_whether_they_count_are_unknown(engine: Engine) -> None:
    """Where the filter of accounts cannot be decided, every value of the account is unknown, of others it is not."""
    bank = bank_of([fact(slot, day, 5) for slot in range(3) for day in (1, 2)], 3)
    accounts = [
        replace(each, fields={**each.fields, "points": slot}) for slot, each in enumerate(bank.accounts) if each
    ]
    bank = replace(bank, accounts=[*accounts[:2], bank.accounts[2]])
    whose = "account.points >= -1"
    asked = [
        compiled(function, span_=TrailingDays(day), account_filter=whose)
        for function in (Function.SUM, Function.COUNT, Function.AVERAGE)
        for day in (1, 2)
    ]
    assert together(engine, bank, asked) == set(range(6))


def test_facts_without_the_measure_do_not_count(engine: Engine) -> None:
    """Means of what some facts lack are of those that have it, under filters of a text too."""
    points = [None, 7, 8, None, 4, 1, None]
    facts = [fact(0, day, day, [SALARY, FOOD][day % 2], points=each) for day, each in enumerate(points)]
    asked = [
        compiled(function, filter_, TrailingDays(day), measure="points")
        for function in (Function.AVERAGE, Function.SUM, Function.COUNT)
        for filter_ in list(TEXT_FILTERS)[:3]
        for day in (3, 9)
    ]
    assert together(engine, bank_of(facts), asked) >= set(range(12))


def test_seventy_filters_of_a_text_take_two_walks(engine: Engine) -> None:
    """More filters than a number has bits are computed together all the same."""
    names = [f"C{number}" for number in range(70)]
    facts = [fact(0, day / 8, day + 1, names[day]) for day in range(70)]
    asked = [compiled(filter_=f'transaction.category == "{name}"') for name in names]
    standpoint = Standpoint(ArrayView(bank_of(facts)), Subject.ACCOUNT, NOW, "UTC")
    found = sum_together(Work(engine, tuple(asked), standpoint).gathering(None), asked)
    assert [values_of(found[number], 2) for number in range(70)] == [[number + 1, 0] for number in range(70)]


@pytest.mark.parametrize("source", [Source.BALANCES, Source.ENGAGEMENTS])
def test_facts_of_every_kind_are_summed(engine: Engine, source: Source) -> None:
    """Balances of customers' accounts, and customers' own engagements, are computed together as transactions are."""
    bank = Maker(Random(4), DAY, "UTC").fill(9, 9, 300)  # noqa: S311 - data
    measure = "duration_s" if source is Source.ENGAGEMENTS else "points"
    filters = ['engagement.channel == "WEB"', ""] if source is Source.ENGAGEMENTS else [""]
    asked = [
        compiled(function, filter_, TrailingDays(day), measure=measure, subject=Subject.CUSTOMER, source=source)
        for function in (Function.SUM, Function.COUNT)
        for filter_ in filters
        for day in (9, 30, 70)
    ]
    bank.facts[KIND[source]] = [each for each in bank.facts[KIND[source]] if abs(_points(each)) < 9]
    assert together(engine, bank, asked, Subject.CUSTOMER) == set(range(len(asked)))


def _points(fact: Fact) -> int:
    points = fact.fields["points"]
    return points if isinstance(points, int) else 0


def test_threads_do_not_matter() -> None:
    """Twenty thousand owners, whom threads share, get on one and on three what adding up fact by fact gives."""
    random = np.random.default_rng(3)
    facts = [
        fact(int(owner), float(day), int(amount), [SALARY, FOOD, None][int(amount) % 3])
        for owner, day, amount in zip(
            random.integers(0, 20_000, 5_000),
            random.uniform(0, 50, 5_000),
            random.integers(-99, 99, 5_000),
            strict=True,
        )
    ]
    asked = [
        compiled(filter_=filter_, span_=days(day + 9, day)) for filter_ in list(TEXT_FILTERS)[:3] for day in (0, 9, 30)
    ]
    standpoint = Standpoint(ArrayView(bank_of(facts, 20_000)), Subject.ACCOUNT, NOW, "UTC")

    def values(threads: int) -> list[list[Any]]:
        with Engine(threads) as engine:
            return [values_of(column, 20_000) for column in compute_all(engine, asked, standpoint)]

    wanted = [[0] * 20_000 for _ in asked]
    for each in facts:
        for sums, aggregate in zip(wanted, asked, strict=True):
            window, amount = aggregate.definition.window.span, each.fields["amount"]
            assert isinstance(window, Between)
            assert isinstance(amount, int)
            if window.start_us <= each.time < window.end_us and TEXT_FILTERS[aggregate.definition.filter](each) is True:
                sums[each.owner] += amount
    assert values(1) == wanted
    assert values(3) == wanted
