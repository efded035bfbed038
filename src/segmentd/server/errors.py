"""What can go wrong with a call whatever it asks for: its size, the server's state, the caller's patience."""

from __future__ import annotations

from segmentd.errors import ErrorReason, SegmentdError, Status


class MessageTooLargeError(SegmentdError):
    """The request is larger than the server accepts."""

    reason = ErrorReason.MESSAGE_TOO_LARGE
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"the request has {size_bytes} bytes, and at most {limit_bytes} are accepted; send less at once",
            size_bytes=size_bytes,
            limit_bytes=limit_bytes,
        )


class TooManyCallsError(SegmentdError):
    """As many calls are open as the server accepts."""

    reason = ErrorReason.OVERLOADED
    status = Status.UNAVAILABLE

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} calls are open, which is the limit; try again later", limit=limit)


class NotReadyError(SegmentdError):
    """The server is starting or stopping."""

    reason = ErrorReason.NOT_READY
    status = Status.UNAVAILABLE

    def __init__(self, state: str) -> None:
        super().__init__(f"the server is {state}; call again when its health says SERVING", state=state)


class OutOfMemoryError(SegmentdError):
    """The request needed more memory than there is."""

    reason = ErrorReason.OVERLOADED
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self) -> None:
        super().__init__("the server has too little memory for this request; ask for fewer rows or segments")


class DefectError(SegmentdError):
    """Something failed that should not have; the log has an event of the same id."""

    reason = ErrorReason.INTERNAL
    status = Status.INTERNAL

    def __init__(self, event_id: str) -> None:
        super().__init__(f"the server failed; its log has event {event_id}", event_id=event_id)


class LedgerConflictError(SegmentdError):
    """The server is to be started with another currency or time zone than its ledger has."""

    reason = ErrorReason.INVALID_FIELD
    status = Status.FAILED_PRECONDITION

    def __init__(self, field: str, *, given: str, stored: str, advice: str) -> None:
        super().__init__(
            f"{field} is {given!r}, and ledger 'main' is stored with {stored!r}; {advice}",
            field=field,
            value=given,
            stored=stored,
        )


class StartAbandonedError(Exception):
    """The server was told to stop before it served."""
