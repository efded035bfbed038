"""Rows of a book's tables: a sorted prefix and a tail in the order of arrival, and which rows a version sees.

A row is numbered through prefix and tail: those from `split` on are the tail's. `died` is 0 for a row that lives, else
the mark of the version from which on it does not; a reader of version `mark` sees rows that died later. The tail's rows
of an owner are a chain: `heads[owner]` is the newest, `links[row]` the one before, -1 ends it.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from segmentd.kernels.compiler import inline_kernel, kernel


@intrinsic
def publish_stores(typing_context: Any) -> Any:
    """What was stored before is seen by every thread that sees what is stored after."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.fence("release")
        return context.get_dummy_value()

    return types.void(), generate


@kernel
def take_rows(prefix: Any, tail: Any, rows: Any, out: Any) -> None:
    """The values of some rows."""
    split = prefix.shape[0]
    for i in range(rows.shape[0]):
        row = rows[i]
        out[i] = prefix[row] if row < split else tail[row - split]


@kernel
def take_codes(prefix: Any, tail: Any, rows: Any, prefix_missing: int, missing: int, out: Any) -> None:
    """The codes of some rows: no value is `prefix_missing` in the prefix, -1 in the tail, `missing` in `out`."""
    split = prefix.shape[0]
    for i in range(rows.shape[0]):
        row = rows[i]
        code = prefix[row] if row < split else tail[row - split]
        gone = code == prefix_missing if row < split else code < 0
        out[i] = missing if gone else code


@kernel
def link_rows(owners: Any, first: int, end: int, heads: Any, links: Any) -> None:
    """Put rows of the tail at the heads of their owners' chains. `owners`: of the tail's rows."""
    for row in range(first, end):
        owner = owners[row]
        links[row] = heads[owner]
        # Readers follow the chains meanwhile: who meets the row must meet what it leads to.
        publish_stores()
        heads[owner] = row


@kernel
def unlink_rows(owners: Any, first: int, end: int, heads: Any, links: Any) -> None:
    """Take the last rows out of the chains again, as far as they were put there."""
    for row in range(end - 1, first - 1, -1):
        owner = owners[row]
        if heads[owner] == row:
            heads[owner] = links[row]


@kernel
def note_owners(owners: Any, is_noted: Any, noted: Any, count: int) -> int:
    """Append the owners that are not noted yet; how many are noted then."""
    for i in range(owners.shape[0]):
        owner = owners[i]
        if is_noted[owner] == 0:
            is_noted[owner] = 1
            noted[count] = owner
            count += 1
    return count


@kernel
def place_rows(prefix: Any, tail: Any, tail_count: int, died: Any, tail_died: Any, mark: int, out: Any) -> None:
    """The row of each number that a version sees; `out` holds -1 before. `prefix`, `tail`: the numbers of rows."""
    split = prefix.shape[0]
    for row in range(split):
        if died[row] == 0 or died[row] > mark:
            out[prefix[row]] = row
    for row in range(tail_count):
        if tail_died[row] == 0 or tail_died[row] > mark:
            out[tail[row]] = split + row


@kernel
def count_items(
    owners: Any,
    offsets: Any,
    died: Any,
    heads: Any,
    links: Any,
    tail_died: Any,
    tail_count: int,
    mark: int,
    out: Any,
) -> int:
    """Where the rows of each owner start when they lie one after the other; the most that one owner has."""
    most = 0
    total = 0
    out[0] = 0
    for i in range(owners.shape[0]):
        owner = owners[i]
        count = 0
        if owner + 1 < offsets.shape[0]:
            for row in range(offsets[owner], offsets[owner + 1]):
                count += died[row] == 0 or died[row] > mark
        if owner < heads.shape[0]:
            row = heads[owner]
            while row >= 0:
                count += row < tail_count and (tail_died[row] == 0 or tail_died[row] > mark)
                row = links[row]
        total += count
        most = max(most, count)
        out[i + 1] = total
    return most


@kernel
def order_items(
    owners: Any,
    offsets: Any,
    died: Any,
    times: Any,
    heads: Any,
    links: Any,
    tail_died: Any,
    tail_times: Any,
    tail_count: int,
    mark: int,
    starts: Any,
    rows: Any,
    row_times: Any,
    spare_rows: Any,
    spare_times: Any,
) -> None:
    """The rows of each owner by time and arrival. `starts`: from `count_items`; `spare`: room for the most of one."""
    split = times.shape[0]
    for i in range(owners.shape[0]):
        owner = owners[i]
        place = starts[i]
        if owner + 1 < offsets.shape[0]:
            for row in range(offsets[owner], offsets[owner + 1]):
                if died[row] == 0 or died[row] > mark:
                    rows[place] = row
                    row_times[place] = times[row]
                    place += 1
        if owner < heads.shape[0]:
            place = starts[i + 1]
            row = heads[owner]
            while row >= 0:
                if row < tail_count and (tail_died[row] == 0 or tail_died[row] > mark):
                    place -= 1
                    rows[place] = split + row
                    row_times[place] = tail_times[row]
                row = links[row]
        _sort(row_times, rows, starts[i], starts[i + 1], spare_times, spare_rows)


@inline_kernel
def _sort(times: Any, rows: Any, start: int, end: int, spare_times: Any, spare_rows: Any) -> None:
    """Sort by time, leaving equal ones in their order: runs of 16 by insertion, merged by pairs."""
    place = start + 1
    while place < end and times[place - 1] <= times[place]:
        place += 1
    if place >= end:
        return
    for first in range(start, end, 16):
        for i in range(first + 1, min(first + 16, end)):
            time, row, j = times[i], rows[i], i - 1
            while j >= first and times[j] > time:
                times[j + 1] = times[j]
                rows[j + 1] = rows[j]
                j -= 1
            times[j + 1] = time
            rows[j + 1] = row
    width = 16
    while width < end - start:
        for first in range(start, end - width, 2 * width):
            _merge(times, rows, first, first + width, min(first + 2 * width, end), spare_times, spare_rows)
        width *= 2


@inline_kernel
def _merge(times: Any, rows: Any, first: int, middle: int, end: int, spare_times: Any, spare_rows: Any) -> None:
    """Merge two sorted runs that lie side by side."""
    if times[middle - 1] <= times[middle]:
        return
    size = middle - first
    for i in range(size):
        spare_times[i] = times[first + i]
        spare_rows[i] = rows[first + i]
    left, right, place = 0, middle, first
    while left < size:
        if right < end and times[right] < spare_times[left]:
            times[place] = times[right]
            rows[place] = rows[right]
            right += 1
        else:
            times[place] = spare_times[left]
            rows[place] = spare_rows[left]
            left += 1
        place += 1
