"""What an owner's months have in common: a trend, and amounts that return. Months follow each other without a gap."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.aggregates_order import FEW
from segmentd.kernels.facts.aggregates_rows import counts_row
from segmentd.kernels.facts.aggregates_sums import LOW


@kernel
def sum_trends(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    times: Any,
    values: Any,
    month_starts: Any,
    first: int,
    last: int,
    high: Any,
    low: Any,
    counts: Any,
) -> None:
    """The sum of each owner's values by twice the distance of their month from the middle: `high * 2^32 + low`.

    `month_starts[months + 1]` ascend; all rows lie in them. Of n months the slope of the line through their sums is
    six times that, by n * (n * n - 1).
    """
    months = month_starts.shape[0] - 1
    for owner in range(first, last):
        above, below, count = 0, 0, 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            month = 0
            for row in range(starts[pair], stops[pair]):
                while times[row] >= month_starts[month + 1]:
                    month += 1
                if counts_row(kept, row):
                    weight = 2 * month - (months - 1)
                    above += (values[row] >> 32) * weight
                    below += (values[row] & LOW) * weight
                    count += 1
        high[owner] = above + (below >> 32)
        low[owner] = below & LOW
        counts[owner] = count


@kernel
def find_recurring(
    offsets: Any,
    starts: Any,
    stops: Any,
    kept: Any,
    times: Any,
    values: Any,
    parties: Any,
    month_starts: Any,
    first: int,
    last: int,
    amounts: Any,
    others: Any,
    months: Any,
    order: Any,
    found: Any,
    is_found: Any,
    counts: Any,
) -> None:
    """The greatest of each owner's values that occurs with the same party in every month, if there is any.

    `parties[rows]` are numbers, -1 of none, or empty where no row has one. At most 128 months. `amounts`, `others`,
    `months` and `order`: room for an owner's rows.
    """
    wanted = month_starts.shape[0] - 1
    for owner in range(first, last):
        count = 0
        for pair in range(offsets[owner], offsets[owner + 1]):
            month = 0
            for row in range(starts[pair], stops[pair]):
                while times[row] >= month_starts[month + 1]:
                    month += 1
                if counts_row(kept, row):
                    amounts[count] = values[row]
                    others[count] = np.int64(parties[row]) if parties.shape[0] else -1
                    months[count] = month
                    order[count] = count
                    count += 1
        counts[owner] = count
        found[owner] = 0
        is_found[owner] = 0
        if count < wanted:
            continue
        sort_rows(order, count, amounts, others)
        early, late = np.uint64(0), np.uint64(0)
        for place in range(count - 1, -1, -1):
            row = order[place]
            above = order[min(place + 1, count - 1)]
            if amounts[row] != amounts[above] or others[row] != others[above]:
                early, late = np.uint64(0), np.uint64(0)
            if months[row] < 64:
                early |= np.uint64(1) << np.uint64(months[row])
            else:
                late |= np.uint64(1) << np.uint64(months[row] - 64)
            if early == first_bits(min(wanted, 64)) and late == first_bits(max(wanted - 64, 0)):
                found[owner] = amounts[row]
                is_found[owner] = 1
                break


@inline_kernel
def first_bits(count: int) -> Any:
    """A word in which so many bits are set, 0 to 64."""
    return np.uint64(0) if count == 0 else ~np.uint64(0) >> np.uint64(64 - count)


@inline_kernel
def comes_after(left: int, right: int, amounts: Any, others: Any) -> Any:
    """Whether one row belongs after another: by amount, then by party."""
    if amounts[left] != amounts[right]:
        return amounts[left] > amounts[right]
    return others[left] > others[right]


@inline_kernel
def sort_rows(order: Any, count: int, amounts: Any, others: Any) -> None:
    """Sort so many rows: a few by insertion, more as a heap."""
    if count <= FEW:
        for place in range(1, count):
            row = order[place]
            free = place
            while free > 0 and comes_after(order[free - 1], row, amounts, others):
                order[free] = order[free - 1]
                free -= 1
            order[free] = row
        return
    for root in range((count >> 1) - 1, -1, -1):
        sift_row(order, root, count, amounts, others)
    for end in range(count - 1, 0, -1):
        order[0], order[end] = order[end], order[0]
        sift_row(order, 0, end, amounts, others)


@inline_kernel
def sift_row(order: Any, root: int, end: int, amounts: Any, others: Any) -> None:
    """Let the row at the root sink to its place in the heap `order[:end]`."""
    row = order[root]
    child = 2 * root + 1
    while child < end:
        if child + 1 < end and comes_after(order[child + 1], order[child], amounts, others):
            child += 1
        if not comes_after(order[child], row, amounts, others):
            break
        order[root] = order[child]
        root = child
        child = 2 * root + 1
    order[root] = row
