"""Many sums and counts of owners in one walk over their rows, on threads: windows become spans, filters classes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import WORD, Plane
from segmentd.engine.facts.aggregates_ranges import LEAST, NEVER, Integers, Pairs, Tasks, read_only
from segmentd.kernels.facts import aggregates_cells as kernels
from segmentd.kernels.facts.streaming import LINE

Numbers = npt.NDArray[np.int32]

MAX_CELLS: Final = 1_024
"""Cells of an owner: those of eight owners are still in the second cache."""
ROOM: Final = 4_096
"""Numbers of 64 bit that stay in the first cache: owners are taken together, as many as have room."""
WIDEST: Final = 8 * LINE

MAX_STEPS: Final = 4_096
ROWS_A_STEP: Final = 16
"""Steps by which spans are looked up, and for how many rows it pays to have one more."""


class Outcome(IntEnum):
    """Whether sums are right: EXACT; not, as they may be TOO_LARGE, or as a row's class is NOT_KNOWN."""

    EXACT = kernels.EXACT
    TOO_LARGE = kernels.TOO_LARGE
    NOT_KNOWN = kernels.NOT_KNOWN


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Time cut at `bounds`, which ascend: one span before each, and one after the last."""

    bounds: tuple[int, ...]

    @classmethod
    def cut(cls, moments: Sequence[int]) -> Spans:
        """Time cut at these moments, in any order; LEAST is the start of all time anyway."""
        return cls(tuple(sorted(set(moments) - {LEAST})))

    def __len__(self) -> int:
        return len(self.bounds) + 1

    def first_from(self, moment: int) -> int:
        """The first span that begins at a bound or later."""
        return 0 if moment == LEAST else bisect_left(self.bounds, moment) + 1

    def looked_up(self, rows: int) -> tuple[Integers, npt.NDArray[np.int16], int, int]:
        """What the kernel finds spans by: bounds, the spans of steps, where these begin, their length as a shift."""
        origin, length = self.bounds[0], self.bounds[-1] - self.bounds[0]
        shift = (length // min(max(rows // ROWS_A_STEP, 1), MAX_STEPS)).bit_length()
        starts = origin + (np.arange(-1, (length >> shift) + 1, dtype=np.int64) << shift)
        steps = np.searchsorted(self.bounds, starts, side="right").astype(np.int16)
        return read_only(np.array([*self.bounds, NEVER]), np.int64), read_only(steps, np.int16), origin, shift


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The class of each row: `of_code[codes[row]]`, 0 without codes. `unknown`: that of the last is not known."""

    codes: Numbers
    of_code: Numbers
    count: int
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """What is summed, or counted: the rows of some classes in the spans `start` to before `stop`."""

    classes: tuple[int, ...]
    start: int
    stop: int
    counted: bool


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """The outputs, a row each of as many numbers as owners and some more; they mean nothing unless EXACT."""

    outcome: Outcome
    direct: Integers
    further: Integers


def sum_cells(
    pairs: Pairs,
    values: Integers | None,
    classes: Classes,
    spans: Spans,
    direct: Sequence[Output],
    further: Sequence[Output],
) -> CellSums:
    """Sums of all facts' values and counts, for all owners.

    `values` None: rows are counted alone. `further` outputs have memory of their own.
    """
    outputs = (*direct, *further)
    counting = any(each.counted for each in outputs)
    cells = classes.count * len(spans)
    is_chained = _spans_summed(outputs) > cells * (1 + counting) + 2 * len(outputs)
    terms = _terms(outputs, len(spans), cells, is_chained=is_chained)
    unknown_cell = (classes.count - 1) * len(spans) if classes.unknown else cells
    skipping = all(each.start > 0 for each in outputs)
    limits = cells, len(spans) if is_chained else 0, unknown_cell, counting, skipping
    facts = pairs.facts
    inputs = (
        (pairs.offsets, pairs.places, facts.offsets),
        (
            facts.times,
            read_only(np.zeros(0, np.int64) if values is None else values, np.int64),
            read_only(classes.codes, np.int32),
        ),
        read_only(classes.of_code * len(spans), np.int32),
        spans.looked_up(len(facts.times)),
        terms,
        limits,
    )
    room = cells * (1 + counting) + 1
    found = _lines(len(direct), len(pairs)), _lines(len(further), len(pairs))

    def task(first: int, last: int) -> int:
        return int(kernels.sum_cells(*inputs, first, last, np.empty(room * _width(room), np.int64), *found))

    outcome = max(pairs.tasks.spread(pairs.offsets, task))
    return CellSums(Outcome(outcome), *found)


def mask_codes(tasks: Tasks, planes: Sequence[Plane], rows: int) -> Numbers:
    """The bits of each row in some planes as a number, the first plane's lowest."""
    stacked, codes = read_only(np.stack(planes), np.uint64), np.empty(rows, np.int32)
    words = np.arange(-(-rows // WORD) + 1, dtype=np.int64)

    def task(first: int, last: int) -> None:
        kernels.mask_codes(stacked, first, last, codes)

    tasks.spread(words, task)
    return codes


def round_means(pairs: Pairs, sums: Integers, counts: Integers) -> Integers:
    """Sums by counts, rows as those of `CellSums`, rounded half to even; 0 of none."""
    means = np.empty(sums.shape, np.int64)

    def task(first: int, last: int) -> None:
        kernels.round_means(sums, counts, first, last, means)

    pairs.tasks.spread(pairs.offsets, task)
    return means


def _spans_summed(outputs: Sequence[Output]) -> int:
    return sum(len(each.classes) * (each.stop - each.start) for each in outputs)


def _terms(outputs: Sequence[Output], spans: int, cells: int, *, is_chained: bool) -> tuple[Integers, Numbers]:
    """The cells that each output is the sum of, complements of those that are subtracted, and where each begins."""
    named: list[int] = []
    offsets = [0]
    for each in outputs:
        for number in each.classes if each.start < each.stop else ():
            base = number * spans + cells * each.counted
            if not is_chained:
                named.extend(range(base + each.start, base + each.stop))
                continue
            named.append(base + each.stop - 1)
            if each.start:
                named.append(~(base + each.start - 1))
        offsets.append(len(named))
    return read_only(np.array(offsets), np.int64), read_only(np.array(named, np.int32), np.int32)


def _width(cells: int) -> int:
    """How many owners are taken together: whole lines of them."""
    width = LINE
    while width < WIDEST and 2 * width * cells <= ROOM:
        width *= 2
    return width


def _lines(outputs: int, owners: int) -> Integers:
    """Memory for outputs, each of which begins on a line."""
    whole = -(-owners // LINE) * LINE
    memory = np.empty(outputs * whole + LINE, np.int64)
    skipped = -(memory.ctypes.data // memory.itemsize) % LINE
    return memory[skipped : skipped + outputs * whole].reshape(outputs, whole)
