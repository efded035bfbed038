"""Verdicts as the API's memberships, in each of the five forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum, unique
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyroaring import BitMap

from segmentd.api.v1 import membership_pb2
from segmentd.columns.planes import byte_count
from segmentd.scoring.verdicts import Verdicts, rows_of, transpose


@unique
class Form(IntEnum):
    """The forms of `MembershipForm`, by their numbers."""

    COUNTS = membership_pb2.MEMBERSHIP_FORM_COUNTS
    IDS = membership_pb2.MEMBERSHIP_FORM_IDS
    LISTS = membership_pb2.MEMBERSHIP_FORM_LISTS
    PLANES = membership_pb2.MEMBERSHIP_FORM_PLANES
    BITMAPS = membership_pb2.MEMBERSHIP_FORM_BITMAPS

    @property
    def needs_planes(self) -> bool:
        """Whether more than counts has to be evaluated."""
        return self is not Form.COUNTS


NOBODY: Final = np.zeros(0, dtype=np.int64)
EMPTY_BITMAP: Final = bytes(BitMap().serialize())

Grew = Callable[[int], None]
"""Is told by how many bytes an answer grew, at least; may raise to stop its encoding."""


def encode_memberships(verdicts: Verdicts, form: Form, grew: Grew) -> membership_pb2.Memberships:
    """The memberships of a range of rows. `grew` hears of every segment, before the next one is encoded."""
    answer = membership_pb2.Memberships(row_start=verdicts.row_start, row_count=verdicts.rows)
    for index, message in enumerate(encode_counts(verdicts)):
        add = _DETAILS.get(form)
        if add is not None:
            add(verdicts, index, message)
        grew(message.ByteSize())
        answer.segments.append(message)
    if form is Form.LISTS:
        answer.lists.CopyFrom(_encode_lists(verdicts, grew))
    return answer


def encode_counts(verdicts: Verdicts) -> list[membership_pb2.SegmentMembership]:
    """The counts of each segment."""
    counts = zip(verdicts.segments, verdicts.member_counts.tolist(), verdicts.unknown_counts.tolist(), strict=True)
    return [
        membership_pb2.SegmentMembership(segment=segment, member_count=members, unknown_count=unknowns)
        for segment, members, unknowns in counts
    ]


def _add_sets(verdicts: Verdicts, index: int, message: membership_pb2.SegmentMembership) -> None:
    counts = verdicts.member_counts[index], verdicts.unknown_counts[index]
    planes = (planes[index] for planes in verdicts.known_planes())
    members, unknowns = (rows_of(plane) if count else NOBODY for plane, count in zip(planes, counts, strict=True))
    if verdicts.ids is None:
        message.ids.member_rows.extend((members + verdicts.row_start).tolist())
        message.ids.unknown_rows.extend((unknowns + verdicts.row_start).tolist())
    else:
        message.ids.member_ids.extend(_names(verdicts.ids, members))
        message.ids.unknown_ids.extend(_names(verdicts.ids, unknowns))
    message.ids.SetInParent()


def _names(ids: pa.StringArray, rows: npt.NDArray[np.int64]) -> list[str]:
    names: list[str] = ids.take(pa.array(rows)).to_pylist()
    return names


def _add_planes(verdicts: Verdicts, index: int, message: membership_pb2.SegmentMembership) -> None:
    members, unknowns = verdicts.known_planes()
    width = byte_count(verdicts.rows)
    message.planes.SetInParent()
    message.planes.members = members[index].view(np.uint8)[:width].tobytes()
    if verdicts.unknown_counts[index]:
        message.planes.unknowns = unknowns[index].view(np.uint8)[:width].tobytes()


def _add_bitmaps(verdicts: Verdicts, index: int, message: membership_pb2.SegmentMembership) -> None:
    members, unknowns = verdicts.known_planes()
    count = verdicts.member_counts[index]
    message.bitmaps.members = _roaring(members[index], verdicts.row_start) if count else EMPTY_BITMAP
    if verdicts.unknown_counts[index]:
        message.bitmaps.unknowns = _roaring(unknowns[index], verdicts.row_start)


def _roaring(plane: npt.NDArray[np.uint64], row_start: int) -> bytes:
    return bytes(BitMap((rows_of(plane) + row_start).astype(np.uint32)).serialize())


def _encode_lists(verdicts: Verdicts, grew: Grew) -> membership_pb2.SubjectLists:
    members, unknowns = verdicts.known_planes()
    # An entry takes a byte at least, so a hopeless answer is stopped before its lists are made.
    grew(verdicts.rows + int(verdicts.member_counts.sum() + verdicts.unknown_counts.sum()))
    lists = membership_pb2.SubjectLists()
    ends, entries = transpose(members, verdicts.rows)
    lists.member_ends.extend(ends.tolist())
    lists.members.extend(entries.tolist())
    if verdicts.unknown_counts.any():
        ends, entries = transpose(unknowns, verdicts.rows)
        lists.unknown_ends.extend(ends.tolist())
        lists.unknowns.extend(entries.tolist())
    if verdicts.ids is not None:
        lists.ids.extend(verdicts.ids.to_pylist())
    return lists


_DETAILS: Final[Mapping[Form, Callable[[Verdicts, int, membership_pb2.SegmentMembership], None]]] = {
    Form.IDS: _add_sets,
    Form.PLANES: _add_planes,
    Form.BITMAPS: _add_bitmaps,
}
