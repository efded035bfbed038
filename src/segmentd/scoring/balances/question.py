"""What is asked about balances, without its form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from segmentd.schema import Subject

MAX_GROUPINGS: Final = 8
MAX_PERCENTILES: Final = 100
MAX_BOUNDS: Final = 1_024
MAX_MONTHS: Final = 120
MAX_DAYS: Final = 3_660
MAX_ROLES: Final = 64
MAX_GROUPS: Final = 1 << 20
MAX_CELLS: Final = 1 << 24
"""Counts of all histograms of an answer: 128 MiB."""


@unique
class Dimension(StrEnum):
    """By what accounts are put into groups; `BalanceDimension` says what each means."""

    SEGMENT = "segment"
    ACCOUNT_KIND = "kind"
    CURRENCY = "currency"
    INSTITUTION = "institution"
    ATTRIBUTE = "attribute"
    MONTH = "month"


FIELDS: Final = {
    Dimension.ACCOUNT_KIND: "kind",
    Dimension.CURRENCY: "currency",
    Dimension.INSTITUTION: "institution",
}
"""The fields of accounts that dimensions stand for."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """A dimension; of an attribute, which one of whom."""

    dimension: Dimension
    subject: Subject = Subject.ACCOUNT
    attribute: str = ""

    def is_of(self, subject: Subject) -> bool:
        """Whether the dimension is a field or an attribute of a subject."""
        return self.dimension not in (Dimension.SEGMENT, Dimension.MONTH) and self.subject is subject

    def __str__(self) -> str:
        if self.dimension is Dimension.ATTRIBUTE:
            return f"{self.subject}.{self.attribute}"
        return self.dimension.value


@unique
class Measure(StrEnum):
    """What is computed of a group; `BalanceMeasure` says how."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    STANDARD_DEVIATION = "standard_deviation"
    AVERAGE_DAILY_BALANCE = "average_daily_balance"


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """A question as `AggregateBalancesRequest` describes it, checked as far as it can be without the ledger.

    `as_of_us` None: the moment of asking. `bounds` of a histogram, or a number of `bins`; neither: none is asked for.
    """

    ledger: str
    segments: tuple[str, ...] = ()
    by: tuple[Grouping, ...] = ()
    measures: frozenset[Measure] = frozenset({Measure.COUNT, Measure.SUM})
    percentiles: tuple[int, ...] = ()
    bounds: tuple[int, ...] = ()
    bins: int = 0
    as_of_us: int | None = None
    months: int = 0
    days: int = 0
    roles: tuple[str, ...] = ()
    data_version: int = 0

    def has(self, dimension: Dimension) -> bool:
        """Whether groups are by a dimension."""
        return any(each.dimension is dimension for each in self.by)

    @property
    def is_over_segments(self) -> bool:
        """Whether only the accounts of segments are summed up."""
        return bool(self.segments) or self.has(Dimension.SEGMENT)
