"""What accounts held at a moment, from their transactions and snapshots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.members.extraction import address
from segmentd.kernels.facts import groups_moments

Integers = npt.NDArray[np.int64]
States = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.int32]

UNSEEN = groups_moments.UNSEEN
KNOWN = groups_moments.KNOWN
LOST = groups_moments.LOST
OVERFLOWN = groups_moments.OVERFLOWN


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What was seen of accounts: those of the account at place i are `offsets[i]` to before `offsets[i + 1]`.

    `times` int64 ascend within an account. `balances` int64; all arrays are contiguous. `given`: where there is one,
    None: everywhere. `rated`: where a balance that is not there was not given, rather than lost for want of a rate;
    None: everywhere.
    """

    offsets: Integers
    times: Integers
    balances: Integers
    given: Plane | None = None
    rated: Plane | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What rows held at a moment: `values` int64[rows], which mean nothing unless `states` uint8[rows] are KNOWN."""

    values: Integers
    states: States

    @classmethod
    def nothing(cls, rows: int) -> Held:
        """Rows of which nothing was seen."""
        return cls(np.zeros(rows, np.int64), np.full(rows, UNSEEN, np.uint8))


def find_balances(moment_us: int, transactions: Observed, snapshots: Observed, targets: Targets, held: Held) -> None:
    """Write into `held` what was held at the moment by the account at each place, whose row is `targets[place]` or -1.

    The balance after the last transaction up to the moment that gives one, or the last snapshot's, if not earlier.
    """
    places = np.ascontiguousarray(targets)
    groups_moments.balances_at(moment_us, *_sources(transactions, snapshots, places), held.values, held.states)


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Days by their last moments, int64 ascending; of each row the days from `first` to before `last` count."""

    ends: Integers
    first: Integers
    last: Integers


def add_up_days(days: Days, transactions: Observed, snapshots: Observed, targets: Targets, held: Held) -> None:
    """Write into `held` the sum over days of what accounts held at their ends; the others as of `find_balances`.

    OVERFLOWN where it does not fit; LOST where what was held is not known on one of the days.
    """
    places = np.ascontiguousarray(targets)
    sources = _sources(transactions, snapshots, places)
    groups_moments.daily_sums(days.ends, *sources, days.first, days.last, held.values, held.states)


def _sources(transactions: Observed, snapshots: Observed, targets: Targets) -> tuple[int, ...]:
    """What the kernels take of facts and targets. The caller keeps the arrays, whose offsets are contiguous."""
    return (
        address(transactions.offsets),
        address(transactions.times),
        address(transactions.balances),
        _bits(transactions.given),
        _bits(transactions.rated),
        address(snapshots.offsets),
        address(snapshots.times),
        address(snapshots.balances),
        _bits(snapshots.given),
        len(targets),
        address(targets),
    )


def _bits(plane: Plane | None) -> int:
    return 0 if plane is None else address(plane)
