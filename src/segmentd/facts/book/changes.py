"""Whose facts changed with which version, of the last versions."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A change, and how many slots it and all changes before it in its list have."""

    change: Change
    slots: int


@dataclass(frozen=True, slots=True, eq=False)
class ChangeLog:
    """The changes of all versions after `since`, oldest first. It never changes.

    Logs that follow one another share a list, which the last of them appends to: each looks at its part alone, so that
    extending a log takes as long as what is new. The list is copied when half of it is of nobody's who writes.
    """

    since: int
    _entries: list[_Entry] = field(default_factory=list)
    _first: int = 0
    _end: int = 0

    def extended(self, changes: tuple[Change, ...]) -> ChangeLog:
        """With newer ones, and without the oldest where it becomes too much."""
        entries, first = self._entries, self._first
        if len(entries) > self._end:  # another log was extended from this one
            entries, first = entries[first : self._end], 0
        for change in changes:
            entries.append(_Entry(change, change.size + (entries[-1].slots if entries else 0)))
        first = _first_kept(entries, first)
        since = self.since if first == 0 else max(self.since, entries[first - 1].change.version)
        if first > len(entries) - first:
            entries, first = entries[first:], 0
        return ChangeLog(since, entries, first, len(entries))

    def after(self, version: int) -> tuple[Change, ...] | None:
        """The changes of the versions after one; None where that is too long ago."""
        if version < self.since:
            return None
        first = bisect_right(self._entries, version, self._first, self._end, key=lambda entry: entry.change.version)
        return tuple(entry.change for entry in self._entries[first : self._end])


def _first_kept(entries: list[_Entry], first: int) -> int:
    """The first of the entries that are kept, none before `first`."""
    first = max(first, len(entries) - MAX_VERSIONS)
    while first < len(entries) and entries[-1].slots - entries[first].slots + entries[first].change.size > MAX_SLOTS:
        first += 1
    return first


def joined(slots: list[Numbers]) -> Numbers:
    """All slots, each once, ascending."""
    every = np.concatenate(slots) if slots else np.zeros(0, np.int32)
    if len(every) < _MANY:
        return np.unique(every).astype(np.int32)
    is_in = np.zeros(int(every.max()) + 1, np.bool_)
    is_in[every] = True
    return np.flatnonzero(is_in).astype(np.int32)
