"""Functions of complete months: TREND and RECURRING."""

from __future__ import annotations

from typing import Final

import numpy as np

from segmentd.columns.column import FixedColumn, TextColumn
from segmentd.engine.facts.aggregates_days import find_recurring, sum_trends
from segmentd.engine.facts.aggregates_ranges import Integers, Slots, find_bounds
from segmentd.engine.facts.aggregates_values import Doubles, sum_doubles
from segmentd.facts.aggregates import rounding
from segmentd.facts.aggregates.measures import doubles_of_order, same_codes
from segmentd.facts.aggregates.scope import Scope, Truths
from segmentd.facts.aggregates.windows import month_starts
from segmentd.ledger.aggregates import CompleteMonths

Result = tuple[FixedColumn, Truths]

COUNTERPARTY: Final = "counterparty"


def trend(scope: Scope) -> Result:
    """The slope of the least-squares line through the months' sums; a month without a fact has the sum 0.

    Of n months with sums y it is `6 * sum((2 * i - (n - 1)) * y[i]) / (n * (n * n - 1))`, i from 0; of money the sum
    is exact, and one division gives major units a month.
    """
    starts = _starts(scope)
    months = len(starts) - 1
    divisor = months * (months * months - 1) * 10.0**scope.measured.scale
    if scope.measured.is_double:
        weighted, counts = _weighted_doubles(scope, starts)
        return scope.column(6.0 * weighted / divisor, scope.enough(counts, 0))
    sums = sum_trends(scope.ranges, scope.kept, scope.measured.numbers(), starts)
    low = sums.low * 6
    weighted = rounding.doubles(sums.high * 6 + (low >> 32), low & 0xFFFFFFFF)
    return scope.column(weighted / divisor, scope.enough(sums.counts, 0))


def recurring(scope: Scope) -> Result:
    """The greatest amount of which there is a fact with the same counterparty in every month. Of none: 0.

    Facts without a counterparty have the same: none. Amounts are compared with their signs.
    """
    parties = _parties(scope)
    values = scope.measured.ordered()
    found, is_found, counts = find_recurring(scope.ranges, scope.kept, values, parties, _starts(scope))
    amounts = doubles_of_order(found) if scope.measured.is_double else found
    return scope.column(np.where(is_found == 1, amounts, 0), scope.enough(counts, 0))


def _starts(scope: Scope) -> Integers:
    span = scope.definition.window.span
    if not isinstance(span, CompleteMonths):
        raise TypeError(f"{scope.definition.function} has a window of complete months")
    return month_starts(span.months, scope.standpoint.now_us, scope.standpoint.zone)


def _parties(scope: Scope) -> Slots:
    column = scope.gathered.items.batch.columns.get(COUNTERPARTY)
    if not isinstance(column, TextColumn):
        return np.zeros(0, np.int32)
    return same_codes(column.codes, column.dictionary)


def _weighted_doubles(scope: Scope, starts: Integers) -> tuple[Doubles, Integers]:
    """The months' sums, each in the order of time, by their weights, the first month first."""
    months = len(starts) - 1
    weighted, counts = np.zeros(len(scope.ranges)), np.zeros(len(scope.ranges), np.int64)
    bounds = find_bounds(scope.ranges, starts.tolist())
    for month in range(months):
        ranges = scope.ranges.between(bounds[int(starts[month])], bounds[int(starts[month + 1])])
        sums, found = sum_doubles(ranges, scope.kept, scope.measured.numbers())
        weighted += (2 * month - (months - 1)) * sums
        counts += found
    return weighted, counts
