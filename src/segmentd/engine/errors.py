"""What can go wrong when a program meets a batch."""

from __future__ import annotations

from collections.abc import Sequence

from segmentd.errors import ErrorReason, SegmentdError, Status


class RequiredAttributeMissingError(SegmentdError):
    """A required attribute that the program reads has no column, or a row without a value."""

    reason = ErrorReason.REQUIRED_ATTRIBUTE_MISSING

    def __init__(self, attribute: str, readers: Sequence[str], row: int | None) -> None:
        where = "has no column" if row is None else f"has no value in row {row}"
        super().__init__(
            f"required attribute {attribute!r} {where}; it is needed by {', '.join(readers)}",
            attribute=attribute,
            segments=", ".join(readers),
            row="" if row is None else row,
        )


class DistinctLimitError(SegmentdError):
    """An operation without a kernel meets more distinct values than may be tabulated."""

    reason = ErrorReason.DISTINCT_LIMIT
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, attributes: Sequence[str], distinct: int, limit: int) -> None:
        names = ", ".join(attributes)
        super().__init__(
            f"the text operations on {names} would be evaluated for {distinct} distinct values, {limit} are allowed; "
            "ask for fewer rows at once",
            attributes=names,
            distinct=distinct,
            limit=limit,
        )


class TextLimitError(SegmentdError):
    """A text is too long for an operation without a kernel, or such an operation could make one that is."""

    reason = ErrorReason.TEXT_LIMIT
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, attributes: Sequence[str], size: int, limit: int) -> None:
        names = ", ".join(attributes)
        super().__init__(
            f"the text operations on {names} meet or could make a text of {size} bytes, {limit} are allowed",
            attributes=names,
            size_bytes=size,
            limit_bytes=limit,
        )


class EvaluationCancelledError(SegmentdError):
    """The caller no longer waits for the answer."""

    reason = ErrorReason.CALL_CANCELLED
    status = Status.CANCELLED

    def __init__(self) -> None:
        super().__init__("the call was cancelled before it was answered")
