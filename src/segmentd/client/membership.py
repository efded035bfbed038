"""Who is in which segment, read from the form that was asked for: counts, ids, lists, planes or bitmaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from segmentd.api.v1 import membership_pb2 as pb
from segmentd.client import verdicts
from segmentd.client.verdicts import Bools, FormError, Rows, Which

if TYPE_CHECKING:
    from pyroaring import BitMap


@unique
class Form(StrEnum):
    """How memberships are answered."""

    COUNTS = "counts"
    IDS = "ids"
    LISTS = "lists"
    PLANES = "planes"
    BITMAPS = "bitmaps"

    @classmethod
    def _missing_(cls, value: object) -> Form:
        raise ValueError(f"{value!r} is no form; allowed are {', '.join(cls)}")

    def to_message(self) -> pb.MembershipForm.ValueType:
        """The form for a request."""
        return pb.MembershipForm.Value(f"MEMBERSHIP_FORM_{self.name}")


@dataclass(frozen=True, slots=True)
class Count:
    """How many are in a segment, and for how many it is unknown."""

    members: int
    unknown: int


@dataclass(frozen=True)
class Memberships:
    """Who is in which segment among `row_count` rows from `row_start` on.

    Each way of reading works with the forms that hold what it needs and raises FormError with the others.
    A segment that was not asked for is a KeyError.
    """

    form: Form
    row_start: int
    row_count: int
    counts: Mapping[str, Count]
    message: pb.Memberships = field(repr=False)

    def members(self, segment: str) -> Bools:
        """True for each row that is in the segment, from `row_start` on. Planes, bitmaps, lists, ids without ids."""
        return self._bools(segment, "members")

    def unknown(self, segment: str) -> Bools:
        """True for each row for which it is unknown. Forms as for `members`."""
        return self._bools(segment, "unknowns")

    def member_rows(self, segment: str) -> Rows:
        """Row numbers of the members, ascending. Forms as for `members`."""
        return self._rows(segment, "members")

    def unknown_rows(self, segment: str) -> Rows:
        """Row numbers of those for whom it is unknown, ascending. Forms as for `members`."""
        return self._rows(segment, "unknowns")

    def member_ids(self, segment: str) -> list[str]:
        """Ids of the members, in row order. Forms ids and lists, where the subjects have ids."""
        return verdicts.ids(self.message, self._index(segment), "members")

    def unknown_ids(self, segment: str) -> list[str]:
        """Ids of those for whom it is unknown. Forms as for `member_ids`."""
        return verdicts.ids(self.message, self._index(segment), "unknowns")

    def member_bitmap(self, segment: str) -> BitMap:
        """The members' row numbers as a Roaring bitmap. Form bitmaps, or those of `members`."""
        from pyroaring import BitMap  # noqa: PLC0415 - only callers that want bitmaps need it

        return BitMap(self.member_rows(segment).astype(np.uint32))

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, by form.

        Counts: `segment, members, unknown`. Planes, bitmaps and ids by row: a bool column a segment, null where it is
        unknown. Ids: `id, segment, member`, null where it is unknown. Lists: `id` (where there are ids), `segments`
        and `unknown`, lists of text.
        """
        from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

        return tables.memberships_table(self)

    def _bools(self, segment: str, which: Which) -> Bools:
        bits = verdicts.bits(self.message, self._index(segment), which)
        if bits is not None:
            return bits
        bools = np.zeros(self.row_count, np.bool_)
        bools[self._rows(segment, which) - self.row_start] = True
        return bools

    def _rows(self, segment: str, which: Which) -> Rows:
        return verdicts.rows(self.message, self._index(segment), which)

    def _index(self, segment: str) -> int:
        if segment not in self._indexes:
            raise KeyError(f"segment {segment!r} was not asked for; there are {', '.join(self._indexes)}")
        return self._indexes[segment]

    @cached_property
    def _indexes(self) -> Mapping[str, int]:
        return {segment: index for index, segment in enumerate(self.counts)}


def read_counts(segments: Any) -> dict[str, Count]:
    """The counts of `SegmentMembership` messages, by segment, in their order."""
    return {found.segment: Count(found.member_count, found.unknown_count) for found in segments}


def read_memberships(message: pb.Memberships, form: Form) -> Memberships:
    """The memberships of a response that was asked for in `form`."""
    return Memberships(form, message.row_start, message.row_count, read_counts(message.segments), message)


__all__ = ["Count", "Form", "FormError", "Memberships", "read_counts", "read_memberships"]
