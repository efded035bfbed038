"""Runs every kernel of aggregates once, on one fact, so that their machine code is there before it is needed."""

from __future__ import annotations

import numpy as np

from segmentd.engine.facts.aggregates_cells import Classes, Output, Spans, mask_codes, round_means, sum_cells
from segmentd.engine.facts.aggregates_daily import (
    NO_DATES,
    Balances,
    DailyWindow,
    Lifetimes,
    average_daily_balances,
)
from segmentd.engine.facts.aggregates_days import (
    Days,
    History,
    count_months_below,
    find_recurring,
    sum_trends,
)
from segmentd.engine.facts.aggregates_ranges import (
    ALL_ROWS,
    Facts,
    Held,
    Pairs,
    Ranges,
    Tasks,
    find_bounds,
    paired,
    select_accounts,
)
from segmentd.engine.facts.aggregates_values import (
    MEDIAN,
    find_extremes,
    rank_values,
    sum_doubles,
    sum_integers,
    sum_squares,
)


def aggregate_sample() -> None:
    """One customer with one account and one fact."""
    ones, slots, offsets = np.ones(1, np.int64), np.zeros(1, np.int32), np.arange(2, dtype=np.int64)
    held = Held(offsets, slots, np.zeros(1, np.int16))
    tasks = Tasks(lambda tasks: [task() for task in tasks], 1)
    owners = select_accounts(tasks, slots, held, np.ones(1, np.bool_), np.ones(1, np.uint8))
    pairs = paired(tasks, owners, slots, Facts(offsets, ones))
    bounds = find_bounds(pairs, (0, 2))
    ranges = pairs.between(bounds[0], bounds[2])
    ranges.demand(ones, 0)
    ranges.mark(np.ones(1, np.uint64))
    ranges.counts(ALL_ROWS)
    ranges.ends(ALL_ROWS)
    ranges.changes(0, 0)
    _of_values(ranges)
    _of_cells(ranges)
    _of_days(ranges)


def _of_values(ranges: Ranges) -> None:
    ones = np.ones(1, np.int64)
    sum_integers(ranges, ALL_ROWS, ones)
    sum_squares(ranges, ALL_ROWS, ones)
    sum_doubles(ranges, ALL_ROWS, np.ones(1))
    find_extremes(ranges, ALL_ROWS, ones)
    rank_values(ranges, ALL_ROWS, ones, MEDIAN)


def _of_cells(pairs: Pairs) -> None:
    ones = np.ones(1, np.int64)
    codes = mask_codes(pairs.tasks, [np.ones(1, np.uint64)], 1)
    classes, output = Classes(codes, np.arange(2, dtype=np.int32), 2), Output((1,), 1, 2, counted=True)
    found = sum_cells(pairs, ones, classes, Spans.cut((0, 2)), (output,), (output,))
    round_means(pairs, found.direct, found.further)


def _of_days(ranges: Ranges) -> None:
    ones, starts = np.ones(1, np.int64), np.array([0, 2], np.int64)
    history = History(ALL_ROWS, ALL_ROWS, ones, ones, ones)
    days = Days(starts[1:], np.zeros(1, np.int64), 0, demand=True)
    lifetimes = Lifetimes(ranges.places, ranges.places, NO_DATES, NO_DATES)
    average_daily_balances(ranges, Balances(ALL_ROWS, ALL_ROWS, ones), lifetimes, DailyWindow(days, 0, 2, 1))
    count_months_below(ranges, history, days, 0)
    sum_trends(ranges, ALL_ROWS, ones, starts)
    find_recurring(ranges, ALL_ROWS, ones, np.zeros(1, np.int32), starts)
