"""A VectorBatch from its bytes into columns, by the field numbers of `feature_batch.proto`."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.protobuf.wire import (
    FIXED64,
    LENGTH,
    MALFORMED,
    MAX_DEPTH,
    VARINT,
    byte_at,
    double_at,
    is_text,
    read_length,
    read_short_varint,
    read_varint,
    skip_unknown,
    word_at,
)

ATTRIBUTES, VECTORS, IDS = 1, 2, 3
"""Fields of VectorBatch."""
ELEMENTS = 1
"""Field of StringList."""
DOUBLES, INTEGERS, BOOLS, STRINGS, LISTS, NULLS = 1, 2, 3, 4, 5, 6
"""Fields of FeatureVector."""

ATTRIBUTE_COUNT, ROW_COUNT, ID_COUNT, MOST_NULLS, ANY_NULLS = range(5)
FEWEST, MOST = 5, 10
"""What `survey_vectors` writes: the number of attributes, vectors and ids; the most bytes that nulls have; whether any
bit of them is set; from `FEWEST` on, the fewest slots that a vector has of each field, and from `MOST` on, the most."""

SURVEYED = 15

TILE = 64
"""Vectors of doubles that are read column by column, while they stay in the first cache."""

_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)


@inline_kernel
def _count_varints(at: int, end: int) -> Any:
    """How many varints the bytes are; -1 if they are none."""
    count = 0
    while at < end:
        if end - at >= 8 and word_at(at) & _HIGH_BITS == np.uint64(0):
            at += 8
            count += 8
            continue
        at, _ = read_varint(at, end)
        if at == MALFORMED:
            return -1
        count += 1
    return count


@inline_kernel
def _is_list(at: int, end: int, depth: int, open_groups: int) -> Any:
    """Whether the bytes are a StringList."""
    while at < end:
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            return False
        if tag == ELEMENTS << 3 | LENGTH:
            at, stop = read_length(at, end)
            if at == MALFORMED or not is_text(at, stop):
                return False
            at = stop
        else:
            at = skip_unknown(at, end, tag, depth, open_groups)
            if at == MALFORMED:
                return False
    return True


@inline_kernel
def _count_slots(at: int, end: int, depth: int, open_groups: int) -> Any:
    """Whether the bytes are a FeatureVector; how many slots of each field it has; where its nulls are, their size."""
    doubles = integers = bools = strings = lists = nulls_at = nulls_size = 0
    valid = True
    while at < end and valid:
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            valid = False
        elif tag & 7 == LENGTH and tag >= DOUBLES << 3 and tag < (NULLS + 1) << 3:
            at, stop = read_length(at, end)
            field = tag >> 3
            if at == MALFORMED:
                valid = False
            elif field == DOUBLES:
                valid = (stop - at) & 7 == 0
                doubles += (stop - at) >> 3
            elif field == INTEGERS:
                varints = _count_varints(at, stop)
                valid = varints >= 0
                integers += varints
            elif field == BOOLS:
                varints = _count_varints(at, stop)
                valid = varints >= 0
                bools += varints
            elif field == STRINGS:
                valid = is_text(at, stop)
                strings += 1
            elif field == LISTS:
                valid = depth >= 1 and _is_list(at, stop, depth - 1, open_groups)
                lists += 1
            else:
                nulls_at, nulls_size = at, stop - at
            at = stop
        else:
            doubles += tag == DOUBLES << 3 | FIXED64
            integers += tag == INTEGERS << 3 | VARINT
            bools += tag == BOOLS << 3 | VARINT
            at = skip_unknown(at, end, tag, depth, open_groups)
            valid = at != MALFORMED
    return valid, doubles, integers, bools, strings, lists, nulls_at, nulls_size


@inline_kernel
def _header_of_doubles(at: int, value: int, end: int) -> Any:
    """The bytes before the doubles of a vector from `at` to `end` that is nothing but a pack of them; 0 if it is not.

    `value` is where the vector's first field begins. Of vectors of doubles that begin with the same bytes the rest is
    doubles too: they need not be taken apart again, which takes longer than to copy what is in them.
    """
    within, tag = read_short_varint(value, end)
    if within == MALFORMED or tag != DOUBLES << 3 | LENGTH:
        return 0
    first, last = read_length(within, end)
    header = first - at
    return header if first != MALFORMED and last == end and first < end and header <= 8 else 0


@inline_kernel
def _first_bytes(at: int, count: int) -> Any:
    """The first 1 to 8 bytes of at least 8."""
    return word_at(at) << np.uint64(64 - 8 * count)


@inline_kernel
def _has_ones(at: int, size: int) -> Any:
    ones = 0
    for place in range(size):
        ones |= byte_at(at + place)
    return ones != 0


@inline_kernel
def _note(survey: Any, field: int, count: int) -> None:
    """Widen the range of the slots of a field by those of one vector."""
    if survey[ROW_COUNT] == 0 or count < survey[FEWEST + field - 1]:
        survey[FEWEST + field - 1] = count
    survey[MOST + field - 1] = max(survey[MOST + field - 1], count)


@kernel
def survey_vectors(data: Any, at: int, end: int, depth: int, open_groups: Any, survey: Any) -> Any:
    """Read a VectorBatch, writing only how much there is; whether the bytes are one, all text UTF-8.

    `depth`: how many messages and groups may be in each other in this one; `open_groups`: scratch of `MAX_DEPTH`
    elements; `survey`: see `FEWEST`, `SURVEYED` elements.
    """
    survey[:] = 0
    scratch = open_groups.ctypes.data
    at += data.ctypes.data
    end += data.ctypes.data
    header = size = 0
    pattern = np.uint64(0)
    while at < end:
        if header > 0 and end - at >= size and _first_bytes(at, header) == pattern:
            survey[ROW_COUNT] += 1
            at += size
            continue
        begin = at
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            return False
        if tag == VECTORS << 3 | LENGTH:
            at, stop = read_length(at, end)
            if at == MALFORMED or depth < 1:
                return False
            valid, doubles, integers, bools, strings, lists, nulls_at, nulls_size = _count_slots(
                at, stop, depth - 1, scratch
            )
            if not valid:
                return False
            _note(survey, DOUBLES, doubles)
            _note(survey, INTEGERS, integers)
            _note(survey, BOOLS, bools)
            _note(survey, STRINGS, strings)
            _note(survey, LISTS, lists)
            survey[ROW_COUNT] += 1
            if doubles > 0:
                header, size = _header_of_doubles(begin, at, stop), stop - begin
                if header > 0:
                    pattern = _first_bytes(begin, header)
            if nulls_size > 0:
                survey[MOST_NULLS] = max(survey[MOST_NULLS], nulls_size)
                survey[ANY_NULLS] |= _has_ones(nulls_at, nulls_size)
            at = stop
        elif tag == ATTRIBUTES << 3 | LENGTH or tag == IDS << 3 | LENGTH:
            at, stop = read_length(at, end)
            if at == MALFORMED or not is_text(at, stop):
                return False
            survey[ATTRIBUTE_COUNT if tag == ATTRIBUTES << 3 | LENGTH else ID_COUNT] += 1
            at = stop
        else:
            at = skip_unknown(at, end, tag, depth, scratch)
            if at == MALFORMED:
                return False
    return True


@inline_kernel
def _zigzag(value: Any) -> Any:
    """The signed number of a zigzag one."""
    return np.int64(value >> np.uint64(1)) ^ -np.int64(value & np.uint64(1))


@inline_kernel
def _add_bit(planes: Any, place: int, row: int, bit: Any) -> None:
    """Set the row's bit of a plane if `bit` is true: without a branch, which random truth values would mispredict."""
    planes[place, row >> 6] |= np.uint64(bit) << np.uint64(row & 63)


@inline_kernel
def _read_nulls(at: int, size: int, row: int, absent: Any) -> None:
    for index in range(size):
        byte = byte_at(at + index)
        for bit in range(8):
            if index * 8 + bit < absent.shape[0]:
                _add_bit(absent, index * 8 + bit, row, byte >> bit & 1)


@kernel
def read_vectors(
    data: Any,
    at: int,
    end: int,
    open_groups: Any,
    doubles: Any,
    integers: Any,
    bools: Any,
    string_starts: Any,
    string_sizes: Any,
    list_starts: Any,
    list_sizes: Any,
    absent: Any,
) -> None:
    """The values of all vectors, a column a place; the bytes have been surveyed, and the arrays are as large as found.

    `doubles`, `integers`: [places, rows]; `bools`: zeroed planes; `string_starts`, `string_sizes`, `list_starts`,
    `list_sizes`: [places, rows], where each lies; `absent`: zeroed planes of missing values, one an attribute, or none.
    """
    row = 0
    scratch = open_groups.ctypes.data
    base = data.ctypes.data
    at += base
    end += base
    header = size = 0
    pattern = np.uint64(0)
    while at < end:
        if header > 0 and end - at >= size and _first_bytes(at, header) == pattern:
            begin, first_row = at, row
            while row - first_row < TILE and end - at >= size and _first_bytes(at, header) == pattern:
                at += size
                row += 1
            for place in range(doubles.shape[0]):
                source = begin + header + 8 * place
                for tile_row in range(row - first_row):
                    doubles[place, first_row + tile_row] = double_at(source + size * tile_row)
            continue
        begin = at
        at, tag = read_short_varint(at, end)
        if tag != VECTORS << 3 | LENGTH:
            at = skip_unknown(at, end, tag, MAX_DEPTH, scratch)
            continue
        at, stop = read_length(at, end)
        if doubles.shape[0] > 0:
            header, size = _header_of_doubles(begin, at, stop), stop - begin
            if header > 0:
                pattern = _first_bytes(begin, header)
        in_doubles = in_integers = in_bools = in_strings = in_lists = nulls_at = nulls_size = 0
        while at < stop:
            at, tag = read_short_varint(at, stop)
            if tag == DOUBLES << 3 | LENGTH:
                at, last = read_length(at, stop)
                while at < last:
                    doubles[in_doubles, row] = double_at(at)
                    in_doubles += 1
                    at += 8
            elif tag == INTEGERS << 3 | LENGTH:
                at, last = read_length(at, stop)
                while at < last:
                    at, value = read_varint(at, last)
                    integers[in_integers, row] = _zigzag(value)
                    in_integers += 1
            elif tag == BOOLS << 3 | LENGTH:
                at, last = read_length(at, stop)
                while at < last:
                    at, value = read_varint(at, last)
                    _add_bit(bools, in_bools, row, value != np.uint64(0))
                    in_bools += 1
            elif tag == STRINGS << 3 | LENGTH:
                at, last = read_length(at, stop)
                string_starts[in_strings, row] = at - base
                string_sizes[in_strings, row] = last - at
                in_strings += 1
                at = last
            elif tag == LISTS << 3 | LENGTH:
                at, last = read_length(at, stop)
                list_starts[in_lists, row] = at - base
                list_sizes[in_lists, row] = last - at
                in_lists += 1
                at = last
            elif tag == NULLS << 3 | LENGTH:
                nulls_at, last = read_length(at, stop)
                nulls_size = last - nulls_at
                at = last
            elif tag == DOUBLES << 3 | FIXED64:
                doubles[in_doubles, row] = double_at(at)
                in_doubles += 1
                at += 8
            elif tag == INTEGERS << 3 | VARINT:
                at, value = read_varint(at, stop)
                integers[in_integers, row] = _zigzag(value)
                in_integers += 1
            elif tag == BOOLS << 3 | VARINT:
                at, value = read_varint(at, stop)
                _add_bit(bools, in_bools, row, value != np.uint64(0))
                in_bools += 1
            else:
                at = skip_unknown(at, stop, tag, MAX_DEPTH, scratch)
        _read_nulls(nulls_at, nulls_size, row, absent)
        row += 1
