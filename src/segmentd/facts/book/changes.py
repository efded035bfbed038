"""Whose facts changed with which version, of the last versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from segmentd.engine.facts.rows import Numbers

MAX_VERSIONS: Final = 4_096
MAX_SLOTS: Final = 4_000_000
"""So many slots are remembered in all: 16 MB."""

_MANY: Final = 4_096
"""So many slots are marked faster than sorted: of a million, in a fiftieth of the time."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The customers and accounts that a version changed, by slot: accounts' owners as far as they changed."""

    version: int
    customers: Numbers
    accounts: Numbers

    @property
    def size(self) -> int:
        """How many slots these are."""
        return len(self.customers) + len(self.accounts)


@dataclass(frozen=True, slots=True, eq=False)
class ChangeLog:
    """The changes of all versions after `since`, oldest first."""

    since: int
    changes: tuple[Change, ...] = ()

    def extended(self, changes: tuple[Change, ...]) -> ChangeLog:
        """With newer ones, and without the oldest where it becomes too much."""
        kept = (*self.changes, *changes)[-MAX_VERSIONS:]
        size, first = 0, len(kept)
        while first and size + kept[first - 1].size <= MAX_SLOTS:
            first -= 1
            size += kept[first].size
        dropped = len(self.changes) + len(changes) - (len(kept) - first)
        every = (*self.changes, *changes)
        return ChangeLog(every[dropped - 1].version if dropped else self.since, kept[first:])

    def after(self, version: int) -> tuple[Change, ...] | None:
        """The changes of the versions after one; None where that is too long ago."""
        if version < self.since:
            return None
        return tuple(change for change in self.changes if change.version > version)


def joined(slots: list[Numbers]) -> Numbers:
    """All slots, each once, ascending."""
    every = np.concatenate(slots) if slots else np.zeros(0, np.int32)
    if len(every) < _MANY:
        return np.unique(every).astype(np.int32)
    is_in = np.zeros(int(every.max()) + 1, np.bool_)
    is_in[every] = True
    return np.flatnonzero(is_in).astype(np.int32)
