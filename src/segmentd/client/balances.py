"""Balances of accounts, summed up: pages of groups, then what they are checked against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from segmentd.api.v1 import balances_pb2
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.client.call import Scope, Stream
from segmentd.client.moments import to_timestamp
from segmentd.client.scores import Basis, read_basis

Key = str | int | bool | None
"""A value by which a group was made; None: accounts without one."""

DIMENSIONS: Final[Mapping[str, balances_pb2.BalanceDimension.ValueType]] = {
    "segment": balances_pb2.BALANCE_DIMENSION_SEGMENT,
    "kind": balances_pb2.BALANCE_DIMENSION_ACCOUNT_KIND,
    "currency": balances_pb2.BALANCE_DIMENSION_CURRENCY,
    "institution": balances_pb2.BALANCE_DIMENSION_INSTITUTION,
    "month": balances_pb2.BALANCE_DIMENSION_MONTH,
}
"""By what groups are made, beside attributes such as `account.tier` and `customer.region`."""

MEASURES: Final[Mapping[str, balances_pb2.BalanceMeasure.ValueType]] = {
    name.removeprefix("BALANCE_MEASURE_").lower(): number
    for name, number in balances_pb2.BalanceMeasure.items()
    if number != balances_pb2.BALANCE_MEASURE_UNSPECIFIED
}
"""What is computed: `count`, `sum`, `average`, `min`, `max`, `median`, `standard_deviation`,
`average_daily_balance`."""


@dataclass(frozen=True, slots=True)
class BalanceGroup:
    """The balances of a group, in minor units of the ledger's currency, the deviation in major ones.

    `keys` are in the order of the groupings. `unknown` accounts are there, and their balance is not known; they count
    in nothing else. None: not asked for, or of too few.
    """

    keys: tuple[Key, ...]
    count: int
    unknown: int
    sum: int | None
    average: int | None
    min: int | None
    max: int | None
    median: int | None
    standard_deviation: float | None
    percentiles: tuple[int, ...]
    average_daily_balance: int | None
    daily_unknown: int
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BalanceFrame:
    """How to read the groups. `bounds`: of the histograms, in minor units. `overlapping`: accounts may be in several.

    `segments`: how many accounts each segment has, and for how many that is unknown.
    """

    currency_code: str
    scale: int
    group_count: int
    bounds: tuple[int, ...]
    overlapping: bool
    segments: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class BalanceTotals:
    """What groups are checked against. A row is an account, by month one for each month at whose end it was there."""

    rows_in: int
    rows_in_no_group: int
    rows_unknown: int
    rows_in_groups: int
    whole: int
    no_group: int
    groups: int


@dataclass(frozen=True, slots=True)
class BalancePage:
    """One message. `basis` and `frame` come with the first, `totals` with the last."""

    basis: Basis | None
    frame: BalanceFrame | None
    groups: tuple[BalanceGroup, ...]
    totals: BalanceTotals | None


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """A whole answer, the groups in the order of their keys."""

    basis: Basis
    frame: BalanceFrame
    groups: tuple[BalanceGroup, ...]
    totals: BalanceTotals

    def group(self, *keys: Key) -> BalanceGroup:
        """The group of these keys. Raises KeyError."""
        for found in self.groups:
            if found.keys == keys:
                return found
        raise KeyError(f"no group {keys!r}")

    def amount(self, minor: int) -> Decimal:
        """Minor units in major ones, exactly."""
        return Decimal(minor).scaleb(-self.frame.scale)


def balance_pages(  # noqa: PLR0913 - an option each field of the request
    scope: Scope,
    *,
    by: Sequence[str] = (),
    measures: Sequence[str] = (),
    segments: Sequence[str] = (),
    percentiles: Sequence[float] = (),
    bounds: Sequence[int] = (),
    bins: int = 0,
    as_of: datetime | None = None,
    months: int = 0,
    days: int = 0,
    roles: Sequence[str] = (),
    data_version: int = 0,
) -> Stream[BalancePage]:
    """Sum up the balances of accounts, page by page as they arrive.

    `by`: names of DIMENSIONS, and attributes such as `account.tier`; `measures`: names of MEASURES, none: count and
    sum. No `segments`: all accounts, with `by` segment all active ones. `percentiles` in percent, with up to two digits
    after the point; `bounds` of a histogram in minor units, or a number of `bins`. `months`: with `by` month, how many
    complete ones; `days`: of an average daily balance. `roles` of owners who count; `data_version`, if not 0, the one
    that must be current. Raises ValueError for unknown names.
    """
    request = pb.AggregateBalancesRequest(
        parent=scope.parent,
        by=[_grouping(name) for name in by],
        measures=[_measure(name) for name in measures],
        segments=segments,
        percentile_hundredths=[_hundredths(each) for each in percentiles],
        histogram=balances_pb2.BalanceHistogram(bounds_minor=bounds, bins=bins) if len(bounds) or bins else None,
        as_of=to_timestamp(as_of),
        complete_months=months,
        daily_days=days,
        roles=roles,
        data_version=data_version,
    )
    return Stream("ScoringService/AggregateBalances", request, pb.AggregateBalancesResponse, read_page)


COLLECTED_DOC = """Sum up the balances of accounts and return all groups as one BalanceReport.

Takes what `balance_pages` takes.
"""


def collect(pages: Sequence[BalancePage]) -> BalanceReport:
    """All pages of an answer as one report. Raises ValueError if they are not all there."""
    if not pages or pages[0].basis is None or pages[0].frame is None or pages[-1].totals is None:
        raise ValueError("an answer begins with its basis and ends with its totals; does the server end streams early?")
    groups = tuple(group for page in pages for group in page.groups)
    return BalanceReport(pages[0].basis, pages[0].frame, groups, pages[-1].totals)


def read_page(response: pb.AggregateBalancesResponse) -> BalancePage:
    """One message of an answer."""
    return BalancePage(
        basis=read_basis(response.basis) if response.HasField("basis") else None,
        frame=_read_frame(response.frame) if response.HasField("frame") else None,
        groups=tuple(map(_read_group, response.groups)),
        totals=_read_totals(response.totals) if response.HasField("totals") else None,
    )


def _grouping(name: str) -> balances_pb2.BalanceGrouping:
    if "." in name:
        return balances_pb2.BalanceGrouping(dimension=balances_pb2.BALANCE_DIMENSION_ATTRIBUTE, attribute=name)
    if name not in DIMENSIONS:
        raise ValueError(f"groups are by {', '.join(DIMENSIONS)}, or an attribute such as account.tier, not {name!r}")
    return balances_pb2.BalanceGrouping(dimension=DIMENSIONS[name])


def _measure(name: str) -> balances_pb2.BalanceMeasure.ValueType:
    if name not in MEASURES:
        raise ValueError(f"measures are {', '.join(MEASURES)}, not {name!r}")
    return MEASURES[name]


def _hundredths(percent: float) -> int:
    hundredths = round(percent * 100) if 0 <= percent <= 100 else -1
    if hundredths < 0 or abs(hundredths - percent * 100) > 1e-6:
        raise ValueError(f"a percentile is 0 to 100, with up to two digits after the point, not {percent!r}")
    return hundredths


def _read_frame(frame: balances_pb2.BalanceFrame) -> BalanceFrame:
    segments = {each.segment: (each.account_count, each.undecided_count) for each in frame.segments}
    bounds = tuple(frame.histogram_bounds_minor)
    return BalanceFrame(frame.currency_code, frame.scale, frame.group_count, bounds, frame.overlapping, segments)


def _read_totals(totals: balances_pb2.BalanceTotals) -> BalanceTotals:
    return BalanceTotals(
        rows_in=totals.rows_in,
        rows_in_no_group=totals.rows_in_no_group,
        rows_unknown=totals.rows_unknown,
        rows_in_groups=totals.rows_in_groups,
        whole=totals.whole_minor,
        no_group=totals.no_group_minor,
        groups=totals.groups_minor,
    )


def _read_group(group: balances_pb2.BalanceGroup) -> BalanceGroup:
    def given(field: str) -> Any:
        return getattr(group, field) if group.HasField(field) else None  # type: ignore[arg-type]

    return BalanceGroup(
        keys=tuple(map(_read_key, group.keys)),
        count=group.count,
        unknown=group.unknown_count,
        sum=given("sum_minor"),
        average=given("average_minor"),
        min=given("min_minor"),
        max=given("max_minor"),
        median=given("median_minor"),
        standard_deviation=given("standard_deviation"),
        percentiles=tuple(group.percentiles_minor),
        average_daily_balance=given("average_daily_minor"),
        daily_unknown=group.daily_unknown_count,
        histogram=tuple(group.histogram_counts),
    )


def _read_key(key: balances_pb2.BalanceKey) -> Key:
    which = key.WhichOneof("value")
    if which is None:
        return None
    value: Key = getattr(key, which)
    return value
