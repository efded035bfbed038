"""Functions of balances at the ends of days: AVERAGE_DAILY_BALANCE and MONTHS_BELOW.

The days are those of the ledger's time zone that the window has a part of; each counts with the balances at its end, or
at the end of the window where that comes first, so the day of the moment counts as it stands. An account's balance is
that of its last fact that counts before then: of a transaction that which it left, of a snapshot its amount. Without
such a fact it is 0, on days before the account was opened as on later ones; with `demand_coverage` the value is unknown
where there is such a day on which the account was open, or its opening is not known. From the day after that on which
an account was closed its balance is 0. Without an account that counts the value is unknown.

A fact that may count or not makes the value unknown if it is in the window, or before it and not followed there by one
that counts. Over all time, the days begin with that of the first fact; without one the value is unknown.
`min_count` asks for days: those at whose end at least one account has had a fact.
"""

from __future__ import annotations

import numpy as np

from segmentd.columns.column import FixedColumn
from segmentd.engine.facts.aggregates_days import Days, History, count_months_below, sum_daily_balances
from segmentd.engine.facts.aggregates_ranges import LEAST
from segmentd.facts.aggregates import rounding
from segmentd.facts.aggregates.gathering import CLOSED, OPENED
from segmentd.facts.aggregates.scope import Scope, Truths
from segmentd.facts.aggregates.windows import Bounds, DayGrid, day_grid
from segmentd.ledger.aggregates import AllTime

Result = tuple[FixedColumn, Truths]


def average_daily_balance(scope: Scope) -> Result:
    """The mean over the days of the sum of the accounts' balances, rounded half to even; unknown beyond 64 bit."""
    grid = _grid(scope)
    sums = sum_daily_balances(scope.ranges, _history(scope), _days(scope, grid))
    days = np.full(len(scope.ranges), len(grid.closings), np.int64)
    if isinstance(scope.definition.window.span, AllTime):
        days = sums.counts
    values, fits = rounding.means(sums.high, sums.low, days)
    known = scope.enough(sums.counts, 0) & fits & (days > 0) & _has_accounts(scope)
    return scope.column(values, known)


def months_below(scope: Scope) -> Result:
    """In how many months of the window the sum of the accounts' balances was below the threshold on a day."""
    grid, threshold = _grid(scope), scope.definition.threshold_minor
    counts, covered = count_months_below(scope.ranges, _history(scope), _days(scope, grid), threshold)
    return scope.column(counts, scope.enough(covered, 0) & _has_accounts(scope))


def _has_accounts(scope: Scope) -> Truths:
    return np.diff(scope.ranges.offsets) > 0


def _grid(scope: Scope) -> DayGrid:
    bounds, zone = scope.bounds, scope.standpoint.zone
    if bounds.from_us == LEAST:
        times = scope.gathered.items.times
        bounds = Bounds(int(times.min()) if len(times) else bounds.to_us, bounds.to_us)
    return day_grid(bounds, zone)


def _days(scope: Scope, grid: DayGrid) -> Days:
    return Days(grid.closings, grid.months, grid.from_us, scope.definition.window.demand_coverage)


def _history(scope: Scope) -> History:
    accounts = scope.gathered.owners.accounts
    demand = scope.definition.window.demand_coverage
    opened = scope.accounts.days(accounts, OPENED) if demand else np.zeros(0, np.int64)
    closed = scope.accounts.days(accounts, CLOSED)
    return History(scope.kept, scope.poison, scope.measured.numbers(), opened, closed)
