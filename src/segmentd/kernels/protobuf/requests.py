"""Where the subjects of a ScoreRequest lie among its bytes, by field numbers of the protos."""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.protobuf.wire import LENGTH, MALFORMED, MAX_DEPTH, read_length, read_short_varint, skip_unknown

REQUEST = 1
"""Field of StreamScoresRequest."""
FEATURES, CUSTOMERS, ACCOUNTS = 2, 3, 10
"""Fields of ScoreRequest, in one oneof."""
COLUMNS, VECTORS, ARROW = 1, 2, 3
"""Fields of FeatureBatch, in one oneof; what `SUBJECTS` may be."""
COLUMN = 1
"""Field of ColumnBatch."""
NOBODY, RESIDENTS, NO_FORM, HELD_ACCOUNTS = 0, 4, 5, 6
"""What else `SUBJECTS` may be: nobody at all; customers; features in no form; accounts."""

SUBJECTS, BODY_AT, BODY_END, DEPTH, REQUEST_AT, REQUEST_END, CUT_AT, CUT_END, COLUMN_COUNT = range(9)
"""What `locate_subjects` writes: of whom is asked; where that field's value lies; how many messages and groups may be
in each other in it; where the ScoreRequest lies; where, in that, all of `features`, `customers` or `accounts` lies; and
how many columns a ColumnBatch has."""

PLACES = 9

NO_REQUEST, MERGED, LOCATED = range(3)
"""What `locate_subjects` returns: the bytes are no message; a field comes more than once, and protobuf would merge the
values or drop all but the last; the subjects are located."""


_STREAMED, _SCORE, _BATCH, _COLUMN_BATCH = range(4)
_LEVELS = (
    (REQUEST, REQUEST, REQUEST),
    (FEATURES, CUSTOMERS, ACCOUNTS),
    (COLUMNS, ARROW, ARROW),
    (COLUMN, COLUMN, COLUMN),
)
"""The message types that are in each other, and the fields looked for in each: the first to the second, and a third."""


@inline_kernel
def _find(at: int, end: int, fields: Any, depth: int, open_groups: int) -> Any:
    """How many fields with a length are those looked for, see `_LEVELS`, -1: this is no message; and the last of them.

    Of that its number, where its tag begins, where its value begins, and where that ends; the value is not looked at.
    """
    first, last, other = fields
    count = number = 0
    found_at = found = found_end = end
    while at < end:
        tag_at = at
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            return -1, number, found_at, found, found_end
        if tag & 7 == LENGTH and ((first <= tag >> 3 and tag >> 3 <= last) or tag >> 3 == other):
            at, stop = read_length(at, end)
            if at == MALFORMED:
                return -1, number, found_at, found, found_end
            count += 1
            number, found_at, found, found_end = tag >> 3, tag_at, at, stop
            at = stop
        else:
            at = skip_unknown(at, end, tag, depth, open_groups)
            if at == MALFORMED:
                return -1, number, found_at, found, found_end
    return count, number, found_at, found, found_end


@kernel
def locate_subjects(data: Any, streamed: int, open_groups: Any, places: Any) -> Any:
    """Look through a ScoreRequest, or if `streamed` is 1 a StreamScoresRequest; gives what `NO_REQUEST` describes.

    `open_groups`: scratch of `MAX_DEPTH` elements; `places`: see `SUBJECTS`, `PLACES` elements.
    """
    scratch, base = open_groups.ctypes.data, data.ctypes.data
    at, end, depth = base, base + len(data), MAX_DEPTH
    level = _STREAMED if streamed == 1 else _SCORE
    places[COLUMN_COUNT] = 0
    while True:
        count, number, tag_at, body_at, body_end = _find(at, end, _LEVELS[level], depth, scratch)
        if count < 0:
            return NO_REQUEST
        if level == _COLUMN_BATCH:
            places[COLUMN_COUNT] = count
            return LOCATED
        if count > 1:
            return MERGED
        depth -= 1
        if level == _SCORE:
            places[REQUEST_AT], places[REQUEST_END] = at - base, end - base
            places[CUT_AT], places[CUT_END] = tag_at - base, body_end - base
            places[SUBJECTS] = NOBODY if count == 0 else HELD_ACCOUNTS if number == ACCOUNTS else RESIDENTS
        elif level == _BATCH:
            places[SUBJECTS] = number if count == 1 else NO_FORM
        if level == _BATCH or (level == _SCORE and number != FEATURES):
            places[BODY_AT], places[BODY_END], places[DEPTH] = body_at - base, body_end - base, depth
            if level == _SCORE or number != COLUMNS:
                return LOCATED
        at, end = body_at, body_end
        level += 1
