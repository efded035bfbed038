"""What the records of customers and accounts were before they were changed, since the last checkpoint.

A log a field: the value that a record had, and until when. Only what changed is in it, so that it grows with the
batches that the journal keeps, and shrinks with them when a checkpoint has written it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.lasting import grown
from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.field import AnyPoolView, Cells, Field, Pool
from segmentd.facts.book.table import Table
from segmentd.facts.book.written import Written
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Times
from segmentd.schema import BOOL, DataType

REMEMBERED: Final = (RecordKind.CUSTOMER, RecordKind.ACCOUNT)
"""The kinds of records whose past is kept; what happened has its own time, and rates have their days."""

GONE: Final = "#gone"
"""The log, of no field, of records that were deleted."""

_FIRST_ENTRIES: Final = 64

LogKey = tuple[RecordKind, str]


@dataclass(frozen=True, slots=True, eq=False)
class LogView:
    """Entries of a log: `cells` were the values of the records `numbers` until `until_us`, ascending."""

    type: DataType
    pool: AnyPoolView | None
    numbers: Numbers
    until_us: Times
    cells: Cells

    def first_after(self, moment_us: int) -> int:
        """The place of the first entry after a moment."""
        return int(np.searchsorted(self.until_us, moment_us, "right"))

    def count_after(self, moment_us: int) -> int:
        """How many entries are after a moment."""
        return len(self.until_us) - self.first_after(moment_us)


@dataclass(frozen=True, slots=True, eq=False)
class PastView:
    """The logs as of a version, which was written at `time_us`. What was replaced by `since_us` is in files.

    `last_us`: when something was replaced or deleted last. `gone`: records that were deleted since then, and when.
    """

    since_us: int = 0
    time_us: int = 0
    last_us: int = 0
    logs: Mapping[LogKey, LogView] = field(default_factory=dict)
    gone: Mapping[RecordKind, LogView] = field(default_factory=dict)


class _Log:
    """The entries of a field, to which the one writer adds."""

    def __init__(self, type_: DataType, pool: Pool | None, element: npt.DTypeLike) -> None:
        self.type, self.pool = type_, pool
        self.count = 0
        self._numbers = np.empty(_FIRST_ENTRIES, np.int32)
        self._until_us = np.empty(_FIRST_ENTRIES, np.int64)
        self._values: npt.NDArray[Any] = np.empty(_FIRST_ENTRIES, element)
        self._present = np.empty(_FIRST_ENTRIES, np.uint8)

    def is_of(self, kept: Field) -> bool:
        """Whether its entries are values of this field."""
        return self.type == kept.type and self.pool is kept.pool

    def add(self, numbers: Numbers, cells: Cells, until_us: int) -> None:
        """Values that these records had until a moment."""
        first, end = self.count, self.count + len(numbers)
        self._reserve(end)
        self._numbers[first:end] = numbers
        self._until_us[first:end] = until_us
        self._values[first:end] = cells.values
        self._present[first:end] = 1 if cells.present is None else cells.present
        self.count = end

    def view(self) -> LogView:
        """The entries that there are."""
        pool = None if self.pool is None else self.pool.view()
        cells = Cells(self._values[: self.count], self._present[: self.count])
        return LogView(self.type, pool, self._numbers[: self.count], self._until_us[: self.count], cells)

    def after(self, moment_us: int) -> _Log:
        """A log of the entries after a moment."""
        first = int(np.searchsorted(self._until_us[: self.count], moment_us, "right"))
        later = _Log(self.type, self.pool, self._values.dtype)
        later.count = self.count - first
        kept = slice(first, self.count)
        later._numbers, later._until_us = self._numbers[kept].copy(), self._until_us[kept].copy()
        later._values, later._present = self._values[kept].copy(), self._present[kept].copy()
        return later

    def _reserve(self, count: int) -> None:
        """Room for so many entries. What views hold is left as it is."""
        if count > len(self._numbers):
            capacity = max(count, 2 * len(self._numbers))
            self._numbers, self._until_us = grown(self._numbers, capacity), grown(self._until_us, capacity)
            self._values, self._present = grown(self._values, capacity), grown(self._present, capacity)


class Past:
    """The logs of a book, which one thread writes, publishes and undoes."""

    def __init__(self, since_us: int = 0) -> None:
        """Nothing since a moment up to which files have it."""
        self._since_us = self._time_us = self._last_us = since_us
        self._logs: dict[LogKey, _Log] = {}
        self._is_changed = True
        self.publish()

    def begin(self, time_us: int) -> None:
        """What is noted from now on is replaced at this moment, later than what was published; 0: nobody knows when."""
        self._time_us = max(time_us, self._time_us)
        self._is_timed = time_us > 0

    def note(self, table: Table, names: Iterable[str], numbers: Numbers, written: Written) -> None:
        """What records had, in these fields, that were just replaced. `numbers`: of those in `written.changed`."""
        places = np.flatnonzero(written.old >= 0)
        if table.kind not in REMEMBERED or not self._is_timed or not len(places):
            return
        for name in names:
            kept = table.fields[name]
            view = kept.view()
            before = view.cells(written.old[places])
            changed = np.flatnonzero(~before.equals(view.cells(written.rows[places])))
            if len(changed):
                log = self._log(table.kind, name, kept)
                log.add(numbers[places[changed]], before.some(changed), self._time_us)
                self._note_change()

    def forget(self, kind: RecordKind, numbers: Numbers) -> None:
        """These records are deleted: what they were is nobody's any more."""
        if len(numbers) and self._is_timed:
            log = self._logs.setdefault((kind, GONE), _Log(BOOL, None, np.uint8))
            log.add(numbers, Cells(np.ones(len(numbers), np.uint8)), self._time_us)
            self._note_change()

    def publish(self) -> PastView:
        """Keep what was noted."""
        if self._is_changed:
            self._published = {key: (log, log.count) for key, log in self._logs.items()}
            views = {key: log.view() for key, log in self._logs.items()}
            self._gone_view = {kind: view for (kind, name), view in views.items() if name == GONE}
            self._logs_view = {key: view for key, view in views.items() if key[1] != GONE}
        self._is_changed, self._is_timed = False, False
        self.view = PastView(self._since_us, self._time_us, self._last_us, self._logs_view, self._gone_view)
        return self.view

    def undo(self) -> None:
        """Forget what was noted since `publish`."""
        self._logs = {key: log for key, (log, _) in self._published.items()}
        for log, count in self._published.values():
            log.count = count
        self._time_us, self._last_us = self.view.time_us, self.view.last_us
        self._is_changed = False

    def drop(self, until_us: int) -> PastView:
        """Leave out what files have by now, all of which is published."""
        if until_us > self._since_us:
            self._since_us = until_us
            logs = {key: log.after(until_us) for key, log in self._logs.items()}
            self._logs = {key: log for key, log in logs.items() if log.count}
            self._is_changed = True
            self.publish()
        return self.view

    def _note_change(self) -> None:
        self._last_us, self._is_changed = self._time_us, True

    def _log(self, kind: RecordKind, name: str, kept: Field) -> _Log:
        found = self._logs.get((kind, name))
        if found is None or not found.is_of(kept):
            found = self._logs[kind, name] = _Log(kept.type, kept.pool, kept.tail.dtype)
        return found
