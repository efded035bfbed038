"""Extremes, ranks and distinct values of an owner's whole numbers; others come as whole numbers of the same order."""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_ranges import LEAST, NEVER
from segmentd.kernels.facts.aggregates_rows import counts_row

MEDIAN = -1
"""Instead of a percentile: the two values in the middle."""
DISTINCT = -2
"""Instead of a percentile: the number of distinct values."""

WHOLE = 10_000
"""Hundredths of 100 percent."""

FEW = 24
"""So many values are sorted by insertion."""


@kernel
def find_extremes(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    values: Any,
    first: int,
    last: int,
    lowest: Any,
    highest: Any,
    counts: Any,
) -> None:
    """The least and the greatest of each owner's values, and how many there are."""
    for owner in range(first, last):
        least, greatest, count = NEVER, LEAST, 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            for row in range(starts[pair], stops[pair]):
                if counts_row(kept, row):
                    least = min(least, values[row])
                    greatest = max(greatest, values[row])
                    count += 1
        lowest[owner] = least
        highest[owner] = greatest
        counts[owner] = count


@kernel
def rank_values(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    values: Any,
    asked: int,
    first: int,
    last: int,
    room: Any,
    lower: Any,
    upper: Any,
    counts: Any,
) -> None:
    """What is `asked` of each owner's values, sorted, and how many there are.

    A percentile in hundredths: the nearest rank in `lower`. MEDIAN: the two in the middle, of an odd number the same
    twice. DISTINCT: their number in `lower`. `room`: for the rows of an owner.
    """
    for owner in range(first, last):
        count = 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            for row in range(starts[pair], stops[pair]):
                if counts_row(kept, row):
                    room[count] = values[row]
                    count += 1
        counts[owner] = count
        lower[owner] = 0
        upper[owner] = 0
        if count > 0:
            sort_values(room, count)
            if asked == MEDIAN:
                lower[owner] = room[(count - 1) >> 1]
                upper[owner] = room[count >> 1]
            elif asked == DISTINCT:
                lower[owner] = count_distinct(room, count)
            else:
                lower[owner] = room[max((asked * count + WHOLE - 1) // WHOLE, 1) - 1]


@inline_kernel
def count_distinct(room: Any, count: int) -> int:
    """The number of distinct values among so many sorted ones."""
    distinct = 1
    for place in range(1, count):
        distinct += room[place] != room[place - 1]
    return distinct


@inline_kernel
def sort_values(room: Any, count: int) -> None:
    """Sort so many values: a few by insertion, more as a heap."""
    if count <= FEW:
        for place in range(1, count):
            value = room[place]
            free = place
            while free > 0 and room[free - 1] > value:
                room[free] = room[free - 1]
                free -= 1
            room[free] = value
        return
    for root in range((count >> 1) - 1, -1, -1):
        sift_value(room, root, count)
    for end in range(count - 1, 0, -1):
        room[0], room[end] = room[end], room[0]
        sift_value(room, 0, end)


@inline_kernel
def sift_value(room: Any, root: int, end: int) -> None:
    """Let the value at the root sink to its place in the heap `room[:end]`."""
    value = room[root]
    child = 2 * root + 1
    while child < end:
        if child + 1 < end and room[child + 1] > room[child]:
            child += 1
        if room[child] <= value:
            break
        room[root] = room[child]
        root = child
        child = 2 * root + 1
    room[root] = value
