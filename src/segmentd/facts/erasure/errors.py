"""What can be wrong with erasing somebody."""

from __future__ import annotations

from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status


class CustomerNotFoundError(SegmentdError):
    """The ledger has no customer of this id. The id is not repeated: it may be all that is left of somebody."""

    reason = ErrorReason.CUSTOMER_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, ledger_id: str) -> None:
        wrong = "the ledger has no customer of this id; set allow_missing to erase what else may tell of one"
        super().__init__(wrong, fields=(FieldViolation("customer_id", wrong),), ledger=ledger_id)
