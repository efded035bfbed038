"""Verdicts: who is in each asked segment, and for whom that is unknown, over a range of rows."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from segmentd.engine.members.cutting import Counts, Planes, cut_planes, spread_planes


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Counts, and planes where they were asked for, of `rows` rows from `row_start` on.

    `row_start` is 0 for a batch, else the range's first row in the data version. `ids` names the rows of the
    range, or is None.
    """

    segments: tuple[str, ...]
    rows: int
    member_counts: Counts
    unknown_counts: Counts
    members: Planes | None = None
    unknowns: Planes | None = None
    row_start: int = 0
    ids: pa.StringArray | None = None

    def known_planes(self) -> tuple[Planes, Planes]:
        """The planes of members and unknowns; ValueError if only counts were asked for."""
        if self.members is None or self.unknowns is None:
            raise ValueError("the verdicts were evaluated without planes")
        return self.members, self.unknowns

    def plus(self, other: Verdicts) -> Verdicts:
        """The counts over the rows of both."""
        members = self.member_counts + other.member_counts
        return Verdicts(self.segments, self.rows + other.rows, members, self.unknown_counts + other.unknown_counts)

    def cut(self, start: int, stop: int) -> Verdicts:
        """The rows `start` to `stop` of the range, counted anew."""
        if (start, stop) == (0, self.rows):
            return self
        members, unknowns = self.known_planes()
        members, member_counts = cut_planes(members, start, stop)
        unknowns, unknown_counts = cut_planes(unknowns, start, stop)
        ids = None if self.ids is None else self.ids.slice(start, stop - start)
        row_start = self.row_start + start
        return Verdicts(self.segments, stop - start, member_counts, unknown_counts, members, unknowns, row_start, ids)


__all__ = ["Counts", "Planes", "Verdicts", "spread_planes"]
