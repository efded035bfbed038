"""Sums of an owner's values in many windows and under many filters, in one walk over the owner's rows.

The bounds of all windows cut time into *spans*: span i is from bound i - 1 to before bound i, the first from the start
of all time. Rows that pass the same filters are of one *class*. A *cell* is a class and a span, class by class; every
aggregate is a sum of cells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_ranges import NEVER, lower_bound
from segmentd.kernels.facts.streaming import finish_streams, stream

EXACT, TOO_LARGE, NOT_KNOWN = 0, 1, 2
"""Whether sums are right: yes; they may not fit 64 bit; a row's class is not known. Of the last two nothing is."""

LONG = 32
"""From so many rows on, those before the first window and after the last are left out by a search."""


@kernel
def sum_cells(
    owners: Any,
    facts: Any,
    classes: Any,
    spans: Any,
    terms: Any,
    limits: Any,
    first: int,
    last: int,
    cells: Any,
    direct: Any,
    further: Any,
) -> int:
    """The sums of cells that `terms` name, of each owner `first` to before `last`; EXACT, or why not.

    `owners`: offsets of pairs, their places, and the rows of these. `facts`: times, values, codes; without values there
    are no sums, without codes all rows are of class 0. `classes[codes]`: the first cell of a code's class. `spans`: as
    `span_of` takes them. `terms`: offsets by output, and cells; `~cell` is subtracted. `limits`: how many cells there
    are, how many of them are added up over the spans before them, the first cell of the class that is not known,
    whether rows are counted, whether none before the first bound counts. Counts are cells after those of the sums.

    `cells`: room for those of as many owners as a line of the result, `width`, takes, and for one cell more.
    Outputs: `direct[outputs, owners]`, then `further`; they begin on a line.
    """
    offsets, places, item_offsets = owners
    times, values, codes = facts
    bounds, steps, origin, shift = spans
    sums, chained, unknown_cell, counting, skipping = limits
    total = sums * 2 if counting else sums
    width = cells.shape[0] // (total + 1)
    adding = values.shape[0] > 0
    magnitude, highest = 0, 0
    begin = first
    while begin < last:
        end = min(last, (begin // width + 1) * width)
        for at in range(cells.shape[0]):
            cells[at] = 0
        most = 0
        for owner in range(begin, end):
            lane = owner - begin
            rows = 0
            for pair in range(offsets[owner], offsets[owner + 1]):
                start, stop = item_offsets[places[pair]], item_offsets[places[pair] + 1]
                rows += stop - start
                if stop - start >= LONG:
                    if skipping:
                        start = lower_bound(times, start, stop, bounds[0])
                    stop = lower_bound(times, start, stop, bounds[bounds.shape[0] - 2])
                for row in range(start, stop):
                    cell = span_of(times[row], bounds, steps, origin, shift)
                    if codes.shape[0]:
                        base = int(classes[codes[row]])
                        highest = max(highest, base)
                        cell += base
                    if adding:
                        value = values[row]
                        magnitude |= value ^ (value >> 63)
                        cells[cell * width + lane] += value
                    if counting:
                        cells[(sums + cell) * width + lane] += 1
            most = max(most, rows)
        if highest >= unknown_cell:
            return NOT_KNOWN
        if most and magnitude >= NEVER // most:
            return TOO_LARGE
        if chained:
            add_up(cells, chained, total, width)
        write(cells, terms, total, width, begin, end, direct, further)
        begin = end
    finish_streams()
    return EXACT


@inline_kernel
def span_of(time: int, bounds: Any, steps: Any, origin: int, shift: int) -> int:
    """The span of a time: `bounds` ascend and end with NEVER; `steps[i]` is that of the start of a step.

    Steps are `1 << shift` long, from the second on, which begins at `origin`; most have no bound in them.
    """
    step = min(max(((time - origin) >> shift) + 1, 0), steps.shape[0] - 1)
    span = int(steps[step])
    while time >= bounds[span]:
        span += 1
    return span


@inline_kernel
def add_up(cells: Any, spans: int, total: int, width: int) -> None:
    """Each cell becomes the sum of its class's up to it."""
    for cell in range(total):
        if cell % spans:
            for at in range(cell * width, (cell + 1) * width):
                cells[at] += cells[at - width]


@inline_kernel
def write(cells: Any, terms: Any, total: int, width: int, begin: int, end: int, direct: Any, further: Any) -> None:
    """Write every output's sum of cells, by owner: of all owners of a block past the caches, of fewer one by one."""
    offsets, named = terms
    for number in range(offsets.shape[0] - 1):
        start, stop = offsets[number], offsets[number + 1]
        cell = int(named[start]) if stop - start == 1 else -1
        if cell < 0:
            cell = total
            add_terms(cells, named, start, stop, total, width)
        out, row = (direct, number) if number < direct.shape[0] else (further, number - direct.shape[0])
        if end - begin == width:  # a branch of its own: one loop for lines and rest took 0.26 s instead of 0.08
            stream(cells, cell * width, width, out, row, begin)
        else:
            for lane in range(end - begin):
                out[row, begin + lane] = cells[cell * width + lane]


@inline_kernel
def add_terms(cells: Any, named: Any, start: int, stop: int, total: int, width: int) -> None:
    """The last cell becomes the sum of some."""
    room = total * width
    for lane in range(width):
        cells[room + lane] = 0
    for place in range(start, stop):
        cell = int(named[place])
        if cell >= 0:
            for lane in range(width):
                cells[room + lane] += cells[cell * width + lane]
        else:
            for lane in range(width):
                cells[room + lane] -= cells[~cell * width + lane]


@kernel
def mask_codes(planes: Any, first: int, last: int, codes: Any) -> None:
    """The bits of each row in up to 31 planes as a number, the first plane's lowest; words `first` to before `last`."""
    for word in range(first, last):
        begin = word << 6
        for row in range(begin, min(begin + 64, codes.shape[0])):
            codes[row] = 0
        for plane in range(planes.shape[0]):
            bits = planes[plane, word]
            if bits:
                for row in range(begin, min(begin + 64, codes.shape[0])):
                    codes[row] |= np.int32(((bits >> np.uint64(row - begin)) & np.uint64(1)) << np.uint64(plane))


@kernel
def round_means(sums: Any, counts: Any, first: int, last: int, out: Any) -> None:
    """Sums by counts, rounded half to even, an output a row; 0 of none."""
    for number in range(sums.shape[0]):
        for owner in range(first, last):
            total, count = sums[number, owner], max(counts[number, owner], 1)
            quotient = total // count
            rest = total - quotient * count
            up = rest > count - rest or (rest == count - rest and quotient & 1 == 1)
            out[number, owner] = quotient + (1 if up else 0)
