"""Where in a request for a snapshot the segments stand that an evaluation finds fault with."""

from __future__ import annotations

import re
from typing import Final

from segmentd.errors import FieldViolation, SegmentdError

_SEGMENT: Final = re.compile(r"segments\[\d+\]")


def placed_in_snapshot(error: SegmentdError) -> SegmentdError:
    """The error, which says `snapshot.segments[0].segment` where it said `segments[0]`: fields, message, metadata."""
    for violation in error.fields:
        if _SEGMENT.fullmatch(violation.field):
            _move(error, violation.field, f"snapshot.{violation.field}.segment")
    return error


def _move(error: SegmentdError, before: str, after: str) -> None:
    error.fields = tuple(
        FieldViolation(after, each.description) if each.field == before else each for each in error.fields
    )
    if error.message.startswith(before):
        error.message = after + error.message.removeprefix(before)
        error.args = (error.message,)
    if error.metadata.get("field") == before:
        error.metadata = {**error.metadata, "field": after}
