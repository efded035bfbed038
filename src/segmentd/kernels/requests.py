"""Where the subjects of a ScoreRequest lie among its bytes, by field numbers of the protos."""

from __future__ import annotations

from typing import Any

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.wire import LENGTH, MALFORMED, MAX_DEPTH, read_length, read_short_varint, skip_unknown

REQUEST = 1
"""Field of StreamScoresRequest."""
FEATURES, CUSTOMERS = 2, 3
"""Fields of ScoreRequest, in one oneof."""
COLUMNS, VECTORS, ARROW = 1, 2, 3
"""Fields of FeatureBatch, in one oneof; what `SUBJECTS` may be."""
NOBODY, RESIDENTS, NO_FORM = 0, 4, 5
"""What else `SUBJECTS` may be: neither features nor customers; customers; features in no form."""

SUBJECTS, BODY_AT, BODY_END, DEPTH, REQUEST_AT, REQUEST_END, CUT_AT, CUT_END = range(8)
"""What `locate_subjects` writes: of whom is asked; where that field's value lies; how many messages and groups may be
in each other in it; where the ScoreRequest lies; and where, in that, all of `features` or `customers` lies."""

PLACES = 8

NO_REQUEST, MERGED, LOCATED = range(3)
"""What `locate_subjects` returns: the bytes are no message; a field comes more than once, and protobuf would merge the
values or drop all but the last; the subjects are located."""


@inline_kernel
def _find(at: int, end: int, first: int, last: int, depth: int, open_groups: int) -> Any:
    """How many fields with a length are numbered `first` to `last`, -1: this is no message; and the last of them.

    Of that its number, where its tag begins, where its value begins, and where that ends; the value is not looked at.
    """
    count = number = 0
    found_at = found = found_end = end
    while at < end:
        tag_at = at
        at, tag = read_short_varint(at, end)
        if at == MALFORMED:
            return -1, number, found_at, found, found_end
        if tag & 7 == LENGTH and first <= tag >> 3 and tag >> 3 <= last:
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
    scratch = open_groups.ctypes.data
    base = data.ctypes.data
    at, end, depth = base, base + len(data), MAX_DEPTH
    if streamed == 1:
        count, _, _, at, end = _find(at, end, REQUEST, REQUEST, depth, scratch)
        depth -= 1
        if count < 0 or count > 1:
            return NO_REQUEST if count < 0 else MERGED
    count, number, cut_at, body_at, body_end = _find(at, end, FEATURES, CUSTOMERS, depth, scratch)
    if count < 0 or count > 1:
        return NO_REQUEST if count < 0 else MERGED
    places[REQUEST_AT], places[REQUEST_END], places[CUT_AT], places[CUT_END] = (
        at - base,
        end - base,
        cut_at - base,
        body_end - base,
    )
    subjects = NOBODY if count == 0 else RESIDENTS
    depth -= 1
    if count == 1 and number == FEATURES:
        count, number, _, body_at, body_end = _find(body_at, body_end, COLUMNS, ARROW, depth, scratch)
        if count < 0 or count > 1:
            return NO_REQUEST if count < 0 else MERGED
        depth -= 1
        subjects = NO_FORM if count == 0 else number
    places[SUBJECTS] = subjects
    places[BODY_AT] = body_at - base
    places[BODY_END] = body_end - base
    places[DEPTH] = depth
    return LOCATED
