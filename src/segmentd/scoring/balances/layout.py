"""Which groups an answer has, and what is found out about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import pack, unpack
from segmentd.engine.facts.groups import Balances, Codes, Planes, Sums
from segmentd.scoring.balances.dimensions import Classes
from segmentd.scoring.balances.figures import Orders
from segmentd.scoring.balances.moments import Valuation
from segmentd.scoring.balances.question import Grouping


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """All possible groups: for each valuation each segment, or all of them together, and of these each class of rows.

    `accounts` int64[rows]: the account of each row of `classes`; None: every account is one row. `segments`
    are those of which groups are made; none: groups are of all at once. `things` are what the classes are by, in order.
    """

    valuations: tuple[Valuation, ...]
    segments: tuple[str, ...]
    classes: Classes
    accounts: npt.NDArray[np.int64] | None
    things: Sequence[Grouping]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of valuations, of segments or 1, and of classes; a group's number counts the last the fastest."""
        return len(self.valuations), max(len(self.segments), 1), self.classes.number

    @property
    def codes(self) -> Codes:
        """The class of each row."""
        return self.classes.codes.astype(np.int32)

    def spread_balances(self, balances: Balances) -> Balances:
        """Balances by row, of those by account."""
        if self.accounts is None:
            return balances
        known, unknown = (
            pack(unpack(each, balances.rows)[self.accounts]) for each in (balances.known, balances.unknown)
        )
        return Balances(balances.values[self.accounts], known, unknown)

    def spread_planes(self, planes: Planes, accounts: int) -> Planes:
        """Planes by row, of those by account."""
        if self.accounts is None:
            return planes
        return np.array([pack(unpack(plane, accounts)[self.accounts]) for plane in planes], np.uint64)


@dataclass(slots=True)
class Totals:
    """What groups are checked against. A row is an account that is there, once for each valuation."""

    rows_in: int = 0
    rows_in_no_group: int = 0
    rows_unknown: int = 0
    whole_minor: int = 0
    no_group_minor: int = 0


@dataclass(frozen=True, slots=True)
class SegmentAccounts:
    """How many accounts are a segment's at the moment of the question, and for how many that is unknown."""

    segment: str
    accounts: int
    undecided: int


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was found out of each possible group, by number; groups without rows among them.

    `sizes` int64[groups, bounds + 1]: the histograms, None where none was asked for. `daily` are the sums over accounts
    and days, None where they were not asked for.
    """

    layout: Layout
    sums: Sums
    orders: Orders | None
    bounds: tuple[int, ...]
    sizes: npt.NDArray[np.int64] | None
    daily: Sums | None
    totals: Totals
    segments: tuple[SegmentAccounts, ...]
