"""Verdicts as the API's memberships, in each form: bytes of the message `Memberships`, or the message."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, unique
from typing import Any, Final

import numpy as np

from segmentd.api.v1 import membership_pb2
from segmentd.engine.members.lists import write_ids, write_lists
from segmentd.engine.members.messages import Details, field, write_memberships
from segmentd.engine.members.sets import Grew, Sets
from segmentd.scoring.member_table import write_table
from segmentd.scoring.verdicts import Planes, Verdicts


@unique
class Form(IntEnum):
    """The forms of `MembershipForm`, by their numbers."""

    COUNTS = membership_pb2.MEMBERSHIP_FORM_COUNTS
    IDS = membership_pb2.MEMBERSHIP_FORM_IDS
    LISTS = membership_pb2.MEMBERSHIP_FORM_LISTS
    PLANES = membership_pb2.MEMBERSHIP_FORM_PLANES
    BITMAPS = membership_pb2.MEMBERSHIP_FORM_BITMAPS
    ARROW = membership_pb2.MEMBERSHIP_FORM_ARROW

    @property
    def needs_planes(self) -> bool:
        """Whether more than counts has to be evaluated."""
        return self is not Form.COUNTS


_NO_PLANES: Final = np.zeros((0, 0), np.uint64)


def encode_memberships(verdicts: Verdicts, form: Form, grew: Grew) -> membership_pb2.Memberships:
    """The memberships of a range of rows. `grew` hears by how much they grow before that is written."""
    return membership_pb2.Memberships.FromString(b"".join(membership_parts(verdicts, form, grew)))


def membership_parts(verdicts: Verdicts, form: Form, grew: Grew) -> list[Any]:
    """The same as buffers of the message's bytes, to be joined. No object is made of a member."""
    sets = _sets(verdicts)
    parts: list[Any] = [write_memberships(sets, _details(verdicts, form), grew)]
    if form is Form.LISTS:
        parts += field(4, _lists(verdicts, grew), always=True)
    elif form is Form.ARROW:
        parts += field(5, [write_table(sets, grew)])
    return parts


def encode_counts(verdicts: Verdicts) -> list[membership_pb2.SegmentMembership]:
    """The counts of each segment."""
    counts = zip(verdicts.segments, verdicts.member_counts.tolist(), verdicts.unknown_counts.tolist(), strict=True)
    return [
        membership_pb2.SegmentMembership(segment=segment, member_count=members, unknown_count=unknowns)
        for segment, members, unknowns in counts
    ]


def _sets(verdicts: Verdicts) -> Sets:
    return Sets(
        verdicts.segments,
        verdicts.rows,
        verdicts.row_start,
        verdicts.member_counts,
        verdicts.unknown_counts,
        _NO_PLANES if verdicts.members is None else verdicts.members,
        _NO_PLANES if verdicts.unknowns is None else verdicts.unknowns,
        verdicts.ids,
    )


def _details(verdicts: Verdicts, form: Form) -> Details:
    if form is Form.IDS and verdicts.ids is None:
        return Details.ROWS
    return _DETAILS.get(form, Details.NONE)


_DETAILS: Final[Mapping[Form, Details]] = {
    Form.IDS: Details.IDS,
    Form.PLANES: Details.PLANES,
    Form.BITMAPS: Details.BITMAPS,
}


def _lists(verdicts: Verdicts, grew: Grew) -> list[Any]:
    """The fields of `SubjectLists`."""
    members, unknowns = verdicts.known_planes()
    # An entry takes a byte at least, and so does the end of a list.
    least = verdicts.rows + int(verdicts.member_counts.sum() + verdicts.unknown_counts.sum())
    grew(least)
    fields = _listed(1, members, verdicts.rows, int(verdicts.member_counts.sum()))
    if verdicts.unknown_counts.any():
        fields += _listed(3, unknowns, verdicts.rows, int(verdicts.unknown_counts.sum()))
    if verdicts.ids is not None:
        fields.append(write_ids(verdicts.ids, _IDS_TAG))
    grew(sum(memoryview(each).nbytes for each in fields) - least)
    return fields


_IDS_TAG: Final = 0x2A
"""Of the field `ids` of `SubjectLists`."""


def _listed(number: int, planes: Planes, rows: int, ones: int) -> list[Any]:
    """The field with that number, where the lists end, and the next one, the lists."""
    ends, entries = write_lists(planes, rows, ones)
    return [*field(number, [ends]), *field(number + 1, [entries])]
