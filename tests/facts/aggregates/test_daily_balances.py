"""Average daily balances of accounts at the ends of what is possible, against a balance a day in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.planes import pack
from segmentd.engine.facts.aggregates_daily import (
    NO_DATES,
    Balances,
    DailyWindow,
    Dates,
    Lifetimes,
    average_daily_balances,
)
from segmentd.engine.facts.aggregates_days import Days
from segmentd.engine.facts.aggregates_ranges import ALL_ROWS, LEAST, Facts, Owners, Tasks, paired

HOUR_US = 3_600_000_000
LARGEST = 2**63 - 1
TASKS = Tasks(lambda tasks: [task() for task in tasks], 2)


@dataclass
class Row:
    """A fact: whether it counts, and whether that is not known."""

    time: int
    balance: int
    kept: bool = True
    poison: bool = False


@dataclass
class Account:
    """Facts by time, and the starts of the days of opening and closing."""

    rows: list[Row] = field(default_factory=list)
    opened: int | None = None
    closed: int | None = None


@dataclass
class Asked:
    """A window: the ends of its days, where the first begins and the window does, and what has to be known."""

    closings: list[int]
    base: int
    start: int
    demand: bool = False
    from_first: bool = False
    least: int = 1

    @property
    def end(self) -> int:
        """Before which facts are looked at."""
        return self.closings[-1] if self.closings else self.start


def expected(accounts: Sequence[Account], asked: Asked) -> int | None:
    """The mean over the known days, None where it is unknown."""
    if not accounts or any(minded(each, asked) for each in accounts):
        return None
    days = list(range(len(asked.closings)))
    if asked.from_first:
        days = [day for day in days if any(latest(each, asked.closings[day]) is not None for each in accounts)]
    totals = [total for day in days if (total := total_of(accounts, asked, day)) is not None]
    if len(totals) < asked.least or (asked.demand and len(totals) < len(days)):
        return None
    mean = round(Fraction(sum(totals), len(totals)))
    return mean if -LARGEST - 1 <= mean <= LARGEST else None


def minded(account: Account, asked: Asked) -> bool:
    """Whether it is not known which fact is the last before a day of the window."""
    for row in reversed([each for each in account.rows if each.time < asked.end]):
        if row.poison:
            return True
        if row.kept and row.time < asked.start:
            return False
    return False


def latest(account: Account, closing: int) -> int | None:
    """The balance of the last fact that counts before a moment."""
    return next((each.balance for each in reversed(account.rows) if each.kept and each.time < closing), None)


def total_of(accounts: Sequence[Account], asked: Asked, day: int) -> int | None:
    """What all have at the end of a day; None where that is not known of one of them."""
    begin, total = asked.closings[day - 1] if day else asked.base, 0
    for account in accounts:
        is_open = account.opened is None or account.opened < asked.closings[day]
        if is_open and (account.closed is None or begin <= account.closed):
            balance = latest(account, asked.closings[day])
            if balance is None:
                return None
            total += balance
    return total


def computed(owners: Sequence[Sequence[Account]], asked: Asked) -> list[int | None]:
    """What the kernel says, None where it is unknown."""
    accounts = [account for owner in owners for account in owner]
    rows = [row for account in accounts for row in account.rows]
    counts = [len(account.rows) for account in accounts]
    facts = Facts(np.cumsum([0, *counts], dtype=np.int64), np.array([row.time for row in rows], np.int64))
    slots = np.arange(len(accounts), dtype=np.int32)
    offsets = np.cumsum([0, *(len(owner) for owner in owners)], dtype=np.int64)
    alone = all(len(owner) == 1 for owner in owners)
    pairs = paired(TASKS, Owners(None if alone else offsets, slots, np.zeros(len(owners), np.uint8)), slots, facts)
    kept, poison = np.array([row.kept for row in rows], np.bool_), np.array([row.poison for row in rows], np.bool_)
    balances = Balances(
        ALL_ROWS if kept.all() else pack(kept),
        pack(poison) if poison.any() else ALL_ROWS,
        np.array([row.balance for row in rows], np.int64),
    )
    opened, closed = ([getattr(account, name) for account in accounts] for name in ("opened", "closed"))
    lifetimes = Lifetimes(slots, slots[::-1].copy(), dates(opened), dates(closed))
    days = Days(np.array(asked.closings, np.int64), np.zeros(0, np.int64), asked.base, asked.demand, asked.from_first)
    window = DailyWindow(days, asked.start, asked.end, asked.least)
    averages, known = average_daily_balances(pairs, balances, lifetimes, window)
    assert not averages[~known].any()
    return [int(mean) if is_known else None for mean, is_known in zip(averages, known, strict=True)]


def dates(given: list[int | None]) -> Dates:
    """The dates by row, which are the accounts' slots backwards."""
    there = np.array([each is not None for each in reversed(given)], np.bool_)
    if not there.any():
        return NO_DATES
    starts = np.array([each or 0 for each in reversed(given)], np.int64)
    return Dates(starts, ALL_ROWS if there.all() else pack(there))


class Maker:
    """Random accounts, and random windows."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.largest = random.choice([5, 10**7, 2**41, 2**62, LARGEST])
        self.sure, self.lasting = random.random() < 0.5, random.random() < 0.5
        days = random.choice([0, 1, 2, 9, 40])
        self.ends = [(40 * 24 + sum(random.choice([23, 24, 24, 25]) for _ in range(days))) * HOUR_US]
        for _ in range(days):
            self.ends.append(self.ends[-1] + random.choice([23, 24, 24, 25]) * HOUR_US)

    def asked(self) -> Asked:
        """A window, whose last day may end early and whose first day may have begun before it."""
        closings = self.ends[1:]
        if closings and self.random.random() < 0.5:
            closings[-1] -= self.random.randrange(1, 23 * HOUR_US)
        start = self.ends[0] + self.random.choice([0, 0, 1, 7 * HOUR_US])
        demand, least = self.random.random() < 0.2, self.random.choice([1, 1, 1, 3, 30])
        return Asked(closings, self.ends[0], start if closings else self.ends[0], demand, least=least)

    def asked_of_all_time(self, owners: Sequence[Sequence[Account]]) -> Asked:
        """Days from the first fact of anybody."""
        asked = self.asked()
        first = min((row.time for owner in owners for each in owner for row in each.rows), default=asked.base)
        closings = [asked.base, *asked.closings]
        while closings[0] - 24 * HOUR_US > first:
            closings.insert(0, closings[0] - 24 * HOUR_US)
        base = closings[0] - 24 * HOUR_US
        return Asked(closings, base, LEAST, asked.demand, from_first=True, least=asked.least)

    def account(self) -> Account:
        """An account, often of few facts, sometimes of many in, before or after the window."""
        first, last = self.random.choice([(0, 41), (30, 90), (60, 120), (42, 44)])
        rows = [self.row(first, last) for _ in range(self.random.choice([0, 1, 2, 5, 5, 70]))]
        account = Account(sorted(rows, key=lambda row: row.time))
        if not self.lasting:
            account.opened = self.random.choice([None, 0, *self.ends, self.ends[-1] + 24 * HOUR_US])
            account.closed = self.random.choice([None, None, None, 0, *self.ends, self.ends[-1] + 24 * HOUR_US])
        return account

    def row(self, first: int, last: int) -> Row:
        """A fact of some days, now and then at the very end of one."""
        time = self.random.randrange(first * 24, last * 24) * HOUR_US
        if self.random.random() < 0.3:
            time = self.random.choice(self.ends) + self.random.choice([-1, 0, 1])
        balance = self.random.choice([self.random.randint(-self.largest - 1, self.largest), self.largest])
        if self.sure:
            return Row(time, balance)
        return Row(time, balance, self.random.random() < 0.7, self.random.random() < 0.05)


@given(st.integers(0, 2**32), st.booleans(), st.booleans())
@settings(max_examples=500)
def test_means_are_those_of_a_balance_a_day(seed: int, is_account: bool, of_all_time: bool) -> None:  # noqa: FBT001 - parameters of the test
    """Of one account and of several, opened and closed at any time, of balances of up to 64 bits, over any days."""
    random = Random(seed)  # noqa: S311 - data
    maker = Maker(random)
    owners = [[maker.account() for _ in range(1 if is_account else random.choice([0, 1, 2, 5]))] for _ in range(4)]
    asked = maker.asked_of_all_time(owners) if of_all_time else maker.asked()
    assert computed(owners, asked) == [expected(owner, asked) for owner in owners]


@pytest.mark.parametrize("balance", [LARGEST, -LARGEST - 1])
def test_a_mean_is_known_as_far_as_64_bits_go(balance: int) -> None:
    """The largest balance on every day is its own mean; that of two such accounts is unknown, and not wrapped."""
    asked = Asked([HOUR_US * 24 * day for day in range(1, 800)], 0, 0)
    account = Account([Row(-1, balance), Row(400 * 24 * HOUR_US, balance)])
    assert computed([[account]], asked) == [balance]
    assert computed([[account, Account([Row(-1, -balance // 2)])], [account, account], [account]], asked) == [
        expected([account, Account([Row(-1, -balance // 2)])], asked),
        None,
        balance,
    ]


def test_halves_are_rounded_to_even() -> None:
    """Of two days: 0.5 is 0, 1.5 is 2, -0.5 is 0, -1.5 is -2, and so beyond 32 bits."""
    asked = Asked([24 * HOUR_US, 48 * HOUR_US], 0, 0)
    for odd, even in ((1, 0), (3, 2), (-1, 0), (-3, -2), (2**40 + 1, 2**39), (2**40 + 3, 2**39 + 2)):
        account = Account([Row(-1, odd), Row(30 * HOUR_US, 0)])
        assert computed([[account]], asked) == [even]


def test_windows_that_ended_long_ago_are_found() -> None:
    """Of a thousand facts, however many come after the window, or before it, those in it make the mean."""
    account = Account([Row(hour * HOUR_US, hour) for hour in range(1_000)])
    for first, last in ((0, 1), (3, 5), (40, 41), (41, 42), (60, 90)):
        asked = Asked(
            [24 * HOUR_US * day for day in range(first + 1, last + 1)], 24 * HOUR_US * first, 24 * HOUR_US * first
        )
        assert computed([[account]], asked) == [expected([account], asked)]


def test_a_fact_before_the_window_hides_those_before_it() -> None:
    """One that counts, earlier on the day on which the window begins: whether still earlier ones do does not matter."""
    asked = Asked([24 * HOUR_US], 0, 7 * HOUR_US)
    doubtful = Row(HOUR_US, 5, kept=False, poison=True)
    assert computed([[Account([doubtful, Row(3 * HOUR_US, 9)])]], asked) == [9]
    assert computed([[Account([doubtful])], [Account([Row(0, 9), doubtful])]], asked) == [None, None]
