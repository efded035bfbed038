"""What became of batches, as messages of the API."""

from __future__ import annotations

from typing import Final

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.facts.records import Rejection, WriteOutcome

MAX_REJECTED: Final = 1_000
"""Rows of which an answer says why they were rejected."""


def encode_outcome(batch_id: str, outcome: WriteOutcome) -> pb.WriteRecordsResponse:
    """The answer to a request whose batch was looked at."""
    return pb.WriteRecordsResponse(
        result=pb.WriteResult(
            batch_id=batch_id,
            data_version=outcome.version,
            inserted_count=outcome.inserted,
            updated_count=outcome.updated,
            unchanged_count=outcome.unchanged,
            deleted_count=outcome.deleted,
            rejected_count=len(outcome.rejected),
            rejected_rows=map(_encode_rejection, outcome.rejected[:MAX_REJECTED]),
            repeated=outcome.repeated,
        )
    )


def _encode_rejection(rejection: Rejection) -> pb.RejectedRow:
    return pb.RejectedRow(row=rejection.row, field=rejection.field, message=rejection.message)
