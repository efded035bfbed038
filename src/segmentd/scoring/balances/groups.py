"""The groups of a report as messages, in the order of their keys, and what they are checked against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segmentd.api.v1 import balances_pb2 as pb
from segmentd.scoring.balances.dimensions import Value
from segmentd.scoring.balances.errors import AmountOverflowError
from segmentd.scoring.balances.figures import divide_half_even, fits, standard_deviation
from segmentd.scoring.balances.layout import Report
from segmentd.scoring.balances.question import BalanceQuestion, Dimension, Grouping, Measure

Numbers = npt.NDArray[np.int64]


class Groups:
    """The groups of a report that are not empty. Raises AmountOverflowError where a sum that is needed is too large."""

    def __init__(self, question: BalanceQuestion, report: Report, scale: int) -> None:
        self._question, self._report, self._scale = question, report, scale
        shown = self._shown()
        self._keys = [self._key(each) for each in question.by]
        ranks = [ranks[shown] for ranks, _ in self._keys]
        self.order: Numbers = shown[np.lexsort(ranks[::-1])] if ranks else shown
        self._check_sums()

    def frame(self, currency_code: str) -> pb.BalanceFrame:
        """What is needed to read the groups."""
        layout = self._report.layout
        return pb.BalanceFrame(
            currency_code=currency_code,
            scale=self._scale,
            group_count=len(self.order),
            histogram_bounds_minor=self._report.bounds,
            overlapping=len(layout.segments) > 1 or layout.accounts is not None,
            segments=[
                pb.BalanceSegment(segment=each.segment, account_count=each.accounts, undecided_count=each.undecided)
                for each in self._report.segments
            ],
        )

    def totals(self) -> pb.BalanceTotals:
        """What the groups are checked against."""
        sums, totals = self._report.sums, self._report.totals
        return pb.BalanceTotals(
            rows_in=totals.rows_in,
            rows_in_no_group=totals.rows_in_no_group,
            rows_unknown=totals.rows_unknown,
            rows_in_groups=int(sums.counts.sum() + sums.unknowns.sum()),
            whole_minor=totals.whole_minor,
            no_group_minor=totals.no_group_minor,
            groups_minor=self._total_of_groups(),
        )

    def encode(self, group: int) -> pb.BalanceGroup:
        """One group, by its number in the layout."""
        sums, measures = self._report.sums, self._question.measures
        count, total = int(sums.counts[group]), sums.total(group)
        message = pb.BalanceGroup(
            keys=[_key_of(values[ranks[group]]) for ranks, values in self._keys],
            count=count,
            unknown_count=int(sums.unknowns[group]),
        )
        if Measure.SUM in measures:
            message.sum_minor = total
        if count:
            self._add_amounts(group, count, total, message)
        if self._report.sizes is not None:
            message.histogram_counts.extend(self._report.sizes[group].tolist())
        if self._report.daily is not None:
            self._add_daily(group, message)
        return message

    def _add_amounts(self, group: int, count: int, total: int, message: pb.BalanceGroup) -> None:
        """What a group has that has balances."""
        sums, measures, orders = self._report.sums, self._question.measures, self._report.orders
        if Measure.AVERAGE in measures:
            message.average_minor = divide_half_even(total, count)
        if Measure.MIN in measures:
            message.min_minor = int(sums.least[group])
        if Measure.MAX in measures:
            message.max_minor = int(sums.greatest[group])
        if Measure.MEDIAN in measures and orders is not None:
            message.median_minor = int(orders.medians[group])
        if orders is not None:
            message.percentiles_minor.extend(orders.percentiles[group].tolist())
        if Measure.STANDARD_DEVIATION in measures:
            deviation = standard_deviation(count, total, sums.square_total(group), self._scale)
            if deviation is not None:
                message.standard_deviation = deviation

    def _add_daily(self, group: int, message: pb.BalanceGroup) -> None:
        daily, layout = self._report.daily, self._report.layout
        if daily is None:
            return
        message.daily_unknown_count = int(daily.unknowns[group])
        days = layout.valuations[group // (layout.shape[1] * layout.shape[2])].days
        average = divide_half_even(daily.total(group), days)
        if not fits(average):
            raise AmountOverflowError("an average daily balance")
        if daily.counts[group]:
            message.average_daily_minor = average

    def _shown(self) -> Numbers:
        """The numbers of the groups that have rows; all where there is one only, or they are those of segments."""
        sums, daily = self._report.sums, self._report.daily
        if all(each.dimension is Dimension.SEGMENT for each in self._question.by):
            return np.arange(len(sums.counts))
        filled = sums.counts + sums.unknowns
        if daily is not None:
            filled = filled + daily.counts + daily.unknowns
        return np.flatnonzero(filled)

    def _key(self, grouping: Grouping) -> tuple[Numbers, tuple[Value, ...]]:
        """For each group, the place of its value among the values of a grouping; and these."""
        layout = self._report.layout
        valuations, segments, classes = np.indices(layout.shape).reshape(3, -1)
        if grouping.dimension is Dimension.MONTH:
            return valuations, tuple(valuation.month for valuation in layout.valuations)
        if grouping.dimension is Dimension.SEGMENT:
            return segments, layout.segments
        thing = layout.things.index(grouping)
        return layout.classes.ranks[:, thing][classes], layout.classes.values[thing]

    def _check_sums(self) -> None:
        """Raise AmountOverflowError for the first group whose sum is asked for and does not fit."""
        if Measure.SUM not in self._question.measures:
            return
        for group in np.flatnonzero(self._report.sums.carries).tolist():
            if not fits(self._report.sums.total(group)):
                raise AmountOverflowError("a group")

    def _total_of_groups(self) -> int:
        sums = self._report.sums
        low = sums.sums.view(np.uint64)
        # In halves, which many sums of 64 bits cannot overflow.
        halves = int((low & np.uint64(0xFFFF_FFFF)).sum()), int((sums.sums >> 32).sum())
        total = halves[0] + (halves[1] << 32) + (int(sums.carries.sum()) << 64)
        if not fits(total):
            raise AmountOverflowError("all groups")
        return total


def _key_of(value: Value) -> pb.BalanceKey:
    match value:
        case None:
            return pb.BalanceKey()
        case bool():
            return pb.BalanceKey(truth=value)
        case int():
            return pb.BalanceKey(integer=value)
        case _:
            return pb.BalanceKey(text=value)
