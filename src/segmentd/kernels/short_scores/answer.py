"""Answers of short requests as the bytes of Memberships, in the order and width in which protobuf writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, short_kernel
from segmentd.kernels.lanes import count_ones
from segmentd.kernels.protobuf.wire import byte_at
from segmentd.kernels.short_scores.run import convert_slots, run_word
from segmentd.kernels.short_scores.scan import store_byte

# Forms, as the API numbers them.
COUNTS, IDS, LISTS, PLANES = 1, 2, 3, 4

# Tags: field number times 8 plus wire type.
ROW_COUNT, SEGMENT, SUBJECT_LISTS = 0x10, 0x1A, 0x22  # of Memberships
MEMBER_COUNT, UNKNOWN_COUNT = 0x10, 0x18  # of SegmentMembership
SETS, BITS = 0x22, 0x2A  # of SegmentMembership, by form
MEMBER_ROWS, UNKNOWN_ROWS = 0x1A, 0x22  # of SubjectSets
MEMBER_BITS, UNKNOWN_BITS = 0x0A, 0x12  # of Planes
MEMBER_ENDS, MEMBERS, UNKNOWN_ENDS, UNKNOWNS = 0x0A, 0x12, 0x1A, 0x22  # of SubjectLists


@inline_kernel
def put_varint(number: Any, to: Any) -> Any:
    """The address after the varint of a number that is not negative."""
    while number > 127:
        store_byte(to, number | 128)
        number >>= 7
        to += 1
    store_byte(to, number)
    return to + 1


@inline_kernel
def put_detail(form: int, tag: int, plane: Any, count: Any, rows: int, to: Any) -> Any:
    """The address after a plane as a field of up to 64 bytes: its bits, or the numbers of its rows."""
    store_byte(to, tag)
    start = to = to + 2
    if form == PLANES:
        for index in range((rows + 7) // 8):
            store_byte(to, np.int64((plane >> np.uint64(8 * index)) & np.uint64(255)))
            to += 1
    else:
        for row in range(rows):
            if (plane >> np.uint64(row)) & np.uint64(1):
                store_byte(to, row)
                to += 1
    store_byte(start - 1, to - start)
    return to


@inline_kernel
def put_segments(verdicts: Any, rows: int, form: int, names: Any, name_ends: Any, scratch: Any, to: Any) -> Any:
    """The address after the fields `segments`. `scratch` has room for one of them."""
    name = np.int64(names.ctypes.data)
    first_name = name
    for segment in range(verdicts.shape[0]):
        members, unknowns = np.int64(count_ones(verdicts[segment, 0])), np.int64(count_ones(verdicts[segment, 1]))
        # The length stands before, so that what follows the name is written aside first, and there it is short.
        end = scratch
        if members:
            store_byte(end, MEMBER_COUNT)
            store_byte(end + 1, members)
            end += 2
        if unknowns:
            store_byte(end, UNKNOWN_COUNT)
            store_byte(end + 1, unknowns)
            end += 2
        if form in (PLANES, IDS):
            store_byte(end, BITS if form == PLANES else SETS)
            # Nobody is a member and unknown, so that also the numbers of rows are of less than 128 bytes.
            end += 2
            inside = end
            if form == PLANES or members:
                tag = MEMBER_BITS if form == PLANES else MEMBER_ROWS
                end = put_detail(form, tag, verdicts[segment, 0], members, rows, end)
            if unknowns:
                tag = UNKNOWN_BITS if form == PLANES else UNKNOWN_ROWS
                end = put_detail(form, tag, verdicts[segment, 1], unknowns, rows, end)
            store_byte(inside - 1, end - inside)
        next_name = first_name + name_ends[segment]
        store_byte(to, SEGMENT)
        to = put_varint(next_name - name + end - scratch, to + 1)
        for place in range(name, next_name):
            store_byte(to, byte_at(place))
            to += 1
        for place in range(scratch, end):
            store_byte(to, byte_at(place))
            to += 1
        name = next_name
    return to


@inline_kernel
def put_lists(verdicts: Any, rows: int, scratch: Any, to: Any) -> Any:
    """The address after the field `lists`. `scratch` has room for it."""
    unknown = np.uint64(0)
    for segment in range(verdicts.shape[0]):
        unknown |= verdicts[segment, 1]
    end = scratch
    for which in range(2 if unknown else 1):
        # Ends and entries are written aside, the ends with room for their head; entries behind the longest ends.
        ends = end + 8
        entries = ends + 4 * rows + 8
        first_end, first_entry, count = ends, entries, 0
        for row in range(rows):
            for segment in range(verdicts.shape[0]):
                if (verdicts[segment, which] >> np.uint64(row)) & np.uint64(1):
                    entries = put_varint(segment, entries)
                    count += 1
            ends = put_varint(count, ends)
        for part in range(2 if count else 1):
            first, stop = (first_entry, entries) if part else (first_end, ends)
            store_byte(end, (MEMBERS if part else MEMBER_ENDS) + which * (UNKNOWN_ENDS - MEMBER_ENDS))
            end = put_varint(stop - first, end + 1)
            for place in range(first, stop):
                store_byte(end, byte_at(place))
                end += 1
    store_byte(to, SUBJECT_LISTS)
    to = put_varint(end - scratch, to + 1)
    for place in range(scratch, end):
        store_byte(to, byte_at(place))
        to += 1
    return to


@short_kernel
def answer_request(
    code: Any,
    bounds: Any,
    columns: Any,
    slots: Any,
    limits: Any,
    rows: int,
    values: Any,
    reals: Any,
    present: Any,
    planes: Any,
    verdicts: Any,
    form: int,
    names: Any,
    name_ends: Any,
    scratch: Any,
    out: Any,
) -> Any:
    """The bytes of the memberships, which are in `out`; -1 where a value is not allowed.

    `values`, `present`: as a scan has left them, `reals` the same memory as `values`; `slots`, `limits`: how they are
    converted; `code`, `bounds`, `columns`, `planes`, `verdicts`: as `run_word` takes them. `names` uint8 are the fields
    `segment` of all segments, and `name_ends` int64 where each ends. `out` uint8 is large enough, as is `scratch`.
    """
    if not convert_slots(slots, limits, rows, values, reals, present):
        return -1
    run_word(code, bounds, columns, rows, values, reals, present, planes, verdicts)
    start = np.int64(out.ctypes.data)
    store_byte(start, ROW_COUNT)
    store_byte(start + 1, rows)
    aside = np.int64(scratch.ctypes.data)
    to = put_segments(verdicts, rows, form, names, name_ends, aside, start + 2)
    if form == LISTS:
        to = put_lists(verdicts, rows, aside, to)
    return to - start
