"""What accounts held at a moment, from their transactions and snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.facts.groups import Run, ranges
from segmentd.engine.members.extraction import address
from segmentd.kernels.facts import groups_moments

Integers = npt.NDArray[np.int64]
States = npt.NDArray[np.uint8]
Targets = npt.NDArray[np.int32]

UNSEEN = groups_moments.UNSEEN
KNOWN = groups_moments.KNOWN
LOST = groups_moments.LOST
OVERFLOWN = groups_moments.OVERFLOWN

Sources = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""Addresses of what was seen, how many accounts it is of, and the address of their rows."""

PART_PLACES: Final = 1 << 16
"""Accounts that a thread looks at before it takes the next: about a millisecond."""


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
class Facts:
    """The transactions and the snapshots of accounts, by the same places."""

    transactions: Observed
    snapshots: Observed

    @property
    def places(self) -> int:
        """How many accounts there are."""
        return min(len(self.transactions.offsets), len(self.snapshots.offsets)) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What rows held at a moment: `values` int64[rows], which mean nothing unless `states` uint8[rows] are KNOWN."""

    values: Integers
    states: States

    @classmethod
    def nothing(cls, rows: int) -> Held:
        """Rows of which nothing was seen."""
        return cls(np.zeros(rows, np.int64), np.full(rows, UNSEEN, np.uint8))


def find_balances(moment_us: int, facts: Facts, targets: Targets, held: Held, run: Run) -> None:
    """Write into `held` what was held at the moment by the account at each place, whose row is `targets[place]` or -1.

    The balance after the last transaction up to the moment that gives one, or the last snapshot's, if not earlier.
    """

    def find(places: tuple[int, int]) -> None:
        sources = _sources(facts, given, *places)
        groups_moments.balances_at(moment_us, *sources, held.values, held.states)

    given = np.ascontiguousarray(targets)
    run([partial(find, each) for each in ranges(len(given), PART_PLACES)])


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """Days by their last moments, int64 ascending; of each row the days from `first` to before `last` count."""

    ends: Integers
    first: Integers
    last: Integers


def add_up_days(days: Days, facts: Facts, targets: Targets, held: Held, run: Run) -> None:
    """Write into `held` the sum over days of what accounts held at their ends; the others as of `find_balances`.

    OVERFLOWN where it does not fit; LOST where what was held is not known on one of the days.
    """

    def add_up(places: tuple[int, int]) -> None:
        sources = _sources(facts, given, *places)
        groups_moments.daily_sums(days.ends, *sources, days.first, days.last, held.values, held.states)

    given = np.ascontiguousarray(targets)
    run([partial(add_up, each) for each in ranges(len(given), PART_PLACES)])


def _sources(facts: Facts, targets: Targets, first: int, stop: int) -> Sources:
    """What the kernels take of the facts of some places. The caller keeps the arrays."""
    transactions, snapshots = facts.transactions, facts.snapshots
    return (
        address(transactions.offsets) + 8 * first,
        address(transactions.times),
        address(transactions.balances),
        _bits(transactions.given),
        _bits(transactions.rated),
        address(snapshots.offsets) + 8 * first,
        address(snapshots.times),
        address(snapshots.balances),
        _bits(snapshots.given),
        stop - first,
        address(targets) + 4 * first,
    )


def _bits(plane: Plane | None) -> int:
    return 0 if plane is None else address(plane)
