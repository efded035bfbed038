"""What can go wrong when rules of categories meet a batch."""

from __future__ import annotations

from segmentd.errors import ErrorReason, SegmentdError, Status


class RulesTooSlowError(SegmentdError):
    """The rules take more of a processor's time than they may on one batch."""

    reason = ErrorReason.RULES_TOO_SLOW
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, ledger_id: str, rows: int, limit_s: float) -> None:
        super().__init__(
            f"the rules of categories of ledger {ledger_id!r} take more than {limit_s:g} s of a processor on {rows} "
            "transactions; nothing of the batch was written: send fewer at once, give them categories, or look for "
            "rules whose patterns repeat much",
            ledger=ledger_id,
            rows=rows,
            limit_s=f"{limit_s:g}",
        )
