"""What can go wrong with a batch before anybody looks into it."""

from __future__ import annotations

from segmentd.errors import ErrorReason, SegmentdError, Status


class IngestionClosedError(SegmentdError):
    """The server stops: no more batches are taken."""

    reason = ErrorReason.NOT_READY
    status = Status.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("the server is stopping; call again when its health says SERVING", state="stopping")
