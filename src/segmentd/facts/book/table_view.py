"""A table as a version has it: which rows it sees, and their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.rows import Chains, Lives, Numbers, Ordered, Rows, ordered, placed
from segmentd.facts.book.field import FieldView
from segmentd.facts.book.pool import PoolView
from segmentd.facts.kinds import TIME, RecordKind

Made = TypeVar("Made")

ID: Final = "#id"
"""The field of numbers of ids."""
OWNER: Final = "#owner"
"""The field of facts' owners: slots."""
OWNERS: Final = "#owners"
"""The field of accounts' owners: lists of slot and number of the role by turns."""


@dataclass(frozen=True, eq=False)
class TableView:
    """One version of a table. What it refers to may grow, where this version does not look."""

    kind: RecordKind
    ids: PoolView
    fields: Mapping[str, FieldView]
    lives: Lives
    chains: Chains | None = None
    noted: Numbers = field(default_factory=lambda: np.zeros(0, np.int32))
    """Owners whose facts are not those of the prefix, in any order."""
    _kept: dict[str, tuple[object, Any]] = field(default_factory=dict)

    def kept(self, name: str, by: object, make: Callable[[], Made]) -> Made:
        """What was made of this version and `by`, made anew where the last time was by something else."""
        found = self._kept.get(name)
        if found is None or found[0] is not by:
            found = self._kept[name] = by, make()
        made: Made = found[1]
        return made

    @property
    def prefix_rows(self) -> int:
        """The rows of the prefix, dead ones included."""
        return len(self.lives.died)

    @cached_property
    def by_number(self) -> Rows:
        """The row of each id's number, -1 where there is none."""
        id_ = self.fields[ID]
        return placed(id_.prefix.values, id_.tail, self.lives, self.ids.count)

    @cached_property
    def rows(self) -> Rows:
        """The rows in the order of their ids' numbers."""
        return self.by_number[self.by_number >= 0]

    @cached_property
    def is_prefix(self) -> bool:
        """Whether the rows, by number, are those of the prefix."""
        rows = self.rows
        return len(rows) == self.prefix_rows and bool((rows == np.arange(len(rows))).all())

    @cached_property
    def touched(self) -> Numbers:
        """The owners whose facts are not those of the prefix, ascending."""
        return np.sort(self.noted)

    def named(self) -> Iterator[tuple[str, FieldView]]:
        """The fields that have names of their own."""
        return ((name, kept) for name, kept in self.fields.items() if not name.startswith("#"))

    def order(self, owners: Numbers) -> Ordered:
        """The rows of owners, by time."""
        if self.chains is None:
            raise ValueError(f"a {self.kind} has no owner")
        time = self.fields[TIME[self.kind]]
        return ordered(owners, self.chains, self.lives, time.prefix.values, time.tail)

    def ids_of(self, numbers: npt.NDArray[np.integer]) -> pa.StringArray:
        """The texts of ids."""
        if len(numbers) == self.ids.count and bool((numbers == np.arange(len(numbers))).all()):
            return self.ids.texts()
        return self.ids.texts().take(pa.array(numbers))
