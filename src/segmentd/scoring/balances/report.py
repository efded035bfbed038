"""The balances of all groups, by valuation and by segment, with what they are checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from segmentd.columns.planes import Plane, ones, popcount, unpack
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.facts.groups import Balances, Planes, Run, Sums, summarise_codes, summarise_planes
from segmentd.engine.facts.groups_members import count_by_size
from segmentd.scoring.balances.errors import AmountOverflowError, TooManyGroupsError
from segmentd.scoring.balances.figures import Rows, equal_bounds, fill_orders, fits, no_orders
from segmentd.scoring.balances.layout import Layout, Report, SegmentAccounts, Totals
from segmentd.scoring.balances.members import Memberships, union_of
from segmentd.scoring.balances.moments import Valuation
from segmentd.scoring.balances.question import MAX_CELLS, MAX_GROUPS, BalanceQuestion, Measure
from segmentd.scoring.service import Cancelled


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A report to compute: over the accounts of `memberships`, or over all of them without.

    `balances_at` gives what all accounts held at a valuation; `daily_at` sums over the days that belong to it, or None
    where no average daily balance is asked for. `there_now` are the accounts that are there at the question's moment.
    """

    question: BalanceQuestion
    layout: Layout
    memberships: Memberships | None
    accounts: int
    there_now: Plane
    balances_at: Callable[[Valuation], Balances]
    daily_at: Callable[[Valuation], Balances] | None = None


def compute(task: Task, run: Run, cancelled: Cancelled) -> Report:
    """The report. `run` runs work on threads.

    Raises TooManyGroupsError, AmountOverflowError, EvaluationCancelledError, and as evaluation does.
    """

    def run_or_stop(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        if cancelled():
            raise EvaluationCancelledError
        return run(tasks)

    return _Computation(task, run_or_stop, cancelled).report()


@dataclass(slots=True, eq=False)
class _Computation:
    task: Task
    run: Run
    cancelled: Cancelled
    _together: Plane | None = field(default=None)

    def report(self) -> Report:
        question, layout = self.task.question, self.task.layout
        number = self._checked(int(np.prod(layout.shape)), MAX_GROUPS)
        bounds = self._bounds()
        is_sized = bool(question.bounds or question.bins)
        if is_sized:
            self._checked(number * (len(bounds) + 1), MAX_CELLS)
        is_ordered = Measure.MEDIAN in question.measures or bool(question.percentiles)
        report = Report(
            layout,
            Sums.nothing(number, squares=Measure.STANDARD_DEVIATION in question.measures),
            no_orders(number, question.percentiles) if is_ordered else None,
            bounds,
            np.zeros((number, len(bounds) + 1), np.int64) if is_sized else None,
            None if self.task.daily_at is None else Sums.nothing(number),
            Totals(),
            self._segments(),
        )
        for index, valuation in enumerate(layout.valuations):
            self._fill_valuation(index, valuation, report)
        return report

    def _fill_valuation(self, index: int, valuation: Valuation, report: Report) -> None:
        _, segments, classes = report.layout.shape
        balances = self.task.balances_at(valuation)
        self._add_totals(balances, report.totals)
        rows = report.layout.spread_balances(balances)
        daily = None if self.task.daily_at is None else report.layout.spread_balances(self.task.daily_at(valuation))
        for place, given in self._planes():
            planes = report.layout.spread_planes(given, self.task.accounts)
            first = (index * segments + place) * classes
            sums = self._sums(planes, rows, report.layout, squares=len(report.sums.squares) > 0)
            report.sums.put(first, sums)
            if daily is not None and report.daily is not None:
                report.daily.put(first, self._sums(planes, daily, report.layout, squares=False))
            self._fill_rows(first, planes, rows, report)

    def _sums(self, planes: Planes, rows: Balances, layout: Layout, *, squares: bool) -> Sums:
        number = layout.classes.number
        if number == 1 and not squares:
            return summarise_planes(planes, rows, self.run)
        return summarise_codes(planes, layout.codes, number, rows, self.run, squares=squares)

    def _fill_rows(self, first: int, planes: Planes, rows: Balances, report: Report) -> None:
        """What needs the balances of each group side by side."""
        if report.orders is None and report.sizes is None:
            return
        number, codes = report.layout.classes.number, report.layout.codes
        tasks = []
        for place, plane in enumerate(planes):
            at = first + place * number
            given = Rows(plane, codes, report.sums.counts[at : at + number], rows)
            tasks.append(partial(self._fill_plane, given, at, report))
        self.run(tasks)

    def _fill_plane(self, rows: Rows, first: int, report: Report) -> None:
        """The same of one plane: groups of their own, so that threads may do several."""
        if report.orders is not None:
            fill_orders(rows, first, report.orders, self.cancelled)
        if report.sizes is not None:
            number, bounds = len(rows.counts), np.array(report.bounds, np.int64)
            found = count_by_size(rows.plane, rows.codes, number, rows.balances, bounds)
            report.sizes[first : first + number] = found

    def _planes(self) -> Iterator[tuple[int, Planes]]:
        """Planes of accounts, of which groups are made each, and the place of the first in the layout's segments."""
        if not self.task.layout.segments or self.task.memberships is None:
            yield 0, self._all_together().reshape(1, -1)
            return
        for chunk in self.task.memberships.chunks():
            yield chunk.first, chunk.members

    def _all_together(self) -> Plane:
        """The accounts that groups are made of."""
        if self._together is None:
            accounts, memberships = self.task.accounts, self.task.memberships
            self._together = ones(accounts) if memberships is None else union_of(memberships.chunks(), accounts)
        return self._together

    def _add_totals(self, balances: Balances, totals: Totals) -> None:
        """Add what is there at a valuation, computed from all accounts and not from groups."""
        outside = balances.there & ~self._all_together()
        sums = summarise_planes(np.array([balances.there, outside], np.uint64), balances, self.run)
        totals.rows_in += popcount(balances.there)
        totals.rows_in_no_group += popcount(outside)
        totals.rows_unknown += popcount(balances.unknown)
        totals.whole_minor += sums.total(0)
        totals.no_group_minor += sums.total(1)
        if not fits(totals.whole_minor) or not fits(totals.no_group_minor):
            raise AmountOverflowError("all accounts")

    def _segments(self) -> tuple[SegmentAccounts, ...]:
        if self.task.memberships is None:
            return ()
        names, there = self.task.memberships.segments, self.task.there_now
        return tuple(
            SegmentAccounts(names[chunk.first + place], popcount(members & there), popcount(undecided & there))
            for chunk in self.task.memberships.chunks()
            for place, (members, undecided) in enumerate(zip(chunk.members, chunk.undecided, strict=True))
        )

    def _bounds(self) -> tuple[int, ...]:
        """The bounds of histograms: as asked for, or of equal bins over all that is in a group."""
        question = self.task.question
        if not question.bins:
            return question.bounds
        found = [values for valuation in self.task.layout.valuations if len(values := self._known_values(valuation))]
        if not found:
            return ()
        least, greatest = min(int(each.min()) for each in found), max(int(each.max()) for each in found)
        return equal_bounds(least, greatest, question.bins)

    def _known_values(self, valuation: Valuation) -> Any:
        """The two extreme balances of the groups' accounts at a valuation, or none."""
        balances = self.task.balances_at(valuation)
        values = balances.values[unpack(balances.known & self._all_together(), balances.rows)]
        return values if len(values) < 2 else np.array([values.min(), values.max()])

    def _checked(self, number: int, limit: int) -> int:
        if number > limit:
            raise TooManyGroupsError(", ".join(map(str, self.task.question.by)), number, limit)
        return number
