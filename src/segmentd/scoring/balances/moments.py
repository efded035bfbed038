"""What the accounts of a ledger held at a moment, and the moments of months and days that are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Batch, FixedColumn
from segmentd.columns.fixed import EPOCH_ORDINAL
from segmentd.columns.planes import Plane, pack, unpack
from segmentd.columns.zones import DAY_US, start_of_days, utc_offsets
from segmentd.engine.facts.groups import Balances, Run
from segmentd.engine.facts.groups_moments import (
    KNOWN,
    OVERFLOWN,
    UNSEEN,
    Days,
    Facts,
    Held,
    Observed,
    add_up_days,
    find_balances,
)
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView, Items, Slots
from segmentd.scoring.balances.errors import AmountOverflowError

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Valuation:
    """A moment at which balances are looked at: facts up to it count. `month` as `2026-09`, "" of the moment asked for.

    An average daily balance is over `days` days from `first_day` on, counted from 1970-01-01.
    """

    moment_us: int
    month: str = ""
    first_day: int = 0
    days: int = 0


def month_valuations(as_of_us: int, months: int, zone: str) -> tuple[Valuation, ...]:
    """The last moments of so many complete months before that of a moment, in the zone, the earliest first."""
    first = _months_since_year_0(as_of_us, zone) - months
    starts = [_first_of(number) for number in range(first, first + months + 1)]
    ends = start_of_days(np.array(starts[1:], np.int64), zone).tolist()
    return tuple(
        Valuation(end - 1, f"{number // 12:04}-{number % 12 + 1:02}", start, following - start)
        for number, end, (start, following) in zip(range(first, first + months), ends, pairwise(starts), strict=True)
    )


def day_valuation(as_of_us: int, days: int, zone: str) -> Valuation:
    """A moment, and so many complete days of the zone before it."""
    first = local_day_number(as_of_us, zone) - days if days else 0
    return Valuation(as_of_us, first_day=first, days=days)


def _months_since_year_0(moment_us: int, zone: str) -> int:
    day = _local_day(moment_us, zone)
    return day.year * 12 + day.month - 1


def local_day_number(moment_us: int, zone: str) -> int:
    """The day of a moment in the zone, in days since 1970-01-01."""
    return _local_day(moment_us, zone).toordinal() - EPOCH_ORDINAL


def _local_day(moment_us: int, zone: str) -> date:
    local = moment_us + int(utc_offsets(np.array([moment_us], np.int64), zone)[0])
    return date(1970, 1, 1) + timedelta(days=local // DAY_US)


def _first_of(number: int) -> int:
    """The first day of a month that is counted from year 0, in days since 1970-01-01."""
    return date(number // 12, number % 12 + 1, 1).toordinal() - EPOCH_ORDINAL


@dataclass(frozen=True, slots=True, eq=False)
class Accounts:
    """The accounts of a version, row by row: since when and until when they are there, and what their records say.

    `opened_us`, `closed_us` int64[rows]: there from the first to before the second. `recorded`: the balances of their
    records, `has_recorded` bool[rows].
    """

    opened_us: npt.NDArray[np.int64]
    closed_us: npt.NDArray[np.int64]
    recorded: npt.NDArray[np.int64]
    has_recorded: Bools

    @property
    def rows(self) -> int:
        """How many accounts there are."""
        return len(self.opened_us)


def read_accounts(batch: Batch, zone: str) -> Accounts:
    """The accounts of a batch of account records, whose days are those of the zone."""
    rows = batch.rows
    opened, has_opened = whole_numbers(batch, "opened")
    closed, has_closed = whole_numbers(batch, "closed")
    recorded, has_recorded = whole_numbers(batch, "balance")
    after = start_of_days((closed + utc_offsets(closed, zone)) // DAY_US + 1, zone) if has_closed.any() else closed
    limits = np.iinfo(np.int64)
    return Accounts(
        np.where(has_opened, opened, limits.min) if rows else opened,
        np.where(has_closed, after, limits.max) if rows else closed,
        recorded,
        has_recorded,
    )


def whole_numbers(batch: Batch, field: str) -> tuple[npt.NDArray[np.int64], Bools]:
    """The values of a column of whole numbers as int64, and in which rows there are any."""
    column = batch.columns.get(field)
    if not isinstance(column, FixedColumn):
        return np.zeros(batch.rows, np.int64), np.zeros(batch.rows, np.bool_)
    there = np.ones(batch.rows, np.bool_) if column.validity is None else unpack(column.validity, batch.rows)
    return column.values.astype(np.int64, copy=False), there


class Observations:
    """What a version of a ledger's facts says of what its accounts held. Read once, asked for many moments."""

    def __init__(self, view: BookView, zone: str, run: Run) -> None:
        self._zone, self._run = zone, run
        entities = view.entities(RecordKind.ACCOUNT)
        self.accounts = read_accounts(entities.batch, zone)
        self._targets = entities.row_of
        transactions, snapshots = view.sorted_items(RecordKind.TRANSACTION), view.sorted_items(RecordKind.BALANCE)
        self._seen = Facts(_transactions(transactions), _snapshots(snapshots))
        touched = np.union1d(view.touched(RecordKind.TRANSACTION), view.touched(RecordKind.BALANCE)).astype(np.int32)
        self._touched: Slots = touched[touched < len(entities.row_of)]
        later = (view.items_of(kind, self._touched) for kind in (RecordKind.TRANSACTION, RecordKind.BALANCE))
        transactions, snapshots = later
        self._later = Facts(_transactions(transactions), _snapshots(snapshots))
        self._places = min(len(self._targets), self._seen.places)

    def held(self, moment_us: int) -> Held:
        """What was seen of each account, by row, up to the moment."""
        held = Held.nothing(self.accounts.rows)
        find_balances(moment_us, self._seen, self._targets[: self._places], held, self._run)
        if len(self._touched):
            find_balances(moment_us, self._later, self._targets[self._touched], held, self._run)
        return held

    def daily(self, valuation: Valuation) -> Balances:
        """The sums over a valuation's days of what accounts held at the end of each on which they were there.

        An account that was not there on any of the days is not there; one whose balance is not known on all of those on
        which it was is unknown. Raises AmountOverflowError.
        """
        following = valuation.first_day + 1 + np.arange(valuation.days)
        ends = start_of_days(following, self._zone) - 1
        first, last = (np.searchsorted(ends, each) for each in (self.accounts.opened_us, self.accounts.closed_us))
        held, days = Held.nothing(self.accounts.rows), Days(ends, first, last)
        add_up_days(days, self._seen, self._targets[: self._places], held, self._run)
        if len(self._touched):
            add_up_days(days, self._later, self._targets[self._touched], held, self._run)
        if (held.states == OVERFLOWN).any():
            raise AmountOverflowError("an account's daily balances")
        there = first < last
        known = there & (held.states == KNOWN)
        return Balances(np.where(known, held.values, 0), pack(known), pack(there & ~known))

    def there(self, moment_us: int) -> Bools:
        """Which accounts were opened, and not closed, at the moment."""
        return (self.accounts.opened_us <= moment_us) & (moment_us < self.accounts.closed_us)

    def balances(self, moment_us: int, *, is_now: bool) -> Balances:
        """What the accounts held at the moment. `is_now`: the balances of records count where nothing was seen."""
        held, there = self.held(moment_us), self.there(moment_us)
        known, values = held.states == KNOWN, held.values
        if is_now:
            recorded = (held.states == UNSEEN) & self.accounts.has_recorded
            values = np.where(recorded, self.accounts.recorded, values)
            known |= recorded
        known &= there
        return Balances(np.where(known, values, 0), pack(known), pack(there & ~known))


def _transactions(items: Items) -> Observed:
    after, given = _column(items, "balance_after")
    _, rated = _column(items, "amount")
    return Observed(_int64(items.offsets), _int64(items.times), after, given, rated)


def _snapshots(items: Items) -> Observed:
    amounts, given = _column(items, "amount")
    return Observed(_int64(items.offsets), _int64(items.times), amounts, given)


def _column(items: Items, field: str) -> tuple[npt.NDArray[np.int64], Plane | None]:
    """The values, and where there are any, None: everywhere."""
    column = items.batch.columns.get(field)
    if not isinstance(column, FixedColumn):
        return np.zeros(items.batch.rows, np.int64), pack(np.zeros(items.batch.rows, np.bool_))
    return _int64(column.values), column.validity


def _int64(array: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(array, np.int64)
