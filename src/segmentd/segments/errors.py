"""What can be wrong with a request about segments, and with references between them."""

from __future__ import annotations

from collections.abc import Sequence

from segmentd.api.errors import name_users, nearest, shorten
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status
from segmentd.language import ExpressionError


class SegmentNotFoundError(SegmentdError):
    """The ledger has no segment of this name."""

    reason = ErrorReason.SEGMENT_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, segment_id: str, known: Sequence[str]) -> None:
        likely = nearest(segment_id, known)
        hint = f"; did you mean {likely!r}?" if likely else ""
        super().__init__(f"there is no segment {segment_id!r}{hint}", segment=segment_id)


class SegmentInUseError(SegmentdError):
    """Others refer to the segment."""

    reason = ErrorReason.SEGMENT_IN_USE
    status = Status.FAILED_PRECONDITION

    def __init__(self, segment_id: str, users: Sequence[str]) -> None:
        named = name_users(users)
        super().__init__(
            f"segment {segment_id!r} is used by {named}: it cannot be deleted", segment=segment_id, used_by=named
        )


class UnknownSegmentError(SegmentdError):
    """A request asks for a segment that its ledger lacks, or that selects other subjects."""

    reason = ErrorReason.UNKNOWN_SEGMENT

    def __init__(self, segment_id: str, known: Sequence[str], field: str) -> None:
        likely = nearest(segment_id, known)
        hint = f"; did you mean {likely!r}?" if likely else ""
        shown = shorten(segment_id)
        description = f"there is no segment {shown!r} here{hint}"
        super().__init__(
            f"{field}: {description}",
            fields=(FieldViolation(field, description),),
            segment=shown,
            nearest=likely or "",
        )


class UnknownReferenceError(ExpressionError):
    """An expression refers to a segment that its ledger lacks, or that selects other subjects."""

    reason = ErrorReason.UNKNOWN_SEGMENT


class SegmentCycleError(ExpressionError):
    """A segment refers to itself, directly or through others."""

    reason = ErrorReason.SEGMENT_CYCLE


class InvalidFilterError(SegmentdError):
    """The filter cannot be read."""

    reason = ErrorReason.INVALID_FILTER

    def __init__(self, text: str, column: int) -> None:
        description = (
            f'cannot be read from column {column} on; it takes terms joined by AND, each labels.KEY = "VALUE", '
            "labels.KEY:* or state = ACTIVE"
        )
        super().__init__(
            f"filter {shorten(text)!r} {description}",
            fields=(FieldViolation("filter", description),),
            filter=shorten(text),
            column=column,
        )
