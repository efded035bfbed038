"""Of all values that records had after a moment the first ones: what they had at the moment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from segmentd.facts.book.view import View
from segmentd.facts.past_values import Key, PastValues, joined


@dataclass(slots=True, eq=False)
class Firsts:
    """Values of the records of a view, one a record and field: so many are in memory, however many pass by."""

    view: View
    _found: dict[Key, list[PastValues]] = field(default_factory=dict)
    _seen: dict[Key, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def add(self, past: PastValues) -> None:
        """Take in values, of each field the earlier first; of a record that has one already none is taken."""
        row_of = self.view.entities(past.kind).row_of
        seen = self._seen.setdefault(past.key, np.zeros(len(row_of), np.bool_))
        slots = self.view.tables[past.kind].ids.find(past.ids)
        there = np.flatnonzero((slots >= 0) & (slots < len(row_of)))
        new = there[(row_of[slots[there]] >= 0) & ~seen[slots[there]]]
        _, first = np.unique(slots[new], return_index=True)
        if len(first):
            seen[slots[new]] = True
            self._found.setdefault(past.key, []).append(past.taken(np.sort(new[first])))

    def values(self) -> tuple[PastValues, ...]:
        """What was found, a part a field."""
        return joined(part for parts in self._found.values() for part in parts)
