"""Snapshots as they are kept: what was evaluated, and who was in what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.api.limits import check_display_name
from segmentd.api.names import SnapshotName
from segmentd.columns.planes import pack, popcount, unpack, word_count
from segmentd.schema import Subject
from segmentd.scoring.verdicts import Planes


@dataclass(frozen=True, slots=True)
class SnapshotSegment:
    """A segment as it was: its expression, "" if it was inactive, and how many were in it or unknown."""

    id: str
    expression: str
    members: int
    unknowns: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was evaluated, as of which moment and versions. Raises a SegmentdError that names the wrong field."""

    name: SnapshotName
    display_name: str
    subject: Subject
    now_us: int
    segments: tuple[SnapshotSegment, ...]
    create_time: datetime
    data_version: int
    catalogue_version: int
    rows: int

    def __post_init__(self) -> None:
        check_display_name(self.display_name, "snapshot.display_name")

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """In their order."""
        return tuple(segment.id for segment in self.segments)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Who was in what: `ids[rows]`, distinct, and a plane a segment of the members and of the unknown ones."""

    ids: pa.StringArray
    members: Planes
    unknowns: Planes

    def __post_init__(self) -> None:
        words = word_count(len(self.ids))
        if self.members.shape != self.unknowns.shape or self.members.shape[1] != words:
            raise ValueError(f"planes of {len(self.ids)} rows have {words} words")


def without(snapshot: Snapshot, content: Content, gone: npt.NDArray[np.bool_]) -> tuple[Snapshot, Content]:
    """The same without the rows of some. `gone`: a flag a row."""
    kept = np.flatnonzero(~gone)
    members, unknowns = (_take(planes, kept, len(gone)) for planes in (content.members, content.unknowns))
    smaller = Content(content.ids.take(pa.array(kept)), members, unknowns)
    return counted(replace(snapshot, rows=len(kept)), smaller), smaller


def counted(snapshot: Snapshot, content: Content) -> Snapshot:
    """The snapshot with the numbers of its content."""
    pairs = zip(snapshot.segments, content.members, content.unknowns, strict=True)
    segments = tuple(
        replace(segment, members=popcount(members), unknowns=popcount(unknowns)) for segment, members, unknowns in pairs
    )
    return replace(snapshot, segments=segments)


def _take(planes: Planes, rows: npt.NDArray[np.int64], total: int) -> Planes:
    taken = np.zeros((len(planes), word_count(len(rows))), np.uint64)
    for number, plane in enumerate(planes):
        taken[number] = pack(unpack(plane, total)[rows])
    return taken
