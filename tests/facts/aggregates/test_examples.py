"""Each function on facts that one can count on one's fingers, and what is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute
from segmentd.facts.kinds import RecordKind
from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    CompleteMonths,
    Function,
    Source,
    TrailingDays,
    Window,
)
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, ArrayView, Bank, values_of
from tests.facts.aggregates.questions import Questions
from tests.oracle.aggregates import Account, Fact

QUESTIONS = Questions("UTC")
DAY = 19_722
"""31 December 2023."""
NOW = (DAY + 9) * DAY_US + DAY_US // 2
"""Noon of 9 January 2024."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One thread."""
    with Engine(1) as running:
        yield running


def bank(transactions: Sequence[tuple[float, int | None, dict[str, Any]]], *accounts: Account, owners: int = 1) -> Bank:
    """One customer with accounts, and transactions on the first of them: days since `DAY`, amounts, further fields."""
    made = Bank("UTC", list(range(owners)), list(accounts) or [Account(DAY - 900)])
    made.holdings = [[(slot, "OWNER") for slot in range(len(made.accounts))], *[[] for _ in range(owners - 1)]]
    for arrival, (day, amount, further) in enumerate(transactions):
        owner = int(further.pop("on", 0))
        unknown = frozenset({"amount"}) if amount is None else frozenset()
        time = DAY * DAY_US + int(day * DAY_US)
        made.facts[RecordKind.TRANSACTION].append(Fact(owner, time, arrival, {"amount": amount, **further}, unknown))
    return made


def value(engine: Engine, made: Bank, function: Function, measure: str = "amount", **further: Any) -> Any:
    """The first customer's value of an aggregate of transactions."""
    definition = Aggregate(Source.TRANSACTIONS, function, measure, **further)
    compiled = QUESTIONS.compile(definition, Subject.CUSTOMER)
    standpoint = Standpoint(ArrayView(made), Subject.CUSTOMER, NOW, "UTC")
    return values_of(compute(engine, compiled, standpoint), len(made.customers))[0]


AMOUNTS = bank([(1, 100, {}), (2, 250, {}), (3, 350, {}), (3, -50, {}), (20, 999, {})])
"""The last is in the future, and counts nowhere."""


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (Function.SUM, 650),
        (Function.MIN, -50),
        (Function.MAX, 350),
        (Function.AVERAGE, 162),
        (Function.MEDIAN, 175),
        (Function.DISTINCT_COUNT, 4),
        (Function.FIRST, 100),
        (Function.LAST, -50),
    ],
)
def test_functions_of_amounts(engine: Engine, function: Function, wanted: int) -> None:
    """Of 1.00, 2.50, 3.50 and -0.50: the mean of 162.5 cents is rounded to the even 1.62."""
    assert value(engine, AMOUNTS, function) == wanted


def test_the_deviation_of_money_is_in_major_units(engine: Engine) -> None:
    """Of 1.00 and 3.00 it is the root of two."""
    made = bank([(1, 100, {}), (1, 300, {})])
    assert value(engine, made, Function.STANDARD_DEVIATION) == pytest.approx(2**0.5)
    assert value(engine, bank([(1, 100, {})]), Function.STANDARD_DEVIATION) is None


@pytest.mark.parametrize(("hundredths", "wanted"), [(0, 1), (2_500, 1), (2_501, 2), (5_000, 2), (10_000, 4)])
def test_a_percentile_is_a_value_that_occurs(engine: Engine, hundredths: int, wanted: int) -> None:
    """The nearest rank of 25 percent of four values is the first, of a hundredth more the second."""
    made = bank([(each, each, {}) for each in (4, 2, 1, 3)])
    assert value(engine, made, Function.PERCENTILE, percentile_hundredths=hundredths) == wanted


def test_of_nothing(engine: Engine) -> None:
    """Without facts counts and sums are 0, and what would need a fact is unknown."""
    nothing = bank([])
    assert value(engine, nothing, Function.COUNT, "") == 0
    assert value(engine, nothing, Function.SUM) == 0
    assert value(engine, nothing, Function.COUNT, "", min_count=1) is None
    for function in (Function.MIN, Function.AVERAGE, Function.MEDIAN, Function.LAST):
        assert value(engine, nothing, function) is None


def test_an_amount_without_a_rate_is_unknown_and_not_zero(engine: Engine) -> None:
    """It makes the sum unknown, unless the filter leaves it out; a count does not read it."""
    made = bank([(1, 100, {"points": 1}), (2, None, {"points": -1})])
    assert value(engine, made, Function.SUM) is None
    assert value(engine, made, Function.SUM, filter="transaction.points >= 0") == 100
    assert value(engine, made, Function.COUNT, "") == 2


def test_a_filter_that_is_unknown_of_a_fact_makes_the_value_unknown(engine: Engine) -> None:
    """Of a fact in the window; one before it does not matter."""
    made = bank([(1, 100, {}), (9, 200, {"points": 1})])
    counted = {"filter": "transaction.points >= 0"}
    assert value(engine, made, Function.COUNT, "", **counted) is None
    assert value(engine, made, Function.COUNT, "", window=Window(TrailingDays(2)), **counted) == 1


def test_a_sum_beyond_64_bits_is_unknown_and_what_lies_between_does_not_matter(engine: Engine) -> None:
    """Two of the greatest amounts do not fit; with their opposites added they do."""
    most = 2**63 - 1
    assert value(engine, bank([(1, most, {}), (2, most, {})]), Function.SUM) is None
    assert value(engine, bank([(1, most, {}), (2, most, {}), (3, -most, {}), (4, -5, {})]), Function.SUM) == most - 5
    assert value(engine, bank([(1, most, {}), (2, most, {})]), Function.AVERAGE) == most


def test_an_average_balance_counts_days(engine: Engine) -> None:
    """Of ten days, four with 100, two with 300 and the rest with 50, the day of the moment among them."""
    made = bank([(0.5, 1, {"balance_after": 100}), (4.2, 1, {"balance_after": 300}), (6, 1, {"balance_after": 50})])
    window = Window(TrailingDays(9))
    mean = value(engine, made, Function.AVERAGE_DAILY_BALANCE, "", window=window)
    assert mean == (4 * 100 + 2 * 300 + 4 * 50) // 10


def daily(engine: Engine, made: Bank, days: int = 9, *, demand: bool = False, **further: Any) -> Any:
    """The average daily balance of so many days before the day of the moment, and that one."""
    window = Window(TrailingDays(days), demand_coverage=demand)
    return value(engine, made, Function.AVERAGE_DAILY_BALANCE, "", window=window, **further)


def test_a_closed_account_has_no_balance_the_day_after(engine: Engine) -> None:
    """Closed on the third day, it counts 200 on three of ten days, and its 0 on the others is known."""
    made = bank([(0.5, 1, {"balance_after": 200})], Account(DAY - 9, DAY + 2))
    assert daily(engine, made) == daily(engine, made, demand=True) == 60


def test_an_account_that_is_not_yet_open_has_no_balance(engine: Engine) -> None:
    """Opened on the sixth day, it counts 200 on five of ten days, whenever its first fact before then was."""
    for day in (-3, 2, 5.5):
        made = bank([(day, 1, {"balance_after": 200})], Account(DAY + 5))
        assert daily(engine, made) == daily(engine, made, demand=True) == 100


def test_days_before_the_first_fact_of_an_open_account_do_not_count(engine: Engine) -> None:
    """Nobody knows what it had on them: the mean of 200 on four days is 200, and with coverage demanded unknown."""
    for account in (Account(DAY - 900), Account(DAY), Account(None)):
        made = bank([(6.5, 1, {"balance_after": 200})], account)
        assert daily(engine, made) == daily(engine, made, min_count=4) == daily(engine, made, 3, demand=True) == 200
        assert daily(engine, made, min_count=5) is None
        assert daily(engine, made, demand=True) is None


def test_a_day_is_known_if_all_accounts_are(engine: Engine) -> None:
    """Of ten days the third, the fourth and the seventh are not: accounts have no fact on days since they opened."""
    facts = [(0.5, 1, {"balance_after": 100}), (5.5, 1, {"balance_after": 400})]
    facts += [(4.5, 1, {"balance_after": 20, "on": 1}), (7.5, 1, {"balance_after": 3, "on": 2})]
    made = bank(facts, Account(DAY - 900), Account(DAY + 2), Account(DAY + 6))
    known = [100, 100, 120, 420, 423, 423, 423]
    assert daily(engine, made) == round(sum(known) / 7)
    assert daily(engine, made, min_count=7) is not None
    assert daily(engine, made, min_count=8) is None


def test_an_account_without_any_fact_has_no_balance_that_is_known(engine: Engine) -> None:
    """While it is open, another account's balance is not the customer's; it is before, and where it is closed."""
    facts = [(0.5, 1, {"balance_after": 100})]
    assert daily(engine, bank(facts, Account(DAY), Account(None))) is None
    assert daily(engine, bank([], Account(DAY))) is None
    assert daily(engine, bank([], Account(DAY + 1)), min_count=1) == 0
    assert daily(engine, bank(facts, Account(DAY), Account(DAY + 4)), min_count=4) == 100
    assert daily(engine, bank(facts, Account(DAY), Account(DAY + 4)), min_count=5) is None
    shut = Account(DAY - 90, DAY - 2)
    assert daily(engine, bank(facts, Account(DAY), shut), demand=True) == 100


def test_all_time_begins_with_the_first_fact(engine: Engine) -> None:
    """Of ten days since then, two are not known, on which another account was open and had no fact yet."""
    facts = [(0.5, 1, {"balance_after": 100}), (7.5, 1, {"balance_after": 60, "on": 1})]
    made = bank(facts, Account(None), Account(DAY + 5))
    mean = value(engine, made, Function.AVERAGE_DAILY_BALANCE, "", min_count=8)
    assert mean == round((5 * 100 + 3 * 160) / 8)
    assert value(engine, made, Function.AVERAGE_DAILY_BALANCE, "", min_count=9) is None


def test_nobody_without_accounts_has_an_average_balance(engine: Engine) -> None:
    """A customer without an account has no balance, which is not the balance 0."""
    made = bank([])
    made.holdings = [[]]
    assert value(engine, made, Function.AVERAGE_DAILY_BALANCE, "", window=Window(TrailingDays(9))) is None


def test_a_month_below_is_one_with_a_day_below(engine: Engine) -> None:
    """One evening below the threshold is enough for the month; what is made good by the evening is not."""
    made = bank(
        [
            (-60, 1, {"balance_after": 500}),
            (-20.5, 1, {"balance_after": 99}),
            (-19.5, 1, {"balance_after": 500}),
            (-40.5, 1, {"balance_after": 0}),
            (-40.4, 1, {"balance_after": 500}),
        ]
    )
    further = {"window": Window(CompleteMonths(2)), "threshold_minor": 100}
    assert value(engine, made, Function.MONTHS_BELOW, "", **further) == 1


def test_a_month_of_which_too_little_is_known_is_not_below(engine: Engine) -> None:
    """What is known to be below counts; demanded is that every day is known."""
    further: dict[str, Any] = {"window": Window(CompleteMonths(2)), "threshold_minor": 100}
    demanding = {**further, "window": Window(CompleteMonths(2), demand_coverage=True)}
    late = bank([(-20.5, 1, {"balance_after": 99}), (-19.5, 1, {"balance_after": 500})])
    assert value(engine, late, Function.MONTHS_BELOW, "", **further) == 1
    assert value(engine, late, Function.MONTHS_BELOW, "", min_count=22, **further) == 1
    assert value(engine, late, Function.MONTHS_BELOW, "", min_count=23, **further) is None
    assert value(engine, late, Function.MONTHS_BELOW, "", **demanding) is None
    opened = bank([(-20.5, 1, {"balance_after": 500})], Account(DAY - 21))
    assert value(engine, opened, Function.MONTHS_BELOW, "", **demanding) == 2
    never = bank([], Account(DAY - 900))
    assert value(engine, never, Function.MONTHS_BELOW, "", **further) is None


def test_a_sum_of_balances_may_be_beyond_64_bits(engine: Engine) -> None:
    """Whether it is below a threshold is known nevertheless."""
    most = {"balance_after": 2**63 - 1}
    made = bank([(-90, 1, {**most}), (-90, 1, {**most, "on": 1})], Account(None), Account(None))
    further = {"window": Window(CompleteMonths(2)), "threshold_minor": 2**63 - 1}
    assert value(engine, made, Function.MONTHS_BELOW, "", **further) == 0


def test_a_trend_is_the_slope_of_months(engine: Engine) -> None:
    """Sums of 1.00, nothing and 4.00 rise by 1.50 a month."""
    made = bank([(-80, 100, {}), (-9, 400, {})])
    assert value(engine, made, Function.TREND, window=Window(CompleteMonths(3))) == 1.5


def test_what_recurs_has_the_same_amount_and_counterparty(engine: Engine) -> None:
    """A salary of three months recurs; a greater amount of two months, and one of another payer, do not."""
    monthly = [(day, 2_000, {"counterparty": "x"}) for day in (-80, -50, -9)]
    others = [(-79, 9_000, {"counterparty": "x"}), (-49, 9_000, {"counterparty": "x"})]
    window = Window(CompleteMonths(3))
    assert value(engine, bank([*monthly, *others]), Function.RECURRING, window=window) == 2_000
    third = (-9.0, 9_000, {"counterparty": "y"})
    assert value(engine, bank([*others, third]), Function.RECURRING, window=window) == 0


def test_coverage_asks_for_a_fact_before_the_window(engine: Engine) -> None:
    """Of an account opened before it; one opened in the window need not have any."""
    window = Window(TrailingDays(5), demand_coverage=True)
    assert value(engine, bank([(8, 1, {})]), Function.COUNT, "", window=window) is None
    assert value(engine, bank([(1, 1, {}), (8, 1, {})]), Function.COUNT, "", window=window) == 1
    assert value(engine, bank([(8, 1, {})], Account(DAY + 7)), Function.COUNT, "", window=window) == 1
    assert value(engine, bank([(8, 1, {})], Account(None)), Function.COUNT, "", window=window) is None


def test_equal_times_are_in_the_order_of_accounts(engine: Engine) -> None:
    """Of facts at the same time on two accounts, the last is that on the account with the greater slot."""
    made = bank([(1, 7, {"on": 1}), (1, 5, {"on": 0})], Account(None), Account(None))
    assert value(engine, made, Function.FIRST) == 5
    assert value(engine, made, Function.LAST) == 7
    assert value(engine, made, Function.DAYS_SINCE, "", window=Window(AllTime())) == 8


def test_doubles_follow_ieee(engine: Engine) -> None:
    """NaN makes sums NaN, and what needs an order unknown; all NaNs are one value, and both zeros."""
    nan = float("nan")
    made = bank([(1, 1, {"weight": nan}), (2, 1, {"weight": 0.0}), (3, 1, {"weight": -0.0}), (4, 1, {"weight": nan})])
    assert value(engine, made, Function.SUM, "weight") != value(engine, made, Function.SUM, "weight")
    for function in (Function.MIN, Function.MAX, Function.MEDIAN):
        assert value(engine, made, function, "weight") is None
    assert value(engine, made, Function.DISTINCT_COUNT, "weight") == 2
    ordered = bank([(3, 1, {"weight": -1e16}), (1, 1, {"weight": 1e16}), (2, 1, {"weight": 1.0})])
    assert value(engine, ordered, Function.SUM, "weight") == (1e16 + 1.0) - 1e16
