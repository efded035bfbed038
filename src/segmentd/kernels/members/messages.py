"""The bytes of the API's message `Memberships`, straight from planes: its segments with the details of a form.

Numbers of fields are those of `membership.proto`. What is written is what protobuf itself would write.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.lanes import int32_at, int64_at, uint8_at, uint64_at
from segmentd.kernels.members.bits import (
    copy_bytes,
    copy_short,
    ones_of,
    put_varint,
    store_word,
    trailing_zeros,
    varint_size,
)
from segmentd.kernels.members.extraction import measure_texts

# What is said of a segment beside its counts: nothing, ids, row numbers, a bit a row, or bytes that are given.
NO_DETAILS = 0
TEXTS = 1
ROWS = 2
BITS = 3
BLOBS = 4


@inline_kernel
def measure_rows(plane: Any, first_row: Any) -> Any:
    """The bytes of the rows of a plane's ones as packed varints."""
    size = 0
    for index in range(plane.shape[0]):
        word, row = plane[index], first_row + index * 64
        if word == 0:
            continue
        least = varint_size(row)
        size += least * ones_of(word)
        if varint_size(row + 63) != least:
            while word:
                size += varint_size(row + trailing_zeros(word)) - least
                word &= word - np.uint64(1)
    return size


@inline_kernel
def put_rows(plane: Any, first_row: Any, out: Any, out_size: Any, at: Any) -> Any:
    """The rows of a plane's ones as packed varints at `out + at`; returned is the place behind them.

    A number of up to 8 bytes is spread over a word in three steps, and stored whole where there is room.
    """
    written = uint8_at(out, out_size)
    for index in range(plane.shape[0]):
        word, base = plane[index], first_row + index * 64
        while word:
            row = base + trailing_zeros(word)
            word &= word - np.uint64(1)
            if row >= 1 << 28 or at + 8 > out_size:
                at = put_varint(written, at, row)
                continue
            size = varint_size(row)
            spread = np.uint64(row)
            spread = (spread & np.uint64(0x3FFF)) | (spread & np.uint64(0xFFFC000)) << np.uint64(2)
            spread = (spread & np.uint64(0x007F007F)) | (spread & np.uint64(0x3F803F80)) << np.uint64(1)
            more = np.uint64(0x80808080) & ((np.uint64(1) << np.uint64(8 * size - 8)) - np.uint64(1))
            store_word(out + at, spread | more)
            at += size
    return at


@inline_kernel
def measure_set(content: Any, plane: Any, rows: Any, first_row: Any, ends: Any, count: Any, which: Any) -> Any:
    """The bytes of a set, of members (`which` 0) or unknowns (1), without tag and length around them."""
    if content == BITS:
        return (rows + 7) // 8 if count or which == 0 else 0
    if count == 0:
        return 0
    if content == TEXTS:
        return measure_texts(plane, rows, ends, 1)
    return measure_rows(uint64_at(plane, (rows + 63) // 64), first_row)


@inline_kernel
def put_texts(
    plane: Any, rows: Any, tag: Any, ends: Any, data: Any, data_size: Any, out: Any, out_size: Any, at: Any
) -> Any:
    """The texts of the rows of a plane's ones as repeated strings; `ends` and `data` as for `take_texts`."""
    words = (rows + 63) // 64
    bits, limits, written = uint64_at(plane, words), int32_at(ends, rows + 1), uint8_at(out, out_size)
    for index in range(words):
        word, row = bits[index], index * 64
        if word == 0:
            continue
        start, end = limits[row], limits[min(row + 64, rows)]
        # What the whole word may take, with tags and lengths, so that nothing has to be asked for each text.
        is_roomy = at + (end - start) + 64 * 6 + 16 <= out_size and end + 16 <= data_size
        while word:
            text = row + trailing_zeros(word)
            word &= word - np.uint64(1)
            start = limits[text]
            size = limits[text + 1] - start
            written[at] = np.uint8(tag)
            at = put_varint(written, at + 1, size)
            if is_roomy:
                copy_short(out + at, data + start, size)
            else:
                copy_bytes(out + at, data + start, size)
            at += size
    return at


@inline_kernel
def measure_details(content: Any, sizes: Any) -> Any:
    """The bytes of both sets of a segment; ids come without tag and length around them all, as each has its own."""
    total = 0
    for which in range(2):
        size = sizes[which]
        total += size if content == TEXTS or size == 0 else 1 + varint_size(size) + size
    return total


@inline_kernel
def measure_segment(content: Any, name_size: Any, members: Any, unknowns: Any, sizes: Any) -> Any:
    """The bytes of a message `SegmentMembership`; `name_size` counts tag and length of the name in."""
    total = name_size
    total += 1 + varint_size(members) if members else 0
    total += 1 + varint_size(unknowns) if unknowns else 0
    if content != NO_DETAILS:
        details = measure_details(content, sizes)
        total += 1 + varint_size(details) + details
    return total


@kernel
def measure_memberships(
    content: Any,
    name_ends: Any,
    member_counts: Any,
    unknown_counts: Any,
    members: Any,
    unknowns: Any,
    rows: Any,
    first_row: Any,
    ends: Any,
    sizes: Any,
) -> Any:
    """The bytes of a message without lists.

    `sizes` int64[segments, 2] gets those of each set of a segment, or has those of BLOBS already. `members` and
    `unknowns` are planes of `rows` rows one after the other; `ends` as for `measure_texts`; `name_ends`
    int64[segments + 1], where each segment's field with its name ends.
    """
    segments, stride = sizes.shape[0], 8 * ((rows + 63) // 64)
    names = int64_at(name_ends, segments + 1)
    counts, lacking = int64_at(member_counts, segments), int64_at(unknown_counts, segments)
    total = 1 + varint_size(first_row) if first_row else 0
    total += 1 + varint_size(rows) if rows else 0
    for at in range(segments):
        if content != NO_DETAILS and content != BLOBS:
            sizes[at, 0] = measure_set(content, members + at * stride, rows, first_row, ends, counts[at], 0)
            sizes[at, 1] = measure_set(content, unknowns + at * stride, rows, first_row, ends, lacking[at], 1)
        size = measure_segment(content, names[at + 1] - names[at], counts[at], lacking[at], sizes[at])
        total += 1 + varint_size(size) + size
    return total


@kernel
def write_memberships(
    content: Any,
    names: Any,
    name_ends: Any,
    member_counts: Any,
    unknown_counts: Any,
    members: Any,
    unknowns: Any,
    rows: Any,
    first_row: Any,
    ends: Any,
    data: Any,
    data_size: Any,
    sizes: Any,
    out: Any,
    out_size: Any,
) -> Any:
    """Write what `measure_memberships` measured, `sizes` among it; returned are the bytes written.

    `names` are the fields with the segments' names; `data` is where the texts are, or the BLOBS one after the other.
    """
    segments, stride = sizes.shape[0], 8 * ((rows + 63) // 64)
    limits, written, at = int64_at(name_ends, segments + 1), uint8_at(out, out_size), 0
    blob = data
    counts, lacking = int64_at(member_counts, segments), int64_at(unknown_counts, segments)
    at = put_number(written, at, 0x08, first_row)
    at = put_number(written, at, 0x10, rows)
    for index in range(segments):
        name_size = limits[index + 1] - limits[index]
        written[at] = np.uint8(0x1A)
        body = measure_segment(content, name_size, counts[index], lacking[index], sizes[index])
        at = put_varint(written, at + 1, body)
        copy_bytes(out + at, names + limits[index], name_size)
        at = put_number(written, at + name_size, 0x10, counts[index])
        at = put_number(written, at, 0x18, lacking[index])
        if content == NO_DETAILS:
            continue
        written[at] = np.uint8(0x2A if content == BITS else 0x32 if content == BLOBS else 0x22)
        at = put_varint(written, at + 1, measure_details(content, sizes[index]))
        for which in range(2):
            if sizes[index, which] == 0:
                continue
            if content != TEXTS:
                written[at] = np.uint8(0x0A + 8 * which + (0x10 if content == ROWS else 0))
                at = put_varint(written, at + 1, sizes[index, which])
            plane = (unknowns if which else members) + index * stride
            if content == TEXTS:
                at = put_texts(plane, rows, 0x0A + 8 * which, ends, data, data_size, out, out_size, at)
            elif content == ROWS:
                at = put_rows(uint64_at(plane, stride // 8), first_row, out, out_size, at)
            else:
                copy_bytes(out + at, blob if content == BLOBS else plane, sizes[index, which])
                at, blob = at + sizes[index, which], blob + sizes[index, which]
    return at


@kernel
def measure_strings(plane: Any, rows: Any, ends: Any) -> Any:
    """The bytes that `write_strings` writes."""
    return measure_texts(plane, rows, ends, 1)


@kernel
def write_strings(
    plane: Any, rows: Any, tag: Any, ends: Any, data: Any, data_size: Any, out: Any, out_size: Any
) -> Any:
    """The texts of the rows of a plane's ones as repeated strings with a tag; returned are the bytes written."""
    return put_texts(plane, rows, tag, ends, data, data_size, out, out_size, 0)


@inline_kernel
def put_number(out: Any, at: Any, tag: Any, value: Any) -> Any:
    """A field with a number from 0 on; protobuf leaves zeros out."""
    if value == 0:
        return at
    out[at] = np.uint8(tag)
    return put_varint(out, at + 1, value)
