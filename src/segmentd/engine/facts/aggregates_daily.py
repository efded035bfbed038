"""Averages of owners' balances at the ends of days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.facts.aggregates_days import Days, day_cells
from segmentd.engine.facts.aggregates_ranges import ALL_ROWS, Integers, Pairs, Slots, Tasks, read_only
from segmentd.kernels.facts import aggregates_daily as kernels

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Balances:
    """Balances by row of facts, which rows count, and which make an owner unknown where they matter."""

    kept: Plane
    poison: Plane
    values: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Dates:
    """Starts of days by row of accounts, and a plane of those that have one: empty where all do."""

    starts: Integers
    present: Plane


NO_OFFSETS: Final = np.zeros(0, np.int64)
"""Instead of offsets: each owner has one pair."""

NO_DATES: Final = Dates(np.zeros(0, np.int64), ALL_ROWS)
"""No account has one."""


@dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """When accounts were opened and closed: `accounts[pairs]` are slots, `row_of[slots]` their rows, -1 without one."""

    accounts: Slots
    row_of: Slots
    opened: Dates
    closed: Dates


@dataclass(frozen=True, slots=True, eq=False)
class DailyWindow:
    """A window and its days; an owner with fewer known days than `least`, 1 or more, is unknown."""

    days: Days
    from_us: int
    to_us: int
    least: int


def earliest(tasks: Tasks, times: Integers) -> int | None:
    """The least of the times, None where there is none."""
    if not len(times):
        return None
    return int(min(tasks.run([part.min for part in np.array_split(times, min(tasks.threads, len(times)))])))


def average_daily_balances(
    pairs: Pairs, balances: Balances, lifetimes: Lifetimes, window: DailyWindow
) -> tuple[Integers, Truths]:
    """The owners' means over the known days, 0 where unknown, and where they are known."""
    inputs = (*_facts(pairs, balances), *_accounts(lifetimes), *_window(window), read_only(pairs.unknown, np.uint8))
    averages, known = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.bool_)
    kernel: Callable[..., None] = kernels.average_daily_balances

    def task(first: int, last: int) -> None:
        froms, tos, hidden = np.empty((3, pairs.most_pairs_of(first, last)), np.int64)
        kernel(*inputs, first, last, froms, tos, hidden, averages, known)

    pairs.spread(task)
    return averages, known


def _facts(pairs: Pairs, balances: Balances) -> tuple[Any, ...]:
    given = pairs.owners.given
    return (
        read_only(NO_OFFSETS if given is None else given, np.int64),
        pairs.places,
        pairs.facts.offsets,
        pairs.facts.times,
        read_only(balances.values, np.int64),
        read_only(balances.kept, np.uint64),
        read_only(balances.poison, np.uint64),
    )


def _accounts(lifetimes: Lifetimes) -> tuple[Any, ...]:
    return (
        read_only(lifetimes.accounts, np.int32),
        read_only(lifetimes.row_of, np.int32),
        read_only(lifetimes.opened.starts, np.int64),
        read_only(lifetimes.opened.present, np.uint64),
        read_only(lifetimes.closed.starts, np.int64),
        read_only(lifetimes.closed.present, np.uint64),
    )


def _window(window: DailyWindow) -> tuple[Any, ...]:
    days = window.days
    cells = day_cells(days)
    moments = days.from_us, window.from_us, window.to_us
    return read_only(days.closings, np.int64), cells, *moments, days.demand, days.from_first, window.least
