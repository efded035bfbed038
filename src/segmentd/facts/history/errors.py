"""What can be wrong with asking as of a past moment."""

from __future__ import annotations

from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.moments import moment_of


class HistoryNotKeptError(SegmentdError):
    """What records were at the moment is no longer kept."""

    reason = ErrorReason.HISTORY_NOT_KEPT
    status = Status.FAILED_PRECONDITION

    def __init__(self, ledger: str, kept_from_us: int) -> None:
        earliest = moment_of(kept_from_us).isoformat().replace("+00:00", "Z")
        super().__init__(
            f"what customers and accounts of ledger {ledger!r} were is kept from {earliest} on, and the moment that is "
            "asked about is before that",
            ledger=ledger,
            earliest=earliest,
        )
