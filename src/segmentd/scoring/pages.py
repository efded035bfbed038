"""How many rows are evaluated at a time, and how many fit a message, so that neither grows with the population."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import WORD
from segmentd.engine.members.cutting import RowSizes, add_up_sizes, count_by_row
from segmentd.scoring.member_table import ENTRY_BYTES, ROW_BYTES
from segmentd.scoring.memberships import Form
from segmentd.scoring.verdicts import Verdicts

WINDOW_STEP: Final = 4_096
"""Windows are multiples of the engine's blocks."""

FIRST_WINDOW_ROWS: Final = 1 << 16
"""Of which the first page is made; a million rows of a hundred segments would take longer than it may."""

MAX_WINDOW_ROWS: Final = 1 << 20
"""Between two windows a call can be cancelled, shows progress, and lets others have its worker."""

PLANE_BYTES: Final = 4 << 20
"""The planes of a window, members and unknowns of all segments, take at most this much: 30 ms to page."""

PAGE_BYTES: Final = 1 << 20
"""A message aims at no more than this."""

SEGMENT_BYTES: Final = 128
"""What a segment costs in every page at most, its details apart: an id of 63 bytes, counts, tags and lengths.

In the form ARROW it is named once more, in the table's dictionary, which takes another half.
"""

CONTAINER_ROWS: Final = 1 << 16
"""Rows of a container of a Roaring bitmap."""

CONTAINER_BYTES: Final = 8_192 + 16
"""What a container takes at most, with its header."""

Range = tuple[int, int]
"""First row, and the row after the last."""


def windows(start: int, stop: int, segments: int, form: Form, page_rows: int = 0) -> Iterator[Range]:
    """The ranges of rows to evaluate one after the other, each of whole pages where pages of `page_rows` fit in.

    The first is small, so that its page comes soon; each of the next ones has twice the rows, up to `window_rows`.
    Of the form COUNTS, which has no pages, all but the first begin at multiples of 64 rows: others would cost planes.
    """
    most = window_rows(segments, form)
    size = min(most, FIRST_WINDOW_ROWS)
    whole = page_rows if form.needs_planes and 0 < page_rows <= most else 1
    lead = 0 if form.needs_planes else start % WORD
    first = start
    while first < stop:
        step = max(size - size % whole, whole)
        last = min(first + step - (lead if first == start else 0), stop)
        yield first, last
        first, size = last, min(2 * size, most)


def window_rows(segments: int, form: Form) -> int:
    """Rows of a window: a multiple of 4,096."""
    if not form.needs_planes or segments == 0:
        return MAX_WINDOW_ROWS
    fitting = PLANE_BYTES * 8 // (2 * segments)
    return min(max(fitting // WINDOW_STEP, 1) * WINDOW_STEP, MAX_WINDOW_ROWS)


def pages(verdicts: Verdicts, form: Form, page_rows: int, origin: int = 0) -> Iterator[Range]:
    """The ranges of a window's rows, counted from its first, that go into a message each; at least a row.

    `page_rows` each; where those do not fit a message, or for 0, even shares that begin a multiple of 64 rows after
    row `origin`, unless 64 rows do not fit.
    """
    fitting = _Fitting(verdicts, form, origin)
    step = page_rows or verdicts.rows
    for first in range(0, verdicts.rows, max(step, 1)):
        start, last = first, min(first + step, verdicts.rows)
        while start < last:
            stop = fitting.stop(start, last)
            yield start, stop
            start = stop


class _Fitting:
    """Where the pages of a window end. Sizes are in bits: a row of a plane takes one."""

    def __init__(self, verdicts: Verdicts, form: Form, origin: int) -> None:
        each_segment = SEGMENT_BYTES * 3 // 2 if form is Form.ARROW else SEGMENT_BYTES
        self._room = 8 * max(PAGE_BYTES - each_segment * len(verdicts.segments), PAGE_BYTES // 2)
        self._ends = _sizes_up_to(verdicts, form)
        self._full_rows = _rows_of_full_containers(verdicts, self._room // 8) if form is Form.BITMAPS else 0
        self._offset = verdicts.row_start - origin

    def stop(self, start: int, last: int) -> int:
        """Where the page that begins at `start` ends, `last` at most."""
        used = int(self._ends[start - 1]) if start else 0
        left = int(self._ends[last - 1]) - used
        if left <= self._room or start + self._full_rows >= last:
            return last
        # An even share, and not all that fits: the last page would be left with a few rows.
        share = left // -(-left // self._room)
        stop = max(int(np.searchsorted(self._ends, used + share, side="right")), start + self._full_rows)
        aligned = stop - (self._offset + stop) % WORD
        return aligned if aligned > start else max(stop, start + 1)


def _sizes_up_to(verdicts: Verdicts, form: Form) -> npt.NDArray[np.int64]:
    """How many bits the rows up to each add to a page, at most."""
    segments = len(verdicts.segments)
    if form is Form.PLANES or segments == 0:
        return np.arange(1, verdicts.rows + 1) * (2 * segments)
    entries = count_by_row(verdicts.rows, *verdicts.known_planes())
    if form is Form.BITMAPS:
        return add_up_sizes(entries, RowSizes(16), None)
    named = 0 if verdicts.ids is None else 1 + _END_BYTES
    if form is Form.LISTS:
        sizes = RowSizes(8 * _varint_bytes(segments), 8 * (2 * _END_BYTES + named), is_named_by_entry=False)
    elif form is Form.ARROW:
        sizes = RowSizes(8 * (ENTRY_BYTES + (ROW_BYTES if verdicts.ids is None else 0)))
    else:
        sizes = RowSizes(8 * (named or _varint_bytes(verdicts.row_start + verdicts.rows)))
    return add_up_sizes(entries, sizes, verdicts.ids)


def _rows_of_full_containers(verdicts: Verdicts, room: int) -> int:
    """Rows whose bitmaps fit however full they are; a range touches a container more than its rows fill."""
    containers = room // (2 * max(len(verdicts.segments), 1) * CONTAINER_BYTES) - 1
    return max(containers, 0) * CONTAINER_ROWS


_END_BYTES: Final = 5
"""A 32-bit number as a varint, at most."""


def _varint_bytes(largest: int) -> int:
    """The bytes of a number up to `largest` as a varint."""
    return max(-(-largest.bit_length() // 7), 1)
