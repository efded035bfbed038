"""Wrong requests of SnapshotService."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import snapshot_service_pb2 as pb
from segmentd.api.v1.subject_pb2 import SUBJECT_ACCOUNT, SUBJECT_TRANSACTION
from tests.server.bank import MAIN
from tests.server.wrong.request import Wrong

LACKING = f"{MAIN}/snapshots/lacking"


def _create(**fields: Any) -> pb.CreateSnapshotRequest:
    parent, id_ = fields.pop("parent", MAIN), fields.pop("snapshot_id", "s1")
    return pb.CreateSnapshotRequest(parent=parent, snapshot_id=id_, snapshot=pb.Snapshot(**fields))


def _segments(*ids: str) -> list[pb.SnapshotSegment]:
    return [pb.SnapshotSegment(segment=id_) for id_ in ids]


SNAPSHOTS = [
    Wrong("CreateSnapshot", "no parent", _create(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong("CreateSnapshot", "no id", _create(snapshot_id=""), "FIELD_REQUIRED", "snapshot_id"),
    Wrong("CreateSnapshot", "an id in capitals", _create(snapshot_id="S1"), "INVALID_FIELD", "snapshot_id"),
    Wrong("CreateSnapshot", "a path as id", _create(snapshot_id="../x"), "INVALID_FIELD", "snapshot_id"),
    Wrong("CreateSnapshot", "unknown ledger", _create(parent="ledgers/other"), "LEDGER_NOT_FOUND", None, "NOT_FOUND"),
    Wrong(
        "CreateSnapshot",
        "ledger without customers",
        _create(parent="ledgers/empty"),
        "NO_RESIDENT_POPULATION",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "CreateSnapshot",
        "accounts, of which a file has none",
        _create(subject=SUBJECT_ACCOUNT),
        "NO_RESIDENT_POPULATION",
        None,
        "FAILED_PRECONDITION",
    ),
    Wrong("CreateSnapshot", "facts", _create(subject=SUBJECT_TRANSACTION), "INVALID_FIELD", "snapshot.subject"),
    Wrong("CreateSnapshot", "a long name", _create(display_name="x" * 129), "INVALID_FIELD", "snapshot.display_name"),
    Wrong(
        "CreateSnapshot",
        "unknown segment",
        _create(segments=_segments("adult", "x")),
        "UNKNOWN_SEGMENT",
        "snapshot.segments[1].segment",
    ),
    Wrong(
        "CreateSnapshot",
        "segment twice",
        _create(segments=_segments("adult", "adult")),
        "INVALID_FIELD",
        "snapshot.segments[1].segment",
    ),
    Wrong(
        "CreateSnapshot",
        "segment of customers among accounts",
        _create(segments=_segments("adult"), subject=SUBJECT_ACCOUNT),
        "UNKNOWN_SEGMENT",
        "snapshot.segments[0].segment",
    ),
    Wrong(
        "CreateSnapshot", "a moment of no year", _create(now=Timestamp(seconds=2**60)), "INVALID_FIELD", "snapshot.now"
    ),
    Wrong(
        "CreateSnapshot",
        "too many segments",
        _create(segments=_segments(*(f"s{number}" for number in range(4_097)))),
        "INVALID_FIELD",
        "snapshot.segments",
    ),
    Wrong("GetSnapshot", "no name", pb.GetSnapshotRequest(), "FIELD_REQUIRED", "name"),
    Wrong("GetSnapshot", "name without form", pb.GetSnapshotRequest(name="s1"), "INVALID_RESOURCE_NAME", "name"),
    Wrong("GetSnapshot", "unknown", pb.GetSnapshotRequest(name=LACKING), "SNAPSHOT_NOT_FOUND", None, "NOT_FOUND"),
    Wrong("ListSnapshots", "no parent", pb.ListSnapshotsRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "ListSnapshots",
        "unknown ledger",
        pb.ListSnapshotsRequest(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "ListSnapshots",
        "negative size",
        pb.ListSnapshotsRequest(parent=MAIN, page_size=-1),
        "INVALID_FIELD",
        "page_size",
    ),
    Wrong(
        "ListSnapshots",
        "token of nobody",
        pb.ListSnapshotsRequest(parent=MAIN, page_token="x"),  # noqa: S106 - a token of a page
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong("DeleteSnapshot", "no name", pb.DeleteSnapshotRequest(), "FIELD_REQUIRED", "name"),
    Wrong("DeleteSnapshot", "unknown", pb.DeleteSnapshotRequest(name=LACKING), "SNAPSHOT_NOT_FOUND", None, "NOT_FOUND"),
    Wrong("CompareSnapshots", "no name", pb.CompareSnapshotsRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "CompareSnapshots",
        "unknown",
        pb.CompareSnapshotsRequest(name=LACKING),
        "SNAPSHOT_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "CompareSnapshots",
        "other without form",
        pb.CompareSnapshotsRequest(name=LACKING, other="x"),
        "INVALID_RESOURCE_NAME",
        "other",
    ),
]
