"""Owners, the places where their facts lie, and the rows of these in a window; work on them shared among threads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.text.tabulation import Cancelled
from segmentd.kernels.facts import aggregates_ranges as kernels
from segmentd.kernels.facts import aggregates_rows as rows

Integers = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]
Flags = npt.NDArray[np.uint8]
Run = Callable[[Sequence[Callable[[], Any]]], list[Any]]
"""Runs tasks, on threads perhaps, and returns what they return, in order."""

LEAST: Final = kernels.LEAST
NEVER: Final = kernels.NEVER
NO_ACCOUNT: Final = kernels.NO_ACCOUNT
ACCOUNT: Final = kernels.ACCOUNT
UNKNOWN_ACCOUNT: Final = kernels.UNKNOWN_ACCOUNT

TASK_PAIRS: Final = 8_192
"""Fewer pairs are no work to be shared: some tenths of a millisecond."""
TASKS_A_THREAD: Final = 8

ALL_ROWS: Final[Plane] = np.zeros(0, np.uint64)
"""Instead of a plane of rows that count: all do. Instead of one of rows that make an owner unknown: none does."""


def read_only(array: npt.NDArray[Any], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """The array as kernels take all their inputs, so that each of them is compiled once; copied only to convert."""
    given = np.ascontiguousarray(array, dtype=dtype).view()
    given.flags.writeable = False
    return given


@dataclass(frozen=True, slots=True)
class Tasks:
    """How work is run, on how many threads, and whether anybody still waits for it."""

    run: Run
    threads: int
    cancelled: Cancelled | None = None

    def spread(self, offsets: Integers, task: Callable[[int, int], Any]) -> list[Any]:
        """Run a task over ranges of owners of about as many pairs. Raises EvaluationCancelledError."""
        owners, pairs = len(offsets) - 1, int(offsets[-1])
        parts, work = self._parts(max(pairs, owners)), pairs + owners  # an owner without a pair is work too
        cuts = (
            bisect_left(range(owners), work * part // parts, key=lambda owner: int(offsets[owner]) + owner)
            for part in range(1, parts)
        )
        return self._run_between(task, [0, *cuts, owners])

    def spread_evenly(self, owners: int, task: Callable[[int, int], Any]) -> list[Any]:
        """Run a task over ranges of owners of one pair each. Raises EvaluationCancelledError."""
        parts = self._parts(owners)
        return self._run_between(task, [owners * part // parts for part in range(parts + 1)])

    def _parts(self, work: int) -> int:
        return max(min(self.threads * TASKS_A_THREAD, -(-work // TASK_PAIRS)), 1)

    def _run_between(self, task: Callable[[int, int], Any], bounds: Sequence[int]) -> list[Any]:
        if len(bounds) == 2:
            return [self._run_one(task, *bounds)]
        return self.run([partial(self._run_one, task, *bound) for bound in pairwise(bounds)])

    def _run_one(self, task: Callable[[int, int], Any], first: int, last: int) -> Any:
        if self.cancelled is not None and self.cancelled():
            raise EvaluationCancelledError
        return task(first, last)


@dataclass(frozen=True, eq=False)
class Owners:
    """Owners and the accounts of each that count, ascending.

    Those of owner i are `accounts[offsets[i]:offsets[i + 1]]`; `given` are the offsets where not everybody has one
    account. `unknown[owners]`: 1 where it is not known of an account whether it counts.
    """

    given: Integers | None
    accounts: Slots
    unknown: Flags

    def __len__(self) -> int:
        return len(self.unknown)

    @cached_property
    def offsets(self) -> Integers:
        """Where the accounts of each owner begin, and where those of the last end."""
        return np.arange(len(self) + 1, dtype=np.int64) if self.given is None else self.given

    @property
    def by_pair(self) -> Integers:
        """The number of the owner of each pair."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @classmethod
    def themselves(cls, slots: Slots) -> Owners:
        """Owners of one place each: their own."""
        return cls(None, slots, np.zeros(len(slots), np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Who holds which accounts, by customer slot, with the index of the customer's role."""

    offsets: Integers
    accounts: Slots
    roles: npt.NDArray[np.int16]


def select_accounts(
    tasks: Tasks, owners: Slots, held: Held, wanted_roles: npt.NDArray[np.bool_], verdicts: Flags
) -> Owners:
    """The accounts that count of customers; `verdicts[accounts]` are ACCOUNT, NO_ACCOUNT or UNKNOWN_ACCOUNT."""
    offsets, unknown = np.zeros(len(owners) + 1, np.int64), np.zeros(len(owners), np.uint8)
    inputs = (
        read_only(owners, np.int32),
        read_only(held.offsets, np.int64),
        read_only(held.accounts, np.int32),
        read_only(held.roles, np.int16),
        read_only(wanted_roles, np.bool_),
        read_only(verdicts, np.uint8),
    )

    def select(first: int, last: int) -> tuple[int, int, Slots]:
        accounts = np.empty(_most_held(held, owners[first:last]), np.int32)
        kernels.select_accounts(*inputs, first, last, offsets, accounts, unknown)
        return first, last, accounts[: offsets[last]]

    found = tasks.spread_evenly(len(owners), select)
    before = 0
    for first, last, accounts in found:
        offsets[first + 1 : last + 1] += before
        before += len(accounts)
    return Owners(offsets, np.concatenate([accounts for _, _, accounts in found]), unknown)


def _most_held(held: Held, owners: Slots) -> int:
    """As many accounts as some customers hold, or more."""
    known = len(held.offsets) - 1
    if len(owners) and bool((owners[1:] > owners[:-1]).all()):
        start, stop = (int(held.offsets[min(max(slot, 0), known)]) for slot in (int(owners[0]), int(owners[-1]) + 1))
        return stop - start
    there = owners[(owners >= 0) & (owners < known)]
    return int((held.offsets[there + 1] - held.offsets[there]).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Facts by place and time: those at place i are the rows `offsets[i]` to before `offsets[i + 1]`."""

    offsets: Integers
    times: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Owners, the places where their facts lie, and the facts.

    `places[pairs]` are places of the facts. `unknown[owners]`: 1 where the owner's value is so, whatever the facts say.
    """

    tasks: Tasks
    facts: Facts
    owners: Owners
    places: Slots
    unknown: Flags

    def __len__(self) -> int:
        return len(self.owners)

    @property
    def offsets(self) -> Integers:
        """Where the pairs of each owner begin, and where those of the last end."""
        return read_only(self.owners.offsets, np.int64)

    @property
    def most_pairs(self) -> int:
        """The greatest number of an owner's pairs."""
        return self.most_pairs_of(0, len(self))

    def most_pairs_of(self, first: int, last: int) -> int:
        """The greatest number of pairs of one of the owners `first` to before `last`."""
        given = self.owners.given
        return 1 if given is None else int(np.diff(given[first : last + 1]).max(initial=0))

    def spread(self, task: Callable[[int, int], Any]) -> list[Any]:
        """Run a task over ranges of owners, as `Tasks` does."""
        if self.owners.given is None:
            return self.tasks.spread_evenly(len(self), task)
        return self.tasks.spread(self.offsets, task)

    def between(self, starts: Integers, stops: Integers) -> Ranges:
        """The rows from some to before others, which may be where `find_bounds` says."""
        return Ranges(self.tasks, self.facts, self.owners, self.places, self.unknown.copy(), starts, stops)


@dataclass(frozen=True, slots=True, eq=False)
class Ranges(Pairs):
    """The rows of each pair of some owners in a window: `starts` to before `stops`.

    `unknown[owners]` belongs to whoever asked.
    """

    starts: Integers
    stops: Integers

    def most_rows(self, first: int, last: int) -> int:
        """The greatest number of rows of the owners `first` to before `last`."""
        return int(rows.most_rows(self.offsets, self.starts, self.stops, first, last))

    def each(
        self,
        kernel: Callable[..., Any],
        inputs: Sequence[Any],
        outputs: Sequence[npt.NDArray[Any]],
        room: Callable[[int, int], Sequence[Integers]] | None = None,
    ) -> None:
        """Run a kernel over all owners: inputs come after the ranges, outputs after the first and last owner.

        `room` gives the memory that a run over some owners needs, which comes before the outputs.
        """
        offsets = self.offsets

        def task(first: int, last: int) -> None:
            own = () if room is None else room(first, last)
            kernel(offsets, self.starts, self.stops, *inputs, first, last, *own, *outputs)

        self.spread(task)

    def mark(self, poison: Plane) -> None:
        """Set `unknown` of the owners with a row of a plane."""
        if poison.any():
            self.each(rows.mark_poisoned, (read_only(poison, np.uint64),), (self.unknown,))

    def demand(self, opened: Integers, from_us: int) -> None:
        """Set `unknown` of owners whose facts do not reach back to a moment.

        `opened`, by pair: when accounts were opened, LEAST where that is not known.
        """
        inputs = self.places, self.facts.offsets, read_only(opened, np.int64), from_us
        self.each(kernels.mark_uncovered, inputs, (self.unknown,))

    def counts(self, kept: Plane) -> Integers:
        """How many rows of each owner are kept."""
        counts = np.zeros(len(self), np.int64)
        self.each(rows.count_rows, (read_only(kept, np.uint64),), (counts,))
        return counts

    def ends(self, kept: Plane) -> tuple[Integers, Integers]:
        """The first and the last row of each owner by time that is kept, -1 where none is."""
        first, last = np.zeros(len(self), np.int64), np.zeros(len(self), np.int64)
        self.each(rows.find_ends, (read_only(kept, np.uint64), self.facts.times), (first, last))
        return first, last

    def changes(self, entering_us: int, sliding_us: int) -> Integers:
        """From which moment on a fact more or less is in the window of each owner, as `next_changes` says."""
        moments = np.zeros(len(self), np.int64)
        inputs = (self.places, self.facts.offsets, self.facts.times, entering_us, sliding_us)
        self.each(kernels.next_changes, inputs, (moments,))
        return moments


def find_bounds(pairs: Pairs, moments: Sequence[int]) -> dict[int, Integers]:
    """By moment, the first row of each pair at it or later; in one pass for all of them."""
    ascending = np.array(sorted(set(moments)), np.int64)
    bounds = np.zeros((len(ascending), len(pairs.places)), np.int64)
    inputs = pairs.offsets, pairs.places, pairs.facts.offsets, pairs.facts.times, read_only(ascending, np.int64)

    def task(first: int, last: int) -> None:
        kernels.find_bounds(*inputs, first, last, bounds)

    pairs.spread(task)
    return dict(zip(ascending.tolist(), bounds, strict=True))


def paired(tasks: Tasks, owners: Owners, places: Slots, facts: Facts) -> Pairs:
    """The owners with the places of their facts, one an account; they are unknown as `owners` says."""
    given = Facts(read_only(facts.offsets, np.int64), read_only(facts.times, np.int64))
    return Pairs(tasks, given, owners, read_only(places, np.int32), owners.unknown)
