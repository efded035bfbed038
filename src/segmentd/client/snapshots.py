"""Snapshots: who was in which segment, kept under a name; who came and who went since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.empty_pb2 import Empty

from segmentd.api.v1 import snapshot_service_pb2 as pb
from segmentd.client.call import Call, Scope, Steps, Stream, fetch_pages, last_part
from segmentd.client.moments import from_timestamp, to_timestamp
from segmentd.client.values import decode_subject, encode_subject
from segmentd.schema import Subject


@dataclass(frozen=True, slots=True)
class SnapshotSegment:
    """A segment as it was: its expression, "" if it was inactive, and how many were in it or unknown."""

    id: str
    expression: str
    members: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as the service keeps it. `id` is empty where it is not kept, but how things are now."""

    id: str
    display_name: str
    subject: Subject
    now: datetime
    create_time: datetime
    data_version: int
    catalogue_version: int
    rows: int
    segments: tuple[SnapshotSegment, ...]


@dataclass(frozen=True, slots=True)
class SegmentComparison:
    """How the members of a segment changed, in numbers.

    `new`: of those who came, whom the first did not know. `gone`: of those who went, whom the later one does not know.
    """

    segment: str
    came: int
    went: int
    stayed: int
    new: int
    gone: int
    expression_changed: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two snapshots differ in. `left_out` are segments that only one of them has."""

    first: Snapshot
    later: Snapshot
    segments: tuple[SegmentComparison, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentChanges:
    """Some of those who came to, or went from, a segment."""

    segment: str
    came: tuple[str, ...]
    went: tuple[str, ...]


def create_snapshot(
    scope: Scope,
    snapshot_id: str,
    *,
    segments: Sequence[str] = (),
    subject: Subject = Subject.CUSTOMER,
    display_name: str = "",
    now: datetime | None = None,
) -> Call[Snapshot]:
    """Evaluate segments (none: all active ones) as of `now` (None: the server's time), and keep who is in them."""
    snapshot = pb.Snapshot(
        display_name=display_name,
        subject=encode_subject(subject),
        now=to_timestamp(now),
        segments=[pb.SnapshotSegment(segment=segment) for segment in segments],
    )
    request = pb.CreateSnapshotRequest(parent=scope.parent, snapshot_id=snapshot_id, snapshot=snapshot)
    return Call("SnapshotService/CreateSnapshot", request, pb.Snapshot, read_snapshot)


def get_snapshot(scope: Scope, snapshot_id: str) -> Call[Snapshot]:
    """Return a snapshot."""
    request = pb.GetSnapshotRequest(name=scope.snapshot(snapshot_id))
    return Call("SnapshotService/GetSnapshot", request, pb.Snapshot, read_snapshot)


def list_snapshots(scope: Scope, *, page_size: int = 1_000) -> Steps[tuple[Snapshot, ...]]:
    """Return the ledger's snapshots, ordered by id."""
    request = pb.ListSnapshotsRequest(parent=scope.parent, page_size=page_size)
    found = yield from fetch_pages("SnapshotService/ListSnapshots", request, pb.ListSnapshotsResponse, "snapshots")
    return tuple(map(read_snapshot, found))


def delete_snapshot(scope: Scope, snapshot_id: str) -> Call[None]:
    """Delete a snapshot."""
    request = pb.DeleteSnapshotRequest(name=scope.snapshot(snapshot_id))
    return Call("SnapshotService/DeleteSnapshot", request, Empty, lambda _: None)


def compare_snapshots(
    scope: Scope, snapshot_id: str, other: str = "", *, segments: Sequence[str] = (), counts_only: bool = False
) -> Stream[Comparison | SegmentChanges]:
    """Compare a snapshot with a later one (none: with now): the numbers first, then who came and who went."""
    request = pb.CompareSnapshotsRequest(
        name=scope.snapshot(snapshot_id),
        other=scope.snapshot(other) if other else "",
        segments=segments,
        counts_only=counts_only,
    )
    return Stream("SnapshotService/CompareSnapshots", request, pb.CompareSnapshotsResponse, _read_page)


def read_snapshot(message: Any) -> Snapshot:
    """The snapshot in a message."""
    return Snapshot(
        id=last_part(message.name),
        display_name=message.display_name,
        subject=decode_subject(message.subject),
        now=from_timestamp(message.now),
        create_time=from_timestamp(message.create_time),
        data_version=message.data_version,
        catalogue_version=message.catalogue_version,
        rows=message.row_count,
        segments=tuple(
            SnapshotSegment(each.segment, each.expression, each.member_count, each.unknown_count)
            for each in message.segments
        ),
    )


def _read_page(message: Any) -> Comparison | SegmentChanges:
    if not message.HasField("comparison"):
        changes = message.changes
        return SegmentChanges(changes.segment, tuple(changes.came), tuple(changes.went))
    compared = message.comparison
    segments = tuple(
        SegmentComparison(
            each.segment,
            each.came_count,
            each.went_count,
            each.stayed_count,
            each.new_count,
            each.gone_count,
            each.expression_changed,
        )
        for each in compared.segments
    )
    left_out = tuple(compared.left_out_segments)
    return Comparison(read_snapshot(compared.snapshot), read_snapshot(compared.other), segments, left_out)
