"""One aggregate over gathered facts: its window, which rows count, what the function makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Column
from segmentd.engine.facts.aggregates_ranges import LEAST, Integers, Ranges
from segmentd.facts.aggregates import daily, monthly, ordered, summed
from segmentd.facts.aggregates.columns import known_only
from segmentd.facts.aggregates.filters import depends_on_now
from segmentd.facts.aggregates.gathering import WITHOUT_BOUNDS, Gathered, Gathering
from segmentd.facts.aggregates.owners import OPENED
from segmentd.facts.aggregates.scope import BALANCES, Scope, Whole
from segmentd.facts.aggregates.windows import next_turn
from segmentd.ledger.aggregates import Function, Source
from segmentd.ledger.compiled_aggregates import CompiledAggregate

Result = tuple[Column, npt.NDArray[np.bool_]]

_FUNCTIONS: Final[Mapping[Function, Callable[[Scope], Result]]] = {
    Function.COUNT: summed.count,
    Function.SUM: summed.total,
    Function.AVERAGE: summed.average,
    Function.STANDARD_DEVIATION: summed.standard_deviation,
    Function.MIN: ordered.least,
    Function.MAX: ordered.greatest,
    Function.MEDIAN: ordered.median,
    Function.PERCENTILE: ordered.percentile,
    Function.DISTINCT_COUNT: ordered.distinct_count,
    Function.FIRST: ordered.first,
    Function.LAST: ordered.last,
    Function.DAYS_SINCE: ordered.days_since,
    Function.MONTHS_BELOW: daily.months_below,
    Function.TREND: monthly.trend,
    Function.RECURRING: monthly.recurring,
}
"""What gives a column's values and for which owners they are known, but for those whose facts are unknown.

The average daily balance finds its facts itself.
"""

_BY_DAY: Final = frozenset({*BALANCES, Function.DAYS_SINCE})
"""Functions that the days of the window, or that of the moment, matter to."""


def compute_one(gathering: Gathering, aggregate: CompiledAggregate) -> Column:
    """The aggregate of all of the gathering's owners."""
    gathered, verdict = gathering.gathered(aggregate), gathering.verdict(aggregate)
    whole = aggregate, gathering.standpoint, gathered, gathering.accounts, verdict
    if aggregate.definition.function in WITHOUT_BOUNDS:
        return daily.average_daily_balance(Whole(*whole))
    ranges = ranges_of(gathering, aggregate)
    scope = Scope(*whole, ranges)
    ranges.mark(scope.poison)
    column, known = _FUNCTIONS[aggregate.definition.function](scope)
    return known_only(column, known & (ranges.unknown == 0))


def ranges_of(gathering: Gathering, aggregate: CompiledAggregate) -> Ranges:
    """The facts of each owner that are in the window; owners are unknown who are so whatever the facts say."""
    window, source, gathered = aggregate.definition.window, aggregate.definition.source, gathering.gathered(aggregate)
    bounds = gathering.bounds(aggregate)
    found = gathered.pairs.between(gathered.bounds[bounds.from_us], gathered.bounds[bounds.to_us])
    is_daily = aggregate.definition.function in BALANCES  # which look at every day themselves
    if window.demand_coverage and bounds.from_us != LEAST and source is not Source.ACCOUNTS and not is_daily:
        found.demand(_opened(gathering, aggregate, gathered), bounds.from_us)
    return found


def turn_of(aggregate: CompiledAggregate, now_us: int, zone: str) -> int:
    """The moment from which the values of all may be others without a change of the facts."""
    if depends_on_now(aggregate.filter) or depends_on_now(aggregate.account_filter):
        return now_us + 1
    definition = aggregate.definition
    by_day = definition.function in _BY_DAY or definition.window.demand_coverage
    return next_turn(definition.window.span, now_us, zone, by_day=by_day)


def _opened(gathering: Gathering, aggregate: CompiledAggregate, gathered: Gathered) -> Integers:
    """When the place of each pair was opened, for coverage; of customers nobody says so."""
    if aggregate.definition.source is Source.ENGAGEMENTS:
        return np.full(len(gathered.owners.accounts), LEAST, np.int64)
    return gathering.accounts.days(gathered.owners.accounts, OPENED)
