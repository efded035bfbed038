"""Aggregates by the words of `aggregate.proto`, a fact at a time in plain Python: slow, and without NumPy.

Times are microseconds since 1970; local days and months are those of Python's `zoneinfo`. Unknown is `UNKNOWN`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    TrailingDays,
    TrailingSeconds,
)
from tests.oracle.aggregate_values import UNKNOWN, Result, Unknown, Value, of_doubles, of_integers

Truth = bool | Unknown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Account:
    """An account: days of opening and closing, since 1970, and fields by name."""

    opened: int | None = None
    closed: int | None = None
    fields: dict[str, Value | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """Something that happened at a time, by the number of its arrival. A field that is not there has no value.

    `unknown`: fields whose value is there and nobody knows, as of an amount without a rate.
    """

    owner: int
    time: int
    arrival: int
    fields: dict[str, Value | None] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Asked:
    """An aggregate and its filters as Python; `scale` of the measure, `is_decimal` whether it is money."""

    definition: Aggregate
    filter: Callable[[Fact], Truth] = lambda _: True
    account_filter: Callable[[Account], Truth] = lambda _: True
    is_decimal: bool = True
    scale: int = 2


@dataclass(frozen=True)
class Subject:
    """Whose facts are aggregated: the accounts that are the subject's, by slot, with roles, and its own engagements."""

    accounts: Sequence[tuple[int, Account, str]]
    facts: Sequence[Fact]
    is_customer: bool = True


def evaluate(asked: Asked, subject: Subject, now: int, zone: str) -> Result:
    """The value of the aggregate for a subject."""
    return _Evaluation(asked, subject, now, ZoneInfo(zone)).value()


class _Evaluation:
    def __init__(self, asked: Asked, subject: Subject, now: int, zone: ZoneInfo) -> None:
        self.asked = asked
        self.definition = asked.definition
        self.now = now
        self.zone = zone
        self.start, self.end = self._window()
        self.is_unknown = False
        self.accounts = self._select(subject)
        slots = {slot for slot, _ in self.accounts}
        of_customer = self.definition.source is Source.ENGAGEMENTS
        self.facts = [each for each in subject.facts if of_customer or each.owner in slots]

    def value(self) -> Result:
        if self.definition.source is Source.ACCOUNTS:
            self.facts = [self._as_fact(slot, account) for slot, account in self.accounts]
        self.facts.sort(key=lambda each: (each.time, each.owner, each.arrival))
        within = [each for each in self.facts if self.start <= each.time < self.end]
        if not self._is_covered():
            self.is_unknown = True
        kept = self._keep(within)
        result = self._apply(kept)
        return UNKNOWN if self.is_unknown else result

    # The window

    def local(self, moment: int) -> datetime:
        return _local(moment, self.zone)

    def midnight(self, day: date) -> int:
        return _midnight(day, self.zone)

    def _window(self) -> tuple[float, int]:
        today = self.local(self.now).date()
        first = today.replace(day=1)
        match self.definition.window.span:
            case AllTime():
                return -math.inf, self.now + 1
            case TrailingSeconds(seconds):
                return self.now - seconds * 1_000_000, self.now + 1
            case TrailingDays(days):
                return self.midnight(today - timedelta(days)), self.now + 1
            case CompleteMonths(months):
                return self.midnight(_months_before(first, months)), self.midnight(first)
            case MonthToDate():
                return self.midnight(first), self.now + 1
            case Between(start, end):
                return start, min(end, self.now + 1)

    def _months(self) -> list[tuple[int, int]]:
        span = self.definition.window.span
        assert isinstance(span, CompleteMonths)
        first = self.local(self.now).date().replace(day=1)
        starts = [self.midnight(_months_before(first, each)) for each in range(span.months, -1, -1)]
        return list(pairwise(starts))

    # Which facts count

    def _select(self, subject: Subject) -> list[tuple[int, Account]]:
        found: dict[int, Account] = {}
        if self.definition.source is Source.ENGAGEMENTS:
            return []
        for slot, account, role in subject.accounts:
            if self.definition.roles and subject.is_customer and role not in self.definition.roles:
                continue
            verdict = self.asked.account_filter(account)
            if verdict is UNKNOWN:
                self.is_unknown = True
            if verdict is not False:
                found[slot] = account
        return sorted(found.items())

    def _as_fact(self, slot: int, account: Account) -> Fact:
        opened = None if account.opened is None else self.midnight(_day(account.opened))
        unknown: frozenset[str] = frozenset()
        if account.fields.get("balance") is None and account.fields.get("currency") not in (None, "EUR"):
            unknown = frozenset({"balance"})
        return Fact(slot, -(2**63) if opened is None else opened, 0, account.fields | {"opened": opened}, unknown)

    def _is_covered(self) -> bool:
        window = self.definition.window
        if not window.demand_coverage or isinstance(window.span, AllTime) or self.definition.function in _OF_DAYS:
            return True
        if self.definition.source is Source.ENGAGEMENTS:
            return any(each.time < self.start for each in self.facts)
        return all(
            (account.opened is not None and self.midnight(_day(account.opened)) >= self.start)
            or any(each.owner == slot and each.time < self.start for each in self.facts)
            for slot, account in self.accounts
        )

    def _verdict(self, fact: Fact, measure: str) -> Truth:
        """Whether a fact counts; unknown where that, or what is measured, is."""
        verdict = self.asked.filter(fact)
        if verdict is True and measure:
            if measure in fact.unknown:
                return UNKNOWN
            return fact.fields.get(measure) is not None
        return verdict

    def _measure(self) -> str:
        if self.definition.function in _OF_DAYS:
            return "balance_after" if self.definition.source is Source.TRANSACTIONS else "amount"
        return self.definition.measure

    def _keep(self, facts: Iterable[Fact]) -> list[Fact]:
        kept = []
        for fact in facts:
            verdict = self._verdict(fact, self._measure())
            if verdict is UNKNOWN:
                self.is_unknown = True
            if verdict is True:
                kept.append(fact)
        return kept

    # Functions

    def _apply(self, facts: list[Fact]) -> Result:
        function, least = self.definition.function, self.definition.min_count
        if function in _OF_DAYS:
            return self._of_balances()
        if len(facts) < max(least, _NEEDED.get(function, 0)):
            return UNKNOWN
        values = [fact.fields[self.definition.measure] for fact in facts] if self.definition.measure else []
        if function in (Function.FIRST, Function.LAST) and len(facts) > 1 and facts[0].time == -(2**63):
            return UNKNOWN
        match function:
            case Function.COUNT:
                return len(facts)
            case Function.FIRST:
                return _told(values[0])
            case Function.LAST:
                return _told(values[-1])
            case Function.DAYS_SINCE:
                return (self.local(self.now).date() - self.local(facts[-1].time).date()).days
        return self._of_values(facts, values)

    def _of_values(self, facts: list[Fact], values: list[Value | None]) -> Result:
        match self.definition.function:
            case Function.DISTINCT_COUNT:
                return len({"nan" if value != value else (type(value), value) for value in values})
            case Function.TREND:
                return self._trend(facts)
            case Function.RECURRING:
                return self._recurring(facts)
        numbers = [value for value in values if isinstance(value, int | float)]
        if numbers and isinstance(numbers[0], float):
            return of_doubles(self.definition, [float(value) for value in numbers])
        return of_integers(self.definition, [int(value) for value in numbers], self.asked.scale, self.asked.is_decimal)

    def _trend(self, facts: list[Fact]) -> float:
        sums = []
        for begin, end in self._months():
            values = [fact.fields[self.definition.measure] for fact in facts if begin <= fact.time < end]
            sums.append(sum(Fraction(value) for value in values if isinstance(value, int | float)))
        middle = Fraction(len(sums) - 1, 2)
        weighted = sum(((month - middle) * value for month, value in enumerate(sums)), Fraction(0))
        squares = sum(((month - middle) ** 2 for month in range(len(sums))), Fraction(0))
        return float(weighted / squares / 10**self.asked.scale)

    def _recurring(self, facts: list[Fact]) -> Result:
        found: list[int] = []
        pairs = {(fact.fields["amount"], fact.fields.get("counterparty")) for fact in facts}
        for amount, party in pairs:
            same = [
                each for each in facts if (each.fields["amount"], each.fields.get("counterparty")) == (amount, party)
            ]
            if all(any(begin <= each.time < end for each in same) for begin, end in self._months()):
                assert isinstance(amount, int)
                found.append(amount)
        return max(found) if found else 0

    # Balances at the ends of days

    def _of_balances(self) -> Result:
        days = self._days()
        for slot, _ in self.accounts:
            self._mind_older(slot)
        totals = {day: total for day in days if (total := self._total(day)) is not None}
        if not self.accounts or len(totals) < max(self.definition.min_count, 1):
            return UNKNOWN
        if self.definition.window.demand_coverage and len(totals) < len(days):
            return UNKNOWN
        if self.definition.function is Function.MONTHS_BELOW:
            return len({(d.year, d.month) for d, total in totals.items() if total < self.definition.threshold_minor})
        mean = round(Fraction(sum(totals.values()), len(totals)))
        return mean if -(2**63) <= mean < 2**63 else UNKNOWN

    def _days(self) -> list[date]:
        """The days that the window has a part of; over all time from that of the first fact that counts."""
        start = self.start
        if start == -math.inf:
            counting = [each for each in self.facts if self._verdict(each, self._measure()) is True]
            start = min((each.time for each in counting), default=self.end)
        if start >= self.end:
            return []
        first, last = self.local(int(start)).date(), self.local(self.end - 1).date()
        return [first + timedelta(each) for each in range((last - first).days + 1)]

    def _closing(self, day: date) -> int:
        return min(self.midnight(day + timedelta(1)), self.end)

    def _last_before(self, slot: int, moment: int) -> Fact | None:
        before = [each for each in self.facts if each.owner == slot and each.time < moment]
        kept = [each for each in before if self._verdict(each, self._measure()) is True]
        return kept[-1] if kept else None

    def _total(self, day: date) -> int | None:
        """What all accounts have at the end of a day; None where that is not known of one of them."""
        balances = [self._balance(slot, account, day) for slot, account in self.accounts]
        known = [each for each in balances if each is not None]
        return sum(known) if len(known) == len(balances) else None

    def _balance(self, slot: int, account: Account, day: date) -> int | None:
        """0 before the account was opened and after it was closed, else what its last fact says; None without one."""
        if account.opened is not None and day < _day(account.opened):
            return 0
        if account.closed is not None and day > _day(account.closed):
            return 0
        fact = self._last_before(slot, self._closing(day))
        if fact is None:
            return None
        value = fact.fields[self._measure()]
        assert isinstance(value, int)
        return value

    def _mind_older(self, slot: int) -> None:
        """Facts before the window since the last that counts may not be unknown."""
        before = [each for each in self.facts if each.owner == slot and each.time < self.start]
        for fact in reversed(before):
            verdict = self._verdict(fact, self._measure())
            if verdict is UNKNOWN:
                self.is_unknown = True
            if verdict is not False:
                break


_OF_DAYS: Final = (Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW)
"""Functions of balances at the ends of days: what is demanded of them is asked day by day."""

_NEEDED: Final = {
    Function.MIN: 1,
    Function.MAX: 1,
    Function.AVERAGE: 1,
    Function.MEDIAN: 1,
    Function.STANDARD_DEVIATION: 2,
    Function.PERCENTILE: 1,
    Function.FIRST: 1,
    Function.LAST: 1,
    Function.DAYS_SINCE: 1,
}


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + moment * _US).astimezone(zone)


@cache
def _midnight(day: date, zone: ZoneInfo) -> int:
    """The first moment of a local day: where midnight is skipped the first after the gap."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    low, high = (begin - _EPOCH) // _US, (begin + timedelta(hours=60) - _EPOCH) // _US
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _local(middle, zone).date() < day else (low, middle)
    return high


def _told(value: Value | None) -> Value:
    assert value is not None
    return value


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(number)


def _months_before(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(year, month + 1, 1)
