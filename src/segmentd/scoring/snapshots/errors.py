"""What can go wrong with snapshots."""

from __future__ import annotations

from pathlib import Path

from segmentd.api.errors import nearest
from segmentd.errors import ErrorReason, SegmentdError, Status


class SnapshotNotFoundError(SegmentdError):
    """The ledger has no snapshot of this id."""

    reason = ErrorReason.SNAPSHOT_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, snapshot_id: str, known: tuple[str, ...]) -> None:
        likely = nearest(snapshot_id, known)
        hint = f"; did you mean {likely!r}?" if likely else ""
        super().__init__(f"no snapshot {snapshot_id!r}{hint}", snapshot=snapshot_id)


class TooManySnapshotsError(SegmentdError):
    """The ledger has as many snapshots as it may."""

    reason = ErrorReason.SNAPSHOT_LIMIT
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, limit: int) -> None:
        super().__init__(f"the ledger has {limit} snapshots, which is the most; delete one first", limit=limit)


class SnapshotTooLargeError(SegmentdError):
    """So many segments of so many rows are more than a snapshot may hold."""

    reason = ErrorReason.SNAPSHOT_LIMIT
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, rows: int, segments: int, limit: int) -> None:
        super().__init__(
            f"{segments} segments of {rows} rows are {rows * segments} memberships, at most {limit} are allowed; "
            "name fewer segments",
            rows=rows,
            segments=segments,
            limit=limit,
        )


class SnapshotDamagedError(SegmentdError):
    """A snapshot's file cannot be read."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the snapshot {path} {why}; put back a copy of it, or delete the file", path=path, error=why)
