"""What can go wrong with the data directory and the database in it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from segmentd.errors import ErrorReason, SegmentdError, Status

BACKUP: Final = "put back the whole data directory from one backup, or give another data directory"
"""What to do where files of a data directory are not what they were."""


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


class UnmarkedError(StoreFailedError):
    """What was written is in the database, but the mark could not be kept that tells when it is lost.

    It is not to be acknowledged before the mark is kept: nothing else is written until then.
    """

    def __init__(self, error: StoreFailedError) -> None:
        SegmentdError.__init__(
            self,
            f"what was written may be on disk, and cannot be acknowledged: {error.message}; send it again, with the "
            "same id",
            error=error.metadata["error"],
        )


class DamagedError(SegmentdError):
    """A file of the data directory is lacking, shorter than it was, or not what was written. Nothing was changed."""

    reason = ErrorReason.STORE_FAILED
    status = Status.FAILED_PRECONDITION

    def __init__(self, path: Path, wrong: str, what_to_do: str = BACKUP) -> None:
        super().__init__(f"{path} {wrong}; nothing was changed: {what_to_do}", error=wrong, path=path)


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
