"""What can be wrong with a request to score, its batch and its expressions apart."""

from __future__ import annotations

from segmentd.api.errors import shorten
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status
from segmentd.schema import Subject


class ResponseTooLargeError(SegmentdError):
    """The answer would not fit a message that every client accepts. `size_bytes` is what it has at least."""

    reason = ErrorReason.RESPONSE_TOO_LARGE
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"the answer has {size_bytes} bytes or more, and at most {limit_bytes} fit a message; ask for fewer rows "
            "or segments, or for another form",
            size_bytes=size_bytes,
            limit_bytes=limit_bytes,
        )


class NoIdsError(SegmentdError):
    """Resident subjects are asked about, and none is named."""

    reason = ErrorReason.EMPTY_BATCH

    def __init__(self, field: str) -> None:
        description = "has no ids; give at least one"
        super().__init__(f"{field} {description}", fields=(FieldViolation(field, description),), field=field)


class TooManyIdsError(SegmentdError):
    """More resident subjects are asked about than one request may name."""

    reason = ErrorReason.TOO_MANY_ROWS

    def __init__(self, field: str, ids: int, limit: int) -> None:
        description = f"has {ids} ids; at most {limit} are allowed"
        super().__init__(f"{field} {description}", fields=(FieldViolation(field, description),), rows=ids, limit=limit)


class OtherSubjectError(SegmentdError):
    """A segment that is asked for selects others than those it is asked about."""

    reason = ErrorReason.UNKNOWN_SEGMENT

    def __init__(self, field: str, segment: str, selects: Subject, asked: Subject) -> None:
        description = f"segment {segment!r} selects {selects}s, and {asked}s are asked about"
        super().__init__(
            f"{field}: {description}", fields=(FieldViolation(field, description),), segment=segment, subject=selects
        )


class NoResidentPopulationError(SegmentdError):
    """The ledger holds no customers or accounts."""

    reason = ErrorReason.NO_RESIDENT_POPULATION
    status = Status.FAILED_PRECONDITION

    def __init__(self, ledger: str, subject: Subject) -> None:
        super().__init__(
            f"ledger {ledger!r} holds no {subject}s; write records to it, send features, or start the server with a "
            "population",
            ledger=ledger,
        )


class DataVersionError(SegmentdError):
    """The data version that the caller counts rows of is not the current one."""

    reason = ErrorReason.DATA_VERSION_MISMATCH
    status = Status.ABORTED

    def __init__(self, given: int, current: int) -> None:
        super().__init__(
            f"data_version is {given}, and the current one is {current}; read rows anew",
            data_version=given,
            current=current,
        )


class OverloadedError(SegmentdError):
    """As much work is waiting as the server accepts."""

    reason = ErrorReason.OVERLOADED
    status = Status.UNAVAILABLE

    def __init__(self, limit: int, unit: str = "calls") -> None:
        super().__init__(f"{limit} {unit} are waiting already, which is the limit; try again later", limit=limit)


class WorkersClosedError(SegmentdError):
    """The server stops: what it has not begun is not begun any more."""

    reason = ErrorReason.NOT_READY
    status = Status.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("the server is stopping; call again when its health says SERVING", state="stopping")


class DeadlineExceededError(SegmentdError):
    """The call's deadline passed before the answer was complete."""

    reason = ErrorReason.DEADLINE_EXCEEDED
    status = Status.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        super().__init__("the call's deadline passed before it was answered; set a later one, or ask for less")


class LackingAttributeError(SegmentdError):
    """The ledger lacks an attribute whose values, or groups by it, are asked for."""

    reason = ErrorReason.UNKNOWN_ATTRIBUTE

    def __init__(self, field: str, attribute: str, nearest: str | None) -> None:
        hint = f"; did you mean {nearest!r}?" if nearest else ""
        description = f"no attribute {shorten(attribute)!r}{hint}"
        super().__init__(
            f"{field}: {description}",
            fields=(FieldViolation(field, description),),
            attribute=shorten(attribute),
            nearest=nearest,
        )
