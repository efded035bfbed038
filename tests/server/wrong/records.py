"""Wrong requests of WriteRecords; what can be wrong with a batch is tested where batches are decoded."""

from __future__ import annotations

from typing import Any

from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import record_pb2 as pb
from tests.server.bank import MAIN
from tests.server.wrong.request import Wrong

CUSTOMERS = pb.RecordBatch(
    kind=pb.RECORD_KIND_CUSTOMER, rows=pb.RecordRows(customers=[pb.Customer(id="never written")])
)


def _wrong(what: str, reason: str, field: str | None = None, status: str = "INVALID_ARGUMENT", **fields: Any) -> Wrong:
    """A request that is right but for `fields`, and would write a batch that is wrong too."""
    given: dict[str, Any] = {"parent": MAIN, "batch": CUSTOMERS, "validate_only": True} | fields
    request = ledgers.WriteRecordsRequest(**given)
    return Wrong("WriteRecords", what, request, reason, field, status)


def _columns(*columns: features.Column, **rest: Any) -> pb.RecordBatch:
    batch = features.ColumnBatch(columns=columns, **rest)
    return pb.RecordBatch(kind=pb.RECORD_KIND_CUSTOMER, columns=batch)


AGE = features.Column(attribute="age", integers=features.IntegerValues(values=[1]))

RECORDS = [
    _wrong("no parent", "FIELD_REQUIRED", "parent", parent=""),
    _wrong("parent without form", "INVALID_RESOURCE_NAME", "parent", parent="main"),
    _wrong("unknown ledger", "LEDGER_NOT_FOUND", None, "NOT_FOUND", parent="ledgers/other"),
    _wrong("no batch", "FIELD_REQUIRED", "batch", batch=None),
    _wrong("no kind", "FIELD_REQUIRED", "batch.kind", batch=pb.RecordBatch()),
    _wrong("no records", "FIELD_REQUIRED", "batch", batch=pb.RecordBatch(kind=pb.RECORD_KIND_RATE)),
    _wrong("long batch id", "INVALID_FIELD", "batch_id", batch_id="ž" * 65),
    _wrong("no rows", "EMPTY_BATCH", "batch.columns", batch=_columns()),
    _wrong("too many rows", "TOO_MANY_ROWS", "batch.columns", batch=_columns(row_count=1_048_577)),
    _wrong("no ids", "FIELD_REQUIRED", "batch.columns.ids", batch=_columns(AGE)),
    _wrong("ids of other rows", "RAGGED_COLUMNS", "batch.columns.ids", batch=_columns(AGE, ids=["a", "b"])),
    _wrong(
        "unknown attribute",
        "UNKNOWN_ATTRIBUTE",
        "batch.columns.columns[0].attribute",
        batch=_columns(features.Column(attribute="agee"), ids=["a"]),
    ),
    _wrong(
        "garbage Arrow bytes",
        "MALFORMED_ARROW",
        "batch.arrow",
        batch=pb.RecordBatch(kind=pb.RECORD_KIND_CUSTOMER, arrow=b"garbage"),
    ),
    _wrong(
        "customers to delete",
        "INVALID_FIELD",
        "batch.deletions",
        batch=pb.RecordBatch(kind=pb.RECORD_KIND_CUSTOMER, deletions=["a"]),
    ),
    _wrong(
        "records of another kind",
        "INVALID_FIELD",
        "batch.rows.customers",
        batch=pb.RecordBatch(kind=pb.RECORD_KIND_RATE, rows=CUSTOMERS.rows),
    ),
]
