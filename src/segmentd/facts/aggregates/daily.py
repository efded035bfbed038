"""Functions of balances at the ends of days: AVERAGE_DAILY_BALANCE and MONTHS_BELOW.

The days are those of the ledger's time zone that the window has a part of; each counts with the balances at its end, or
at the end of the window where that comes first, so the day of the moment counts as it stands. An account's balance is 0
before the day on which it was opened and after that on which it was closed, else that of its last fact that counts
before then: of a transaction that which it left, of a snapshot its amount. Without such a fact nobody knows it.

A day is known if the balance of every account that counts is; the other days count for nothing. Per account those are
the days from its opening, or from the first where that is not known, to before its first fact: once known, a balance
stays known. Without a known day the value is unknown, with `demand_coverage` where a day is not known; `min_count` asks
for known days. Without an account that counts the value is unknown.

A fact that may count or not makes the value unknown if it is in the window, or before it and not followed there by one
that counts. Over all time, the days begin with that of the first fact; without one the value is unknown.
"""

from __future__ import annotations

import numpy as np

from segmentd.columns.column import FixedColumn
from segmentd.columns.planes import pack
from segmentd.engine.facts.aggregates_daily import Balances, DailyWindow, average_daily_balances, earliest
from segmentd.engine.facts.aggregates_days import Days, History, count_months_below
from segmentd.engine.facts.aggregates_ranges import LEAST
from segmentd.facts.aggregates.owners import CLOSED, OPENED
from segmentd.facts.aggregates.scope import Scope, Truths, Whole
from segmentd.facts.aggregates.windows import Bounds, DayGrid, day_grid
from segmentd.ledger.aggregates import AllTime

Result = tuple[FixedColumn, Truths]


def average_daily_balance(whole: Whole) -> FixedColumn:
    """The mean over the known days of the sum of the accounts' balances, half to even.

    Unknown beyond 64 bit, and where the window's days times the owner's accounts are 2^31 or more.
    """
    gathered, bounds = whole.gathered, whole.bounds
    balances = Balances(whole.kept, whole.poison, whole.measured.numbers())
    lifetimes = whole.accounts.lifetimes(gathered.owners.accounts)
    window = DailyWindow(_days(whole), bounds.from_us, bounds.to_us, max(whole.definition.min_count, 1))
    averages, known = average_daily_balances(gathered.pairs, balances, lifetimes, window)
    return FixedColumn(whole.type, averages, None if known.all() else pack(known))


def months_below(scope: Scope) -> Result:
    """In how many months of the window the sum of the accounts' balances was below the threshold on a known day."""
    threshold = scope.definition.threshold_minor
    counts, known = count_months_below(scope.ranges, _history(scope), _days(scope), threshold)
    return scope.column(counts, scope.enough(known, 1) & (np.diff(scope.ranges.offsets) > 0))


def _grid(whole: Whole) -> DayGrid:
    bounds, zone = whole.bounds, whole.standpoint.zone
    if bounds.from_us == LEAST:
        first = earliest(whole.gathered.pairs.tasks, whole.gathered.items.times)
        bounds = Bounds(bounds.to_us if first is None else first, bounds.to_us)
    return day_grid(bounds, zone)


def _days(whole: Whole) -> Days:
    grid, window = _grid(whole), whole.definition.window
    from_first = isinstance(window.span, AllTime)
    return Days(grid.closings, grid.months, grid.from_us, window.demand_coverage, from_first)


def _history(scope: Scope) -> History:
    accounts = scope.gathered.owners.accounts
    opened, closed = (scope.accounts.days(accounts, field) for field in (OPENED, CLOSED))
    return History(scope.kept, scope.poison, scope.measured.numbers(), opened, closed)
