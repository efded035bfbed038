"""Functions of an order: of values MIN, MAX, MEDIAN, PERCENTILE, DISTINCT_COUNT; of time FIRST, LAST, DAYS_SINCE.

A NaN has no place in the order of values: MIN, MAX, MEDIAN and PERCENTILE are unknown with one in the window.
DISTINCT_COUNT takes all NaNs for one value, and the two zeros for one. Of facts at the same time that of the account
with the lower slot comes first, on one account the one that arrived earlier. The time of an account is the start of the
day of its opening; where that of one is not known, FIRST and LAST of several are unknown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segmentd.columns.build import missing_column
from segmentd.columns.column import Column, FixedColumn
from segmentd.columns.gather import gather
from segmentd.engine.facts.aggregates_ranges import LEAST, Integers
from segmentd.engine.facts.aggregates_values import DISTINCT, MEDIAN, find_extremes, rank_values
from segmentd.facts.aggregates import rounding
from segmentd.facts.aggregates.columns import with_validity
from segmentd.facts.aggregates.measures import doubles_of_order
from segmentd.facts.aggregates.scope import Scope, Truths
from segmentd.facts.aggregates.windows import local_day, local_days
from segmentd.ledger.aggregates import Source
from segmentd.schema import Kind

Result = tuple[Column, Truths]


def least(scope: Scope) -> Result:
    """The least value. Of none: unknown."""
    found = find_extremes(scope.ranges, scope.kept, scope.measured.ordered())
    return scope.column(_values(scope, found.lower), scope.enough(found.counts, 1))


def greatest(scope: Scope) -> Result:
    """The greatest value. Of none: unknown."""
    found = find_extremes(scope.ranges, scope.kept, scope.measured.ordered())
    return scope.column(_values(scope, found.upper), scope.enough(found.counts, 1))


def median(scope: Scope) -> Result:
    """The middle value; of an even number the mean of the two in the middle, of money rounded half to even."""
    found = rank_values(scope.ranges, scope.kept, scope.measured.ordered(), MEDIAN)
    known = scope.enough(found.counts, 1)
    if scope.measured.is_double:
        lower, upper = doubles_of_order(found.lower), doubles_of_order(found.upper)
        with np.errstate(invalid="ignore"):
            return scope.column(np.where(lower == upper, lower, lower / 2 + upper / 2), known)
    sums = rounding.middles(found.lower, found.upper)
    if scope.type.kind is Kind.DECIMAL:
        return scope.column(rounding.means(*sums, np.full(len(known), 2, np.int64))[0], known)
    return scope.column(rounding.doubles(*sums) / 2, known)


def percentile(scope: Scope) -> Result:
    """The least value that is not below so many percent of the values (nearest rank). Of none: unknown."""
    found = rank_values(scope.ranges, scope.kept, scope.measured.ordered(), scope.definition.percentile_hundredths)
    return scope.column(_values(scope, found.lower), scope.enough(found.counts, 1))


def distinct_count(scope: Scope) -> Result:
    """The number of distinct values. Of none: 0."""
    found = rank_values(scope.ranges, scope.kept, scope.measured.distinct(), DISTINCT)
    return scope.column(found.lower, scope.enough(found.counts, 0))


def first(scope: Scope) -> Result:
    """The value of the first fact by time that has one. Of none: unknown."""
    return _taken(scope, scope.ranges.ends(scope.kept)[0])


def last(scope: Scope) -> Result:
    """The value of the last fact by time that has one. Of none: unknown."""
    return _taken(scope, scope.ranges.ends(scope.kept)[1])


def days_since(scope: Scope) -> Result:
    """Days of the ledger's zone from that of the last fact to that of the moment. Of none: unknown."""
    rows = scope.ranges.ends(scope.kept)[1]
    known = (rows >= 0) & _enough_rows(scope)
    found = np.flatnonzero(rows >= 0)
    days = np.zeros(len(rows), np.int64)
    standpoint = scope.standpoint
    today = local_day(standpoint.now_us, standpoint.zone)
    days[found] = today - local_days(scope.gathered.items.times[rows[found]], standpoint.zone)
    return scope.column(days, known)


def _taken(scope: Scope, rows: Integers) -> Result:
    name, batch = scope.definition.measure, scope.gathered.items.batch
    known = (rows >= 0) & _enough_rows(scope) & _in_known_order(scope)
    if name not in batch.columns:
        return missing_column(scope.type, len(rows)), known
    column = gather(batch, rows, (name,)).columns[name]
    if isinstance(column, FixedColumn):
        return scope.column(column.values, known)
    return with_validity(column, len(rows)), known


def _in_known_order(scope: Scope) -> Truths:
    """Whether there is a time of every fact, or but one fact."""
    if scope.definition.source is not Source.ACCOUNTS:
        return np.ones(len(scope.ranges), np.bool_)
    times, rows = scope.gathered.items.times, scope.ranges.ends(scope.kept)[0]
    untimed = np.zeros(len(rows), np.bool_)
    untimed[rows >= 0] = times[rows[rows >= 0]] == LEAST
    return ~untimed | (scope.ranges.counts(scope.kept) <= 1)


def _enough_rows(scope: Scope) -> Truths:
    """Whether there are as many facts as the definition asks for; the function itself needs one."""
    if scope.definition.min_count <= 1:
        return np.ones(len(scope.ranges), np.bool_)
    return scope.enough(scope.ranges.counts(scope.kept), 1)


def _values(scope: Scope, ordered: Integers) -> npt.NDArray[np.generic]:
    return doubles_of_order(ordered) if scope.measured.is_double else ordered
