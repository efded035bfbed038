"""What can go wrong with the data directory and the database in it."""

from __future__ import annotations

from pathlib import Path

from segmentd.errors import ErrorReason, SegmentdError, Status


class DataDirectoryInUseError(SegmentdError):
    """Another process owns the data directory."""

    reason = ErrorReason.DATA_DIRECTORY_IN_USE
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, owner: str) -> None:
        by = f" by process {owner}" if owner else ""
        super().__init__(
            f"the data directory {path} is in use{by}; stop that server, talk to it over gRPC, "
            "or give another data directory",
            path=path,
            process=owner,
        )


class StoreFailedError(SegmentdError):
    """The store could not read or write; nothing was changed."""

    reason = ErrorReason.STORE_FAILED
    status = Status.UNAVAILABLE

    def __init__(self, doing: str, error: object) -> None:
        super().__init__(f"{doing} failed, and nothing was changed: {error}", error=error)


class SchemaTooNewError(SegmentdError):
    """The database was written by a later release, which this one cannot read."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, found: str, known: str) -> None:
        super().__init__(
            f"the database {path} has schema {found}, written by a later release of segmentd; this release knows "
            f"schemas up to {known}: install the later release, or give another data directory",
            error="schema too new",
            path=path,
            found=found,
            known=known,
        )
