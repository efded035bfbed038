"""Import jobs as they are kept: what is to be imported, how far it is, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique

from segmentd.api.names import ImportJobName
from segmentd.facts.kinds import RecordKind

Key = tuple[str, str]
"""A job's ledger and id."""


@unique
class JobState(StrEnum):
    """The state of a job; the last three are final."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of an import: its path in its filesystem, and what tells that it is the same as before."""

    path: str
    size: int
    modified_us: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of rows: of those read, some were rejected, the others written or just so before."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sum."""
        return Counts(
            self.read + other.read,
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.rejected + other.rejected,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    `file` and `batch`: the first batch that is not known to be written. `reject_bytes`: how much of the reject file
    tells of what comes before. `version`: the data version of the last batch, 0 for none. `elapsed`: time spent
    running.
    """

    file: int = 0
    batch: int = 0
    counts: Counts = Counts()
    bytes_read: int = 0
    reject_bytes: int = 0
    rejects_dropped: int = 0
    version: int = 0
    elapsed: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """What is to be done: which files, as which kind of record, by which mapping (its text).

    `dry_run`: everything is checked, and nothing written.
    """

    source: str
    kind: RecordKind
    mapping: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A job. `uid` is its own for ever, where `id` may be used again once a job is forgotten.

    `error_reason` and `error_message` say why it failed. `names_erased`: one of its texts names somebody who was
    erased, so that the job is forgotten when it has ended.
    """

    ledger_id: str
    id: str
    uid: str
    order: ImportOrder
    state: JobState
    files: tuple[SourceFile, ...]
    create_time: datetime
    update_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    progress: Progress = Progress()
    error_reason: str = ""
    error_message: str = ""
    names_erased: bool = False

    @property
    def name(self) -> str:
        """`ledgers/{ledger}/importJobs/{job}`."""
        return str(ImportJobName(self.ledger_id, self.id))

    @property
    def key(self) -> Key:
        """Its ledger and id."""
        return self.ledger_id, self.id

    @property
    def bytes_total(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.files)

    @property
    def remaining(self) -> timedelta | None:
        """How long the rest will take at the speed so far; None where that is not known."""
        done, total = self.progress.bytes_read, self.bytes_total
        if self.state is not JobState.RUNNING or not 0 < done <= total:
            return None
        return self.progress.elapsed * (total - done) / done

    @property
    def texts(self) -> tuple[str, ...]:
        """What whoever asked for it chose, and what its files are called."""
        return (self.id, self.order.source, self.order.mapping, *(file.path for file in self.files))

    def batch_id(self, file: int, batch: int) -> str:
        """The id of a batch, by which a ledger takes it once."""
        return f"import/{self.uid}/{file}/{batch}"

    def moved(self, progress: Progress, at: datetime) -> ImportJob:
        """The job, further on."""
        return replace(self, progress=progress, update_time=at)

    def begun(self, at: datetime) -> ImportJob:
        """The job, running."""
        return replace(self, state=JobState.RUNNING, start_time=self.start_time or at, update_time=at)

    def ended(self, state: JobState, at: datetime, reason: str = "", message: str = "") -> ImportJob:
        """The job, at its end."""
        return replace(self, state=state, end_time=at, update_time=at, error_reason=reason, error_message=message)
