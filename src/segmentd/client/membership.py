"""Who is in which segment, read from the form that was asked for: counts, ids, lists, planes, bitmaps or Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cached_property
from itertools import accumulate
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
    ARROW = "arrow"

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
        """True for each row that is in the segment, from `row_start` on.

        Forms planes, bitmaps and lists; ids and arrow where the subjects have no ids.
        """
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
        """Ids of the members, in row order. Forms ids, arrow and lists, where the subjects have ids."""
        return self._ids(segment, "members")

    def unknown_ids(self, segment: str) -> list[str]:
        """Ids of those for whom it is unknown. Forms as for `member_ids`."""
        return self._ids(segment, "unknowns")

    def member_id_array(self, segment: str) -> Any:
        """Ids of the members as a `pyarrow.Array`: of the form arrow without a Python object an id. Forms as above."""
        from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

        if self._table is not None:
            return tables.column_of(self._table, "id", self._place(segment, "members"))
        return tables.text_array(self.member_ids(segment))

    def member_bitmap(self, segment: str) -> BitMap:
        """The members' row numbers as a Roaring bitmap. Form bitmaps, or those of `members`."""
        return verdicts.bitmap_of(self.member_rows(segment))

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, by form.

        Counts: `segment, members, unknown`. Planes, bitmaps and ids by row: a bool column a segment, null where it is
        unknown. Ids and arrow: `id, segment, member`, null where it is unknown; arrow without ids has `row` for `id`.
        Lists: `id` (where there are ids), `segments` and `unknown`, lists of text.
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
        if self._table is not None:
            from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

            rows = tables.column_of(self._table, "row", self._place(segment, which))
            found: Rows = rows.to_numpy(zero_copy_only=False).astype(np.int64)
            return found
        return verdicts.rows(self.message, self._index(segment), which)

    def _ids(self, segment: str, which: Which) -> list[str]:
        if self._table is not None:
            from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

            ids: list[str] = tables.column_of(self._table, "id", self._place(segment, which)).to_pylist()
            return ids
        return verdicts.ids(self.message, self._index(segment), which)

    def _place(self, segment: str, which: Which) -> slice:
        """Where the table has a segment's members or unknowns."""
        before = self._ends[self._index(segment)]
        count = self.counts[segment]
        if which == "members":
            return slice(before, before + count.members)
        return slice(before + count.members, before + count.members + count.unknown)

    @cached_property
    def _ends(self) -> Sequence[int]:
        """Where each segment begins in the table, and where the last one ends."""
        return [0, *accumulate(count.members + count.unknown for count in self.counts.values())]

    @cached_property
    def _table(self) -> Any:
        """The table of the form arrow, None in the others."""
        if not self.message.table:
            return None
        from segmentd.client import tables  # noqa: PLC0415 - imports pyarrow

        return tables.read_table(self.message.table)

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
