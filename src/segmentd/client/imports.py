"""Import jobs: files that the server reads by itself, mapped to records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Any

from segmentd.api.v1 import import_job_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.client.call import Call, Scope, Steps, Stream, fetch_pages, last_part
from segmentd.client.moments import from_timestamp
from segmentd.client.records import RecordKind


@unique
class ImportState(StrEnum):
    """What a job is doing; the last three are final."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self in (ImportState.SUCCEEDED, ImportState.FAILED, ImportState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far a job is. Rows are those of the files; `remaining` is None where it is not known."""

    rows_read: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    rejects_dropped: int
    bytes_read: int
    bytes_total: int
    files_done: int
    file_count: int
    data_version: int
    elapsed: timedelta
    remaining: timedelta | None


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An import job as the service keeps it. `error_reason` and `error_message` say why a job failed."""

    id: str
    source: str
    kind: RecordKind
    mapping: str
    dry_run: bool
    state: ImportState
    progress: ImportProgress
    error_reason: str
    error_message: str
    create_time: datetime
    update_time: datetime
    start_time: datetime | None
    end_time: datetime | None


@dataclass(frozen=True, slots=True)
class ImportReject:
    """A row of a file that was not written; `row` counts from 1, and a header line does not count."""

    file: str
    row: int
    field: str
    message: str


def import_records(
    scope: Scope,
    source: str,
    mapping: str,
    *,
    kind: str | RecordKind | None = None,
    job_id: str = "",
    dry_run: bool = False,
) -> Call[ImportJob]:
    """Have the server import a file, a folder or a glob of its own machine, or a URI, by a mapping (its text, in YAML).

    Returns the job, which runs by itself. `kind`: what the records are, None where the mapping says it.
    """
    number = record_pb2.RECORD_KIND_UNSPECIFIED if kind is None else RecordKind(kind).to_message()
    request = pb.ImportRecordsRequest(
        parent=scope.parent, import_job_id=job_id, source=source, kind=number, mapping=mapping, dry_run=dry_run
    )
    return Call("LedgerService/ImportRecords", request, pb.ImportJob, read_job)


def get_import_job(scope: Scope, job_id: str) -> Call[ImportJob]:
    """Return an import job as it is now."""
    request = pb.GetImportJobRequest(name=job_name(scope, job_id))
    return Call("LedgerService/GetImportJob", request, pb.ImportJob, read_job)


def list_import_jobs(scope: Scope, *, page_size: int = 1_000) -> Steps[tuple[ImportJob, ...]]:
    """Return all import jobs of the ledger, ordered by id, fetched in pages of `page_size`."""
    request = pb.ListImportJobsRequest(parent=scope.parent, page_size=page_size)
    method = "LedgerService/ListImportJobs"
    jobs = yield from fetch_pages(method, request, pb.ListImportJobsResponse, "import_jobs")
    return tuple(map(read_job, jobs))


def cancel_import_job(scope: Scope, job_id: str) -> Call[ImportJob]:
    """Have an import job end before its next batch. What it had written stays written."""
    request = pb.CancelImportJobRequest(name=job_name(scope, job_id))
    return Call("LedgerService/CancelImportJob", request, pb.ImportJob, read_job)


def watch_import_job(scope: Scope, job_id: str) -> Stream[ImportJob]:
    """Yield an import job now, and whenever it has moved on, until it has ended."""
    request = pb.WatchImportJobRequest(name=job_name(scope, job_id))
    return Stream("LedgerService/WatchImportJob", request, pb.ImportJob, read_job)


def list_import_rejects(scope: Scope, job_id: str, *, page_size: int = 1_000) -> Steps[tuple[ImportReject, ...]]:
    """Return the rows that an import job rejected, in the order in which they were read."""
    request = pb.ListImportRejectsRequest(parent=job_name(scope, job_id), page_size=page_size)
    method = "LedgerService/ListImportRejects"
    rejects = yield from fetch_pages(method, request, pb.ListImportRejectsResponse, "rejects")
    return tuple(ImportReject(each.file, each.row, each.field, each.message) for each in rejects)


def job_name(scope: Scope, job_id: str) -> str:
    """The resource name of an import job."""
    return f"{scope.parent}/importJobs/{job_id}"


def read_job(job: Any) -> ImportJob:
    """The job of a response."""
    return ImportJob(
        id=last_part(job.name),
        source=job.source,
        kind=RecordKind(record_pb2.RecordKind.Name(job.kind).removeprefix("RECORD_KIND_").lower()),
        mapping=job.mapping,
        dry_run=job.dry_run,
        state=ImportState(pb.ImportJobState.Name(job.state).removeprefix("IMPORT_JOB_STATE_")),
        progress=_read_progress(job.progress),
        error_reason=job.error_reason,
        error_message=job.error_message,
        create_time=from_timestamp(job.create_time),
        update_time=from_timestamp(job.update_time),
        start_time=from_timestamp(job.start_time) if job.HasField("start_time") else None,
        end_time=from_timestamp(job.end_time) if job.HasField("end_time") else None,
    )


def _read_progress(progress: Any) -> ImportProgress:
    return ImportProgress(
        rows_read=progress.rows_read,
        inserted=progress.inserted_count,
        updated=progress.updated_count,
        unchanged=progress.unchanged_count,
        rejected=progress.rejected_count,
        rejects_dropped=progress.rejects_dropped_count,
        bytes_read=progress.bytes_read,
        bytes_total=progress.bytes_total,
        files_done=progress.files_done,
        file_count=progress.file_count,
        data_version=progress.data_version,
        elapsed=progress.elapsed.ToTimedelta(),
        remaining=progress.remaining.ToTimedelta() if progress.HasField("remaining") else None,
    )
