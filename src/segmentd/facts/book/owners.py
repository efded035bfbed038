"""Where the facts of each owner are: in the sorted prefix, and in the tail."""

from __future__ import annotations

import numpy as np

from segmentd.engine.facts.lasting import grown, lasting
from segmentd.engine.facts.rows import Chains, Numbers, Rows, link, note, unlink

NOBODY = np.zeros(1, np.int64)
"""The offsets of no owners."""


class OwnerIndex:
    """The places of owners' facts, and whose are no longer those of the prefix alone: they are *noted*."""

    def __init__(self, offsets: Rows, capacity: int) -> None:
        """`offsets`: by owner, of the prefix. `capacity`: rows that the tail has room for.

        Nothing is kept by owner until a fact of one comes or goes.
        """
        self.offsets = offsets
        self.heads = np.zeros(0, np.int32)
        self.links = lasting(capacity, np.int32)
        self.noted = np.zeros(0, np.int32)
        self.noted_count = 0
        self._is_noted = np.zeros(0, np.uint8)

    def reserve_rows(self, capacity: int) -> None:
        """Room for so many rows of the tail."""
        if capacity > len(self.links):
            # Views that hold the old links must not meet newer rows in the heads.
            self.heads = self.heads.copy()
            self.links = grown(self.links, capacity)

    def reserve_owners(self, owners: int) -> None:
        """Room for so many owners."""
        if owners > len(self.heads):
            capacity = max(owners, len(self.heads) * 5 // 4, len(self.offsets) - 1, 1024)
            known, self.heads = len(self.heads), grown(self.heads, capacity)
            self.heads[known:] = -1
            self._is_noted = grown(self._is_noted, capacity)
            self.noted = grown(self.noted, capacity)

    def link(self, owners: Numbers, first: int, end: int) -> None:
        """Take in rows `first` to before `end` of the tail. `owners`: of the tail's rows."""
        self.note(owners[first:end])
        link(owners, first, end, self.heads, self.links)

    def note(self, owners: Numbers) -> None:
        """These owners have facts that came, went or changed."""
        self.reserve_owners(int(owners.max(initial=-1)) + 1)
        self.noted_count = note(owners, self._is_noted, self.noted, self.noted_count)

    def undo(self, owners: Numbers, first: int, end: int, noted_count: int) -> None:
        """Forget rows `first` to before `end` of the tail, its last, and who was noted since there were so many."""
        if first < end:
            # A reader may stand on a row that is forgotten, where others will lead elsewhere: it keeps these chains.
            self.heads, self.links = self.heads.copy(), grown(self.links[:end], len(self.links))
        unlink(owners, first, end, self.heads, self.links)
        self._is_noted[self.noted[noted_count : self.noted_count]] = 0
        self.noted_count = noted_count

    def chains(self) -> Chains:
        """Where rows are, for those who know how many rows of the tail they see."""
        return Chains(self.offsets, self.heads, self.links)
