"""One aggregate over gathered facts: its window, which rows count, what the function makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Column
from segmentd.engine.facts.aggregates_ranges import LEAST, Facts, Integers, Ranges, window_ranges
from segmentd.facts.aggregates import daily, monthly, ordered, summed
from segmentd.facts.aggregates.columns import known_only
from segmentd.facts.aggregates.filters import depends_on_now
from segmentd.facts.aggregates.gathering import OPENED, Gathered, Gathering
from segmentd.facts.aggregates.scope import Scope
from segmentd.facts.aggregates.windows import Bounds, bounds_of, entering_us, next_turn, sliding_us
from segmentd.ledger.aggregates import AllTime, Function, Source
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
    Function.AVERAGE_DAILY_BALANCE: daily.average_daily_balance,
    Function.MONTHS_BELOW: daily.months_below,
    Function.TREND: monthly.trend,
    Function.RECURRING: monthly.recurring,
}
"""What gives a column's values and for which owners they are known, but for those whose facts are unknown."""

_BY_DAY: Final = frozenset({Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW, Function.DAYS_SINCE})
"""Functions that the days of the window, or that of the moment, matter to."""


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """An aggregate's values by owner, and `moments`: from when each may be another without a change of the facts."""

    column: Column
    moments: Integers | None


def compute_one(gathering: Gathering, aggregate: CompiledAggregate, *, moments: bool) -> Computed:
    """The aggregate of all of the gathering's owners. `moments`: whether these are wanted."""
    gathered = gathering.gathered(aggregate)
    standpoint, window = gathering.standpoint, aggregate.definition.window
    bounds = bounds_of(window.span, standpoint.now_us, standpoint.zone)
    ranges = _ranges(gathering, gathered, aggregate, bounds)
    scope = Scope(aggregate, standpoint, bounds, gathered, ranges, gathering.accounts, gathering.verdict(aggregate))
    ranges.mark(scope.poison)
    column, known = _FUNCTIONS[aggregate.definition.function](scope)
    changes = ranges.changes(entering_us(window.span), sliding_us(window.span)) if moments else None
    return Computed(known_only(column, known & (ranges.unknown == 0)), changes)


def turn_of(aggregate: CompiledAggregate, now_us: int, zone: str) -> int:
    """The moment from which the values of all may be others without a change of the facts."""
    if depends_on_now(aggregate.filter) or depends_on_now(aggregate.account_filter):
        return now_us + 1
    definition = aggregate.definition
    by_day = definition.function in _BY_DAY or definition.window.demand_coverage
    return next_turn(definition.window.span, now_us, zone, by_day=by_day)


def _ranges(gathering: Gathering, gathered: Gathered, aggregate: CompiledAggregate, bounds: Bounds) -> Ranges:
    definition, owners = aggregate.definition, gathered.owners
    opened = np.zeros(0, np.int64)
    if definition.window.demand_coverage and not isinstance(definition.window.span, AllTime):
        if definition.source is Source.ENGAGEMENTS:
            opened = np.full(len(owners.accounts), LEAST, np.int64)
        elif definition.source is not Source.ACCOUNTS:
            opened = gathering.accounts.days(owners.accounts, OPENED)
    items = gathered.items
    span = bounds.from_us, bounds.to_us
    return window_ranges(gathering.tasks, owners, gathered.places, Facts(items.offsets, items.times), span, opened)
