"""What can be wrong with asking as of a past moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from segmentd.errors import ErrorReason, SegmentdError, Status

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class HistoryNotKeptError(SegmentdError):
    """What records were at the moment is no longer kept."""

    reason = ErrorReason.HISTORY_NOT_KEPT
    status = Status.FAILED_PRECONDITION

    def __init__(self, ledger: str, kept_from_us: int) -> None:
        earliest = (_EPOCH + timedelta(microseconds=kept_from_us)).isoformat().replace("+00:00", "Z")
        super().__init__(
            f"what customers and accounts of ledger {ledger!r} were is kept from {earliest} on, and the moment that is "
            "asked about is before that",
            ledger=ledger,
            earliest=earliest,
        )
