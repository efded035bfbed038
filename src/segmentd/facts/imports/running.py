"""Running one job: its files one after the other, their batches into the ledger, several of them under way."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.fs as pafs

from segmentd.columns.errors import ColumnError
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.decoding.arrow_form import read_table
from segmentd.facts.decoding.batches import check_draft
from segmentd.facts.imports.batches import FileBatches, ImportBatch
from segmentd.facts.imports.errors import SourceUnreadableError
from segmentd.facts.imports.mapping import RecordMapping
from segmentd.facts.imports.mapping_text import read_mapping
from segmentd.facts.imports.model import Counts, ImportJob, Progress, SourceFile
from segmentd.facts.imports.opening import open_reader
from segmentd.facts.imports.places import Places
from segmentd.facts.imports.planning import plan_file
from segmentd.facts.imports.reading import SourceReader
from segmentd.facts.imports.rejects import Reject, RejectFolder, RejectWriter
from segmentd.facts.kinds import record_schema
from segmentd.facts.records import RecordBatch, Rejection, WriteOutcome
from segmentd.facts.writing.requests import Categories
from segmentd.ledger.vocabulary import Vocabularies, Vocabulary
from segmentd.moments import microseconds

UNDER_WAY: Final = 4
"""Batches of a job that wait for the ledger: enough for one commit to take several."""


class Ingestion(Protocol):
    """Who writes batches, each id once, in the order in which they are handed in."""

    def submit(
        self, ledger_id: str, batch: RecordBatch, batch_id: str = "", *, validate_only: bool = False
    ) -> Future[WriteOutcome]:
        """Hand in a batch, waiting for room; the future is what becomes of it, once that is on disk."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What jobs run with."""

    places: Places
    rejects: RejectFolder
    vocabularies: Vocabularies
    categories: Categories
    ingestion: Ingestion
    engine: Engine


class Verdict(Enum):
    """Whether a job may go on, asked between batches."""

    GO_ON = auto()
    CANCEL = auto()
    STOP = auto()
    """The server stops, and the job goes on when it starts again."""


class _ToldToEndError(Exception):
    """The job may not go on."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Control:
    """Who is asked whether to go on, and told how far the job is, after each batch."""

    ask: Callable[[], Verdict]
    moved: Callable[[Progress], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """A batch under way: its file's number and path, and what becomes of it; None where it has no records."""

    file: int
    path: str
    batch: ImportBatch
    outcome: Future[WriteOutcome] | None


def open_source(filesystem: pafs.FileSystem, file: SourceFile, mapping: RecordMapping) -> SourceReader:
    """The reader of a file. Raises SourceUnreadableError."""
    try:
        return open_reader(filesystem, file, mapping)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise SourceUnreadableError(file.path, error) from error


class JobRun:
    """One job, from where it is to its end, or to where it is told to end."""

    def __init__(self, job: ImportJob, tools: Tools, control: Control) -> None:
        self._job, self._tools, self._control = job, tools, control
        self._mapping = read_mapping(job.order.mapping)
        self._progress = job.progress
        self._bytes_before = sum(file.size for file in job.files[: job.progress.file])
        self._begun = time.monotonic() - job.progress.elapsed.total_seconds()
        self._sent: deque[_Sent] = deque()

    def run(self) -> Verdict:
        """Read and write until the end, which is GO_ON, or until told to end. Raises SegmentdError.

        However it ends, the batches under way are waited for: what was written is known to be.
        """
        with self._tools.rejects.open(self._job.uid, self._progress.reject_bytes) as rejects:
            try:
                verdict = self._send_until_told(rejects)
                self._settle(rejects, until=0)
            except Exception:
                wait([sent.outcome for sent in self._sent if sent.outcome is not None])
                raise
        return verdict

    def _send_until_told(self, rejects: RejectWriter) -> Verdict:
        try:
            self._send_all(rejects)
        except _ToldToEndError as told:
            return told.verdict
        return Verdict.GO_ON

    def _send_all(self, rejects: RejectWriter) -> None:
        filesystem = self._tools.places.open(self._job.order.source)
        for number in range(self._progress.file, len(self._job.files)):
            file = self._job.files[number]
            skipped = self._progress.batch if number == self._progress.file else 0
            with closing(self._batches(filesystem, file, skipped)) as batches:
                for batch in batches:
                    self._check()
                    self._sent.append(self._send(number, file.path, batch))
                    self._settle(rejects, until=UNDER_WAY - 1)

    def _check(self) -> None:
        """Raise _ToldToEndError where the job may not go on."""
        verdict = self._control.ask()
        if verdict is not Verdict.GO_ON:
            raise _ToldToEndError(verdict)

    def _batches(
        self, filesystem: pafs.FileSystem, file: SourceFile, skipped: int
    ) -> Generator[ImportBatch, None, None]:
        self._check_same(filesystem, file)
        reader = open_source(filesystem, file, self._mapping)
        try:
            vocabulary = self._tools.vocabularies.vocabulary(self._job.ledger_id)
            records = record_schema(self._job.order.kind, vocabulary)
            plan = plan_file(self._mapping, self._job.order.kind, records, reader.columns)
            now_us = microseconds(self._job.create_time)
            batches = FileBatches(
                file.path, reader, plan, self._tools.engine, now_us, self._check, self._is_told_to_end
            )
            yield from batches.after(skipped, joined=self._mapping.join_lists)
        finally:
            reader.close()

    def _check_same(self, filesystem: pafs.FileSystem, file: SourceFile) -> None:
        """The file must be as it was when the job was made: batches that were written are never read again."""
        if isinstance(filesystem, pafs.LocalFileSystem):
            self._tools.places.check_local(file.path, file.path)
        try:
            info = filesystem.get_file_info(file.path)
        except (OSError, pa.ArrowException) as error:
            raise SourceUnreadableError(file.path, error) from error
        if (info.size, (info.mtime_ns or 0) // 1_000) != (file.size, file.modified_us):
            raise SourceUnreadableError(
                file.path, "the file has changed or gone since the job was made; import it anew"
            )

    def _send(self, number: int, path: str, batch: ImportBatch) -> _Sent:
        if batch.table.num_rows == 0:
            return _Sent(number, path, batch, None)
        job = self._job
        vocabulary = self._tools.vocabularies.vocabulary(job.ledger_id)
        try:
            draft = read_table(batch.table, job.order.kind, record_schema(job.order.kind, vocabulary))
            draft.said.update(batch.said)
            records = check_draft(draft)
        except ColumnError as error:
            raise SourceUnreadableError(path, error) from error
        records = self._categorized(records, vocabulary)
        batch_id = job.batch_id(number, batch.index)
        outcome = self._tools.ingestion.submit(job.ledger_id, records, batch_id, validate_only=job.order.dry_run)
        return _Sent(number, path, batch, outcome)

    def _categorized(self, records: RecordBatch, vocabulary: Vocabulary) -> RecordBatch:
        """The records with the categories that rules give them, unless the job is told to end meanwhile."""
        try:
            return self._tools.categories.categorize(records, vocabulary.ledger, self._is_told_to_end)
        except EvaluationCancelledError:
            self._check()
            raise

    def _is_told_to_end(self) -> bool:
        return self._control.ask() is not Verdict.GO_ON

    def _settle(self, rejects: RejectWriter, until: int) -> None:
        """Wait for the batches that were sent first, until so many are left."""
        while len(self._sent) > until:
            sent = self._sent.popleft()
            outcome = WriteOutcome(self._progress.version) if sent.outcome is None else sent.outcome.result()
            rejected = _by_row(sent.batch, outcome)
            rejects.write(Reject(sent.path, each.row + 1, each.field, each.message) for each in rejected)
            self._move(sent, outcome, len(rejected), rejects)

    def _move(self, sent: _Sent, outcome: WriteOutcome, rejected: int, rejects: RejectWriter) -> None:
        batch, before = sent.batch, self._progress
        counts = Counts(batch.read, outcome.inserted, outcome.updated, outcome.unchanged, rejected)
        if batch.is_last:
            self._bytes_before += self._job.files[sent.file].size
        bytes_read = self._bytes_before + (0 if batch.is_last else batch.bytes_read)
        self._progress = replace(
            before,
            file=sent.file + 1 if batch.is_last else sent.file,
            batch=0 if batch.is_last else batch.index + 1,
            counts=before.counts.plus(counts),
            bytes_read=bytes_read,
            reject_bytes=rejects.size,
            rejects_dropped=self._job.progress.rejects_dropped + rejects.dropped,
            version=outcome.version,
            elapsed=timedelta(seconds=time.monotonic() - self._begun),
        )
        self._control.moved(self._progress)


def _by_row(batch: ImportBatch, outcome: WriteOutcome) -> list[Rejection]:
    """All rows of the file that were rejected, by row: on the way, or by the ledger."""
    by_ledger = [Rejection(int(batch.rows[each.row]), each.field, each.message) for each in outcome.rejected]
    return sorted((*batch.rejected, *by_ledger), key=lambda each: each.row)
