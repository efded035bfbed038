"""Snapshots and comparisons as messages of the API, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from segmentd.api.errors import InvalidFieldError
from segmentd.api.v1 import snapshot_service_pb2 as pb
from segmentd.api.wire import from_subject, to_subject, to_timestamp
from segmentd.scoring.model import MAX_SEGMENTS
from segmentd.scoring.requests import moment_us
from segmentd.scoring.snapshots.comparison import SegmentComparison
from segmentd.scoring.snapshots.model import Snapshot
from segmentd.scoring.snapshots.service import Compared, SnapshotDraft

PAGE_IDS: Final = 4_096
"""Ids of a page of changes: below a MiB, since an id has 256 bytes at most."""


def decode_draft(message: pb.Snapshot) -> SnapshotDraft:
    """What a caller asks a snapshot to be. Raises SegmentdError with the field at fault."""
    if len(message.segments) > MAX_SEGMENTS:
        allowed = f"at most {MAX_SEGMENTS} are allowed"
        raise InvalidFieldError("snapshot.segments", f"{len(message.segments)} entries", allowed)
    return SnapshotDraft(
        display_name=message.display_name,
        subject=to_subject(message.subject, "snapshot.subject"),
        segments=tuple(segment.segment for segment in message.segments),
        now_us=moment_us(message.now.seconds, message.now.nanos, "snapshot.now") if message.HasField("now") else None,
    )


def encode_snapshot(snapshot: Snapshot) -> pb.Snapshot:
    """The message of a snapshot; one that is not kept has no name."""
    message = pb.Snapshot(
        name=str(snapshot.name) if snapshot.name.snapshot else "",
        display_name=snapshot.display_name,
        subject=from_subject(snapshot.subject),
        segments=[
            pb.SnapshotSegment(
                segment=segment.id,
                expression=segment.expression,
                member_count=segment.members,
                unknown_count=segment.unknowns,
            )
            for segment in snapshot.segments
        ],
        create_time=to_timestamp(snapshot.create_time),
        data_version=snapshot.data_version,
        catalogue_version=snapshot.catalogue_version,
        row_count=snapshot.rows,
    )
    message.now.FromMicroseconds(snapshot.now_us)
    return message


def encode_comparison(compared: Compared, *, counts_only: bool) -> Iterator[pb.CompareSnapshotsResponse]:
    """The numbers, then who came and went unless only the numbers are wanted."""
    numbers = pb.SnapshotComparison(
        snapshot=encode_snapshot(compared.first),
        other=encode_snapshot(compared.later),
        segments=[_encode_numbers(segment) for segment in compared.segments],
        left_out_segments=compared.left_out,
    )
    yield pb.CompareSnapshotsResponse(comparison=numbers)
    for segment in () if counts_only else compared.segments:
        for ids in _pages(segment.came):
            yield pb.CompareSnapshotsResponse(changes=pb.SegmentChanges(segment=segment.id, came=ids))
        for ids in _pages(segment.went):
            yield pb.CompareSnapshotsResponse(changes=pb.SegmentChanges(segment=segment.id, went=ids))


def _encode_numbers(segment: SegmentComparison) -> pb.SegmentComparison:
    return pb.SegmentComparison(
        segment=segment.id,
        came_count=len(segment.came),
        went_count=len(segment.went),
        stayed_count=segment.stayed,
        new_count=segment.new,
        gone_count=segment.gone,
        expression_changed=segment.expression_changed,
    )


def _pages(ids: pa.StringArray) -> Iterator[list[str]]:
    for start in range(0, len(ids), PAGE_IDS):
        yield ids.slice(start, PAGE_IDS).to_pylist()
