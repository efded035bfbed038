"""What can be wrong with what was kept of the facts."""

from __future__ import annotations

from pathlib import Path

from segmentd.errors import ErrorReason, SegmentdError, Status


class FactsDamagedError(SegmentdError):
    """A file of the facts is lacking, shorter than it was, or not what was written. Nothing was changed."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, wrong: str) -> None:
        super().__init__(
            f"{path} {wrong}; nothing was changed: put back the whole data directory from one backup, or give another "
            "data directory",
            error=wrong,
            path=path,
        )
