"""Truths of items folded to truths and numbers of their owners, on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import BoolColumn, FixedColumn
from segmentd.columns.planes import Plane, popcount, word_count
from segmentd.kernels.facts import segmented
from segmentd.language.tree import Quantifier
from segmentd.schema import INT64

RunTasks = Callable[[Sequence[Callable[[], Any]]], list[Any]]

OWNERS_A_TASK: Final = 1 << 18
"""Some milliseconds of work; a multiple of the rows a word."""

_QUANTIFIERS: Final = {
    Quantifier.EXISTS: segmented.EXISTS,
    Quantifier.ALL: segmented.ALL,
    Quantifier.EXISTS_ONE: segmented.EXISTS_ONE,
}


@dataclass(frozen=True, slots=True)
class Truths:
    """Planes of items: for which something is true, and for which it is unknown; the bits of both are contiguous."""

    true: Plane
    unknown: Plane


@dataclass(frozen=True, slots=True)
class Owned:
    """Which items are whose: `offsets` int64[owners + 1] into `rows` int64, places of items in planes."""

    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]

    @property
    def owners(self) -> int:
        """How many there are."""
        return len(self.offsets) - 1


def fold(quantifier: Quantifier, owned: Owned, truths: Truths, run: RunTasks) -> BoolColumn | FixedColumn:
    """What a macro says of every owner: truth values, of COUNT numbers; missing where it is unknown."""
    known = np.zeros(word_count(owned.owners), np.uint64)
    if quantifier is Quantifier.COUNT:
        counts = np.zeros(owned.owners, np.int64)
        run([_counting(owned, truths, part, (counts, known)) for part in _parts(owned.owners)])
        return FixedColumn(INT64, counts, _validity(known, owned.owners))
    values = np.zeros_like(known)
    number = _QUANTIFIERS[quantifier]
    run([_folding(number, owned, truths, part, (values, known)) for part in _parts(owned.owners)])
    return BoolColumn(values, _validity(known, owned.owners))


def _parts(owners: int) -> list[tuple[int, int]]:
    return [(first, min(first + OWNERS_A_TASK, owners)) for first in range(0, owners, OWNERS_A_TASK)]


def _validity(known: Plane, owners: int) -> Plane | None:
    return None if popcount(known) == owners else known


Output = tuple[npt.NDArray[Any], Plane]


def _addresses(arrays: tuple[npt.NDArray[Any], npt.NDArray[Any]]) -> tuple[int, int]:
    return arrays[0].ctypes.data, arrays[1].ctypes.data


def _folding(quantifier: int, owned: Owned, truths: Truths, part: tuple[int, int], out: Output) -> Callable[[], None]:
    def run() -> None:
        planes = _addresses((truths.true, truths.unknown))
        offsets, rows = _addresses((owned.offsets, owned.rows))
        segmented.fold_truths(quantifier, offsets, rows, planes, *part, _addresses(out))

    return run


def _counting(owned: Owned, truths: Truths, part: tuple[int, int], out: Output) -> Callable[[], None]:
    def run() -> None:
        planes = _addresses((truths.true, truths.unknown))
        offsets, rows = _addresses((owned.offsets, owned.rows))
        segmented.fold_counts(offsets, rows, planes, *part, _addresses(out))

    return run


def fold_sample() -> None:
    """One owner in every kernel, so that their machine code is there before it is needed."""
    owned = Owned(np.array([0, 1]), np.zeros(1, np.int64))
    truths = Truths(np.ones(1, np.uint64), np.zeros(1, np.uint64))
    for quantifier in (Quantifier.EXISTS, Quantifier.COUNT):
        fold(quantifier, owned, truths, lambda tasks: [task() for task in tasks])
