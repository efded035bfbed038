"""Where import jobs are kept, so that they survive a restart. Each change is one transaction."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Row, delete, insert, select, update

from segmentd.api.errors import AlreadyExistsError
from segmentd.facts.imports.model import Counts, ImportJob, ImportOrder, JobState, Progress, SourceFile
from segmentd.facts.kinds import RecordKind
from segmentd.moments import MICROSECOND
from segmentd.storage import Database, StoreFailedError
from segmentd.storage.tables import import_jobs


class ImportStore(Protocol):
    """Keeps import jobs. Every method raises StoreFailedError, having changed nothing."""

    def create(self, job: ImportJob) -> None:
        """Keep a new job. Raises AlreadyExistsError."""

    def save(self, job: ImportJob) -> None:
        """Keep what has changed of a job."""

    def get(self, ledger_id: str, job_id: str) -> ImportJob | None:
        """A job; None if there is none of this id."""

    def jobs_after(self, ledger_id: str, last_id: str, limit: int) -> tuple[ImportJob, ...]:
        """At most so many jobs of a ledger whose id comes after `last_id`, by id."""

    def unfinished(self) -> tuple[ImportJob, ...]:
        """The jobs of all ledgers that wait or run, in the order in which they were asked for."""

    def forget_old(self, ledger_id: str, kept: int) -> tuple[ImportJob, ...]:
        """Forget all finished jobs of a ledger but the newest so many; those that were forgotten."""

    def forget_errors(self, ledger_id: str, message: str) -> tuple[str, ...]:
        """Say this in place of why jobs of a ledger failed, with no byte of that left; the uids of all jobs."""

    def naming_erased(self) -> tuple[ImportJob, ...]:
        """The finished jobs of all ledgers that name somebody who was erased."""

    def forget(self, jobs: tuple[ImportJob, ...]) -> None:
        """Forget jobs, with no byte of them left."""


class SqlImportStore:
    """Import jobs in the SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, job: ImportJob) -> None:
        """Keep a new job."""
        with self._database.write() as connection:
            if connection.execute(select(import_jobs.c.id).where(*_is(job.ledger_id, job.id))).first():
                raise AlreadyExistsError(job.name)
            connection.execute(insert(import_jobs).values(_from_job(job)))

    def save(self, job: ImportJob) -> None:
        """Keep what has changed of a job."""
        statement = update(import_jobs).where(*_is(job.ledger_id, job.id), import_jobs.c.uid == job.uid)
        with self._database.write() as connection:
            if connection.execute(statement.values(_from_job(job))).rowcount != 1:
                raise StoreFailedError(f"writing {job.name}", "it is not there: somebody else changed the database")

    def get(self, ledger_id: str, job_id: str) -> ImportJob | None:
        """A job; None if there is none of this id."""
        with self._database.read() as connection:
            row = connection.execute(select(import_jobs).where(*_is(ledger_id, job_id))).first()
        return None if row is None else _to_job(row)

    def jobs_after(self, ledger_id: str, last_id: str, limit: int) -> tuple[ImportJob, ...]:
        """At most so many jobs of a ledger whose id comes after `last_id`, by id."""
        after = select(import_jobs).where(import_jobs.c.ledger_id == ledger_id, import_jobs.c.id > last_id)
        with self._database.read() as connection:
            rows = connection.execute(after.order_by(import_jobs.c.id).limit(limit)).all()
        return tuple(_to_job(row) for row in rows)

    def unfinished(self) -> tuple[ImportJob, ...]:
        """The jobs of all ledgers that wait or run, in the order in which they were asked for."""
        open_ = [state.value for state in JobState if not state.is_final]
        query = select(import_jobs).where(import_jobs.c.state.in_(open_))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(import_jobs.c.create_time, import_jobs.c.uid)).all()
        return tuple(_to_job(row) for row in rows)

    def forget_old(self, ledger_id: str, kept: int) -> tuple[ImportJob, ...]:
        """Forget all finished jobs of a ledger but the newest so many."""
        final = [state.value for state in JobState if state.is_final]
        query = select(import_jobs).where(import_jobs.c.ledger_id == ledger_id, import_jobs.c.state.in_(final))
        with self._database.write() as connection:
            rows = connection.execute(query.order_by(import_jobs.c.create_time.desc()).offset(kept)).all()
            old = tuple(_to_job(row) for row in rows)
            for job in old:
                connection.execute(delete(import_jobs).where(*_is(ledger_id, job.id)))
        return old

    def forget_errors(self, ledger_id: str, message: str) -> tuple[str, ...]:
        """Say this in place of why jobs of a ledger failed, with no byte of that left."""
        is_telling = import_jobs.c.ledger_id == ledger_id, import_jobs.c.error_message != ""
        with self._database.write() as connection:
            connection.execute(update(import_jobs).where(*is_telling).values(error_message=message))
            uids = connection.execute(select(import_jobs.c.uid).where(import_jobs.c.ledger_id == ledger_id)).scalars()
            jobs = tuple(uids)
        if jobs:
            self._database.scrub()
        return jobs

    def naming_erased(self) -> tuple[ImportJob, ...]:
        """The finished jobs that name somebody who was erased."""
        final = [state.value for state in JobState if state.is_final]
        query = select(import_jobs).where(import_jobs.c.names_erased, import_jobs.c.state.in_(final))
        with self._database.read() as connection:
            return tuple(map(_to_job, connection.execute(query)))

    def forget(self, jobs: tuple[ImportJob, ...]) -> None:
        """Forget jobs, with no byte of them left."""
        with self._database.write() as connection:
            for job in jobs:
                connection.execute(delete(import_jobs).where(*_is(job.ledger_id, job.id), import_jobs.c.uid == job.uid))
        self._database.scrub()


def _is(ledger_id: str, job_id: str) -> tuple[Any, ...]:
    return import_jobs.c.ledger_id == ledger_id, import_jobs.c.id == job_id


def _from_job(job: ImportJob) -> dict[str, Any]:
    progress, counts = job.progress, job.progress.counts
    return {
        "ledger_id": job.ledger_id,
        "id": job.id,
        "uid": job.uid,
        "source": job.order.source,
        "kind": job.order.kind.value,
        "mapping": job.order.mapping,
        "dry_run": job.order.dry_run,
        "state": job.state.value,
        "files": [astuple(file) for file in job.files],
        "file": progress.file,
        "batch": progress.batch,
        "rows_read": counts.read,
        "inserted": counts.inserted,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "rejected": counts.rejected,
        "bytes_read": progress.bytes_read,
        "reject_bytes": progress.reject_bytes,
        "rejects_dropped": progress.rejects_dropped,
        "version": progress.version,
        "elapsed_us": progress.elapsed // MICROSECOND,
        "create_time": job.create_time,
        "update_time": job.update_time,
        "start_time": job.start_time,
        "end_time": job.end_time,
        "error_reason": job.error_reason,
        "error_message": job.error_message,
        "names_erased": job.names_erased,
    }


def _to_job(row: Row[Any]) -> ImportJob:
    progress = Progress(
        file=row.file,
        batch=row.batch,
        counts=Counts(row.rows_read, row.inserted, row.updated, row.unchanged, row.rejected),
        bytes_read=row.bytes_read,
        reject_bytes=row.reject_bytes,
        rejects_dropped=row.rejects_dropped,
        version=row.version,
        elapsed=timedelta(microseconds=row.elapsed_us),
    )
    return ImportJob(
        ledger_id=row.ledger_id,
        id=row.id,
        uid=row.uid,
        order=ImportOrder(row.source, RecordKind(row.kind), row.mapping, row.dry_run),
        state=JobState(row.state),
        files=tuple(SourceFile(*file) for file in row.files),
        create_time=row.create_time,
        update_time=row.update_time,
        start_time=row.start_time,
        end_time=row.end_time,
        progress=progress,
        error_reason=row.error_reason,
        error_message=row.error_message,
        names_erased=row.names_erased,
    )
