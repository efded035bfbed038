"""What can be wrong with what was kept of the facts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.storage import StoreFailedError

BACKUP: Final = "put back the whole data directory from one backup, or give another data directory"


class FactsDamagedError(SegmentdError):
    """A file of the facts is lacking, shorter than it was, or not what was written. Nothing was changed."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, wrong: str, what_to_do: str = BACKUP) -> None:
        super().__init__(f"{path} {wrong}; nothing was changed: {what_to_do}", error=wrong, path=path)


class UnmarkedError(StoreFailedError):
    """What was written is in the database, but the mark could not be kept that tells when it is lost.

    It is not to be acknowledged before the mark is kept: nothing else is written until then.
    """

    def __init__(self, error: StoreFailedError) -> None:
        SegmentdError.__init__(
            self,
            f"what was written may be on disk, and cannot be acknowledged: {error.message}; send it again with the "
            "same batch id",
            error=error.metadata["error"],
        )
