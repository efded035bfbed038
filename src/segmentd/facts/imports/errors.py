"""What can be wrong with an import."""

from __future__ import annotations

from segmentd.api.errors import shorten
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status


class ImportJobNotFoundError(SegmentdError):
    """The ledger has no import job of this name."""

    reason = ErrorReason.IMPORT_JOB_NOT_FOUND
    status = Status.NOT_FOUND

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no import job {job_id!r}", import_job=job_id)


class SourceRefusedError(SegmentdError):
    """The server may not read what is to be imported; its operator decides what it may."""

    reason = ErrorReason.IMPORT_SOURCE_REFUSED
    status = Status.FAILED_PRECONDITION

    def __init__(self, source: str, why: str) -> None:
        shown = shorten(source)
        super().__init__(f"source {shown!r} is refused: {why}", fields=(FieldViolation("source", why),), source=shown)


class SourceUnreadableError(SegmentdError):
    """A file that is to be imported is not there, or cannot be read as what it is said to be."""

    reason = ErrorReason.IMPORT_SOURCE_UNREADABLE

    def __init__(self, source: str, error: object) -> None:
        line = shorten((str(error).strip().splitlines() or ["cannot be read"])[0])
        shown = shorten(source)
        super().__init__(
            f"source {shown!r} cannot be imported: {line}",
            fields=(FieldViolation("source", line),),
            source=shown,
            error=line,
        )


class MappingError(SegmentdError):
    """A mapping cannot be used. `line`: where in its text, 0 where no line is at fault."""

    reason = ErrorReason.INVALID_MAPPING

    def __init__(self, message: str, line: int = 0) -> None:
        placed = f"line {line}: {message}" if line else message
        super().__init__(f"mapping: {placed}", fields=(FieldViolation("mapping", placed),), line=line or None)


class TooManyImportJobsError(SegmentdError):
    """As many jobs wait as the server accepts."""

    reason = ErrorReason.OVERLOADED
    status = Status.RESOURCE_EXHAUSTED

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} import jobs wait or run, and no more may; try again later", limit=limit)


class ImportsStoppingError(SegmentdError):
    """The server stops; the job goes on when it starts again."""

    reason = ErrorReason.NOT_READY
    status = Status.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("the server is stopping; the job goes on when it starts again", state="stopping")
