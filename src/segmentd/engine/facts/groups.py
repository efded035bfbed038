"""Counts, exact sums, least and greatest of balances, by planes of rows or by the groups that rows are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane, word_count
from segmentd.engine.members.extraction import address
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.facts import groups

Integers = npt.NDArray[np.int64]
Planes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int32]
Run = Callable[[Sequence[Callable[[], Any]]], list[Any]]
"""Runs tasks, on threads perhaps, and returns what they return, in order."""

PART_BLOCKS: Final = 64
"""Blocks that a thread sums up at a time: some ms of a hundred planes."""

PART_WORDS: Final = PART_BLOCKS * BLOCK_WORDS
"""The words of a plane that are as many rows."""

MAX_PRIVATE_GROUPS: Final = 1 << 14
"""Of so many groups at most, each part of the rows has sums of its own, to be added up; of more, there is one part."""

WHOLE_PLANES: Final = 8
"""So many planes keep all threads busy without being cut into parts."""


@dataclass(frozen=True, slots=True, eq=False)
class Balances:
    """What the rows hold: `values` int64[rows], 0 where not `known`. `unknown`: rows that are there, and not known."""

    values: Integers
    known: Plane
    unknown: Plane

    @property
    def rows(self) -> int:
        """How many rows there are, those that are not there among them."""
        return len(self.values)

    @property
    def there(self) -> Plane:
        """The rows that are there."""
        return self.known | self.unknown


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Results by group: int64[groups], but `squares` uint64[groups, 3], the lowest word first, or no groups of it.

    A sum is `sums + carries * 2**64`. `least` and `greatest` mean nothing where `counts` is 0.
    """

    counts: Integers
    unknowns: Integers
    sums: Integers
    carries: Integers
    least: Integers
    greatest: Integers
    squares: npt.NDArray[np.uint64]

    @classmethod
    def nothing(cls, number: int, *, squares: bool = False) -> Sums:
        """The results over no rows."""
        counts, unknowns, sums, carries = np.zeros((4, number), np.int64)
        least, greatest = np.full(number, groups.MOST), np.full(number, groups.LEAST)
        words = np.zeros((number if squares else 0, 3), np.uint64)
        return cls(counts, unknowns, sums, carries, least, greatest, words)

    def add(self, other: Sums) -> None:
        """Add the results over other rows, in place."""
        self.counts[:] += other.counts
        self.unknowns[:] += other.unknowns
        groups.add_sums(other.sums, other.carries, self.sums, self.carries)
        np.minimum(self.least, other.least, out=self.least)
        np.maximum(self.greatest, other.greatest, out=self.greatest)
        groups.add_squares(other.squares, self.squares)

    def put(self, first: int, part: Sums) -> None:
        """Write the results of some groups into those from `first` on; squares only where there are any."""
        for own, given in zip(self._arrays, part._arrays, strict=True):
            own[first : first + len(given)] = given

    @property
    def _arrays(self) -> tuple[npt.NDArray[Any], ...]:
        return self.counts, self.unknowns, self.sums, self.carries, self.least, self.greatest, self.squares

    def total(self, group: int) -> int:
        """The exact sum of a group."""
        return int(self.sums[group]) + (int(self.carries[group]) << 64)

    def square_total(self, group: int) -> int:
        """The exact sum of the squares of a group."""
        low, middle, high = (int(word) for word in self.squares[group])
        return low + (middle << 64) + (high << 128)


def summarise_planes(planes: Planes, balances: Balances, run: Run) -> Sums:
    """Results by plane, without squares; a row may be in any number of planes, uint64[planes, words]."""
    blocks = -(-balances.rows // BLOCK_ROWS)
    given = np.ascontiguousarray(planes)
    total = Sums.nothing(len(given))
    parts = run([partial(_planes_part, given, balances, at, blocks) for at in range(0, blocks, PART_BLOCKS)])
    for part in parts:
        total.add(part)
    return total


def summarise_codes(planes: Planes, codes: Codes, number: int, balances: Balances, run: Run, *, squares: bool) -> Sums:
    """Results by group of each plane's rows, plane by plane; `codes` int32[rows] are the groups, below `number`."""
    words = word_count(balances.rows)
    is_cut = len(planes) < WHOLE_PLANES and number <= MAX_PRIVATE_GROUPS
    cuts = ranges(words, PART_WORDS if is_cut else words)
    given, like = np.ascontiguousarray(planes), Sums.nothing(number, squares=squares)
    total = Sums.nothing(number * len(given), squares=squares)
    parts = run([partial(_codes_part, plane, codes, balances, each, like) for plane in given for each in cuts])
    for place in range(len(given)):
        whole = Sums.nothing(number, squares=squares)
        for part in parts[place * len(cuts) : (place + 1) * len(cuts)]:
            whole.add(part)
        total.put(place * number, whole)
    return total


def ranges(stop: int, step: int) -> list[tuple[int, int]]:
    """The numbers from 0 to before `stop` as ranges of `step`, the last one shorter."""
    return [(first, min(first + step, stop)) for first in range(0, stop, max(step, 1))]


def _planes_part(planes: Planes, balances: Balances, first: int, blocks: int) -> Sums:
    part, scratch = Sums.nothing(len(planes)), np.empty(BLOCK_WORDS, np.uint64)
    groups.summarise_planes(
        address(planes),
        planes.shape[1],
        address(balances.known),
        address(balances.unknown),
        address(balances.values),
        balances.rows,
        first,
        min(first + PART_BLOCKS, blocks),
        address(scratch),
        part.counts,
        part.unknowns,
        part.sums,
        part.carries,
        part.least,
        part.greatest,
    )
    return part


def _codes_part(plane: Plane, codes: Codes, balances: Balances, words: tuple[int, int], like: Sums) -> Sums:
    part = Sums.nothing(len(like.counts), squares=len(like.squares) > 0)
    groups.summarise_codes(
        address(plane),
        address(balances.known),
        address(balances.unknown),
        address(balances.values),
        address(codes),
        balances.rows,
        *words,
        part.counts,
        part.unknowns,
        part.sums,
        part.carries,
        part.least,
        part.greatest,
        part.squares,
    )
    return part
