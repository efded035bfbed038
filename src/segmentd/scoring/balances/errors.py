"""What can be wrong with a question about balances."""

from __future__ import annotations

from segmentd.api.errors import shorten
from segmentd.errors import ErrorReason, SegmentdError, Status


class NoFactsError(SegmentdError):
    """The ledger has no accounts of its own to sum up."""

    reason = ErrorReason.NO_FACTS
    status = Status.FAILED_PRECONDITION

    def __init__(self, ledger: str) -> None:
        super().__init__(
            f"ledger {ledger!r} holds no accounts: balances need a ledger whose records were written or imported, and "
            "whose customers were not read from a file",
            ledger=ledger,
        )


class TooManyGroupsError(SegmentdError):
    """What groups are made by has more values than may be answered."""

    reason = ErrorReason.TOO_MANY_GROUPS
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, by: str, groups: int, limit: int) -> None:
        shown = shorten(by)
        super().__init__(
            f"grouped by {shown} there would be up to {groups} groups, or counts of histograms; at most {limit} are "
            "allowed",
            by=shown,
            groups=groups,
            limit=limit,
        )


class AmountOverflowError(SegmentdError):
    """A sum of balances does not fit 64 bits."""

    reason = ErrorReason.AMOUNT_OVERFLOW
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, what: str) -> None:
        shown = shorten(what)
        super().__init__(
            f"the sum of {shown} does not fit 64 bits of minor units; ask for smaller groups, or without sums",
            what=shown,
        )
