"""Import jobs between the API's messages and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import import_job_pb2 as pb
from segmentd.api.v1 import record_pb2
from segmentd.api.wire import to_timestamp
from segmentd.facts.imports.checking import Wanted
from segmentd.facts.imports.model import ImportJob, JobState
from segmentd.facts.imports.rejects import Reject
from segmentd.facts.kinds import RecordKind

KINDS: Final[Mapping[RecordKind, record_pb2.RecordKind.ValueType]] = {
    kind: record_pb2.RecordKind.Value(f"RECORD_KIND_{kind.name}") for kind in RecordKind
}
STATES: Final[Mapping[JobState, pb.ImportJobState.ValueType]] = {
    state: pb.ImportJobState.Value(f"IMPORT_JOB_STATE_{state.name}") for state in JobState
}


def decode_wanted(request: pb.ImportRecordsRequest) -> Wanted:
    """What a request asks for. Raises InvalidFieldError."""
    kinds: dict[int, RecordKind | None] = {number: kind for kind, number in KINDS.items()}
    kinds[record_pb2.RECORD_KIND_UNSPECIFIED] = None
    if request.kind not in kinds:
        raise InvalidFieldError("kind", request.kind, f"one of {', '.join(record_pb2.RecordKind.keys()[1:])}")
    return Wanted(request.source, kinds[request.kind], request.mapping, request.dry_run)


def encode_job(job: ImportJob) -> pb.ImportJob:
    """The message of a job."""
    message = pb.ImportJob(
        name=job.name,
        source=job.order.source,
        kind=KINDS[job.order.kind],
        mapping=job.order.mapping,
        dry_run=job.order.dry_run,
        state=STATES[job.state],
        progress=_encode_progress(job),
        error_reason=job.error_reason,
        error_message=job.error_message,
        create_time=to_timestamp(job.create_time),
        update_time=to_timestamp(job.update_time),
    )
    if job.start_time is not None:
        message.start_time.CopyFrom(to_timestamp(job.start_time))
    if job.end_time is not None:
        message.end_time.CopyFrom(to_timestamp(job.end_time))
    return message


def encode_reject(reject: Reject) -> pb.ImportReject:
    """The message of a rejected row."""
    return pb.ImportReject(file=reject.file, row=reject.row, field=reject.field, message=reject.message)


def _encode_progress(job: ImportJob) -> pb.ImportProgress:
    progress, counts = job.progress, job.progress.counts
    message = pb.ImportProgress(
        rows_read=counts.read,
        inserted_count=counts.inserted,
        updated_count=counts.updated,
        unchanged_count=counts.unchanged,
        rejected_count=counts.rejected,
        rejects_dropped_count=progress.rejects_dropped,
        bytes_read=progress.bytes_read,
        bytes_total=job.bytes_total,
        files_done=progress.file,
        file_count=len(job.files),
        data_version=progress.version,
    )
    message.elapsed.FromTimedelta(progress.elapsed)
    if job.remaining is not None:
        message.remaining.FromTimedelta(job.remaining)
    return message
