"""Who came and who went between two snapshots, whose rows are of different people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.planes import unpack
from segmentd.scoring.snapshots.model import Content, Snapshot, SnapshotSegment

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOBODY: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class SegmentComparison:
    """How the members of a segment changed.

    `new`: of those who came, whom the first did not know. `gone`: of those who went, whom the later one does not know.
    """

    id: str
    came: pa.StringArray
    went: pa.StringArray
    stayed: int
    new: int
    gone: int
    expression_changed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A snapshot with its content, and the row of each of the other side's people in it, `NOBODY` where it has none."""

    snapshot: Snapshot
    content: Content
    of_other: Rows

    def flags(self, number: int) -> Flags:
        """Who is a member of the segment of this number, a flag a row."""
        return unpack(self.content.members[number], len(self.content.ids))

    def flags_of_other(self, flags: Flags) -> Flags:
        """The same by the rows of the other side; false for whom this one does not know."""
        known: Flags = self.of_other != NOBODY
        if len(flags):
            known &= flags[self.of_other]
        return known


def compare(first: Snapshot, before: Content, later: Snapshot, after: Content) -> Iterator[SegmentComparison]:
    """The segments that both have, in the first one's order."""
    in_first = find_rows(after.ids, before.ids)
    in_later = np.full(len(before.ids), NOBODY, np.int64)
    known = in_first != NOBODY
    in_later[in_first[known]] = np.flatnonzero(known)
    one, other = Side(first, before, in_first), Side(later, after, in_later)
    places = {segment.id: number for number, segment in enumerate(later.segments)}
    for number, segment in enumerate(first.segments):
        if (place := places.get(segment.id)) is not None:
            yield _compare_one(one, number, other, place, segment)


def find_rows(ids: pa.StringArray, among: pa.StringArray) -> Rows:
    """The row in `among` of each id, `NOBODY` where it is not there."""
    if ids.equals(among):
        return np.arange(len(ids), dtype=np.int64)
    found = pc.fill_null(pc.index_in(ids, among), NOBODY)
    rows: Rows = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def _compare_one(one: Side, number: int, other: Side, place: int, segment: SnapshotSegment) -> SegmentComparison:
    before, after = one.flags(number), other.flags(place)
    came = np.flatnonzero(after & ~one.flags_of_other(before))
    went = np.flatnonzero(before & ~other.flags_of_other(after))
    return SegmentComparison(
        id=segment.id,
        came=other.content.ids.take(pa.array(came)),
        went=one.content.ids.take(pa.array(went)),
        stayed=int(before.sum()) - len(went),
        new=int((one.of_other[came] == NOBODY).sum()),
        gone=int((other.of_other[went] == NOBODY).sum()),
        expression_changed=segment.expression != other.snapshot.segments[place].expression,
    )
