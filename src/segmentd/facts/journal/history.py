"""What the files of ledgers' checkpoints have of the past: read, carried from checkpoint to checkpoint, and let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from segmentd.columns.zones import DAY_US
from segmentd.facts.journal.files import read_content
from segmentd.facts.journal.history_index import INDEX, HistoryIndex, decode_index
from segmentd.facts.journal.history_writing import Carrying, Filed, Limits, write_index
from segmentd.facts.journal.model import Checkpoint, CheckpointFile
from segmentd.facts.past_values import History, PastValues

KEPT_DAYS: Final = 400
"""A year and a month: last year's months can be asked about."""

LATE: Final = 8
"""What is too old goes when it is older by that part of the time; files in which all is too old go at once."""


@dataclass(frozen=True, slots=True)
class KeepHistory:
    """For how many days it is known what records were. `ledgers`: of those that have a number of their own.

    Raises ValueError for less than a day.
    """

    days: int = KEPT_DAYS
    ledgers: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for days in (self.days, *self.ledgers.values()):
            if days < 1:
                raise ValueError(f"history is to be kept for {days} days; it has to be 1 or more")

    def limits(self, ledger_id: str, now_us: int) -> Limits:
        """What of a ledger is too old now."""
        kept_us = self.ledgers.get(ledger_id, self.days) * DAY_US
        return Limits(now_us - kept_us, now_us - kept_us - kept_us // LATE)


@dataclass(frozen=True, slots=True)
class _Current:
    """A ledger's checkpoint in its folder, and what its index says."""

    index: HistoryIndex = field(default_factory=HistoryIndex)
    filed: tuple[Filed, ...] = ()


class HistoryFiles:
    """What checkpoints have of the past. One thread writes checkpoints; any may read."""

    def __init__(self, folder: Path, checkpoint: Callable[[str], Checkpoint | None], keep: KeepHistory) -> None:
        """`folder`: that of the ledgers' folders. `checkpoint`: the current one of a ledger."""
        self._folder, self._checkpoint, self._keep = folder, checkpoint, keep
        self._current: dict[str, _Current] = {}

    def become(self, checkpoint: Checkpoint) -> None:
        """From now on this one is current; where that fails, its index is read when it is asked for.

        Raises FactsDamagedError and StoreFailedError.
        """
        self._current.pop(checkpoint.ledger_id, None)
        folder = self._folder / checkpoint.ledger_id / checkpoint.folder
        files = {file.table: file for file in checkpoint.files}
        if INDEX in files:
            index = _read_index(folder, files[INDEX])
            filed = tuple(Filed(each, files[each.table], folder) for each in index.files)
            self._current[checkpoint.ledger_id] = _Current(index, filed)
        else:
            self._current[checkpoint.ledger_id] = _Current()

    def index(self, ledger_id: str) -> HistoryIndex:
        """What files a ledger's checkpoint has."""
        return self._of(ledger_id).index

    def kept_from_us(self, ledger_id: str) -> int:
        """The first moment as of which all of the past is kept."""
        return self.index(ledger_id).kept_from_us

    def last_us(self, ledger_id: str) -> int:
        """When the last of what files have was replaced; 0 where there are none."""
        return max((each.last_us for each in self.index(ledger_id).files), default=0)

    def read_history(self, ledger_id: str, after_us: int) -> Iterator[PastValues]:
        """What files have that was replaced after a moment, a chunk at a time, of each field the earlier first.

        Raises FactsDamagedError, also where a newer checkpoint has taken the place of this one, and StoreFailedError.
        """
        for each in self._of(ledger_id).filed:
            if each.about.last_us > after_us:
                for values in each.read():
                    yield values.after(after_us)

    def is_due(self, ledger_id: str, now_us: int) -> bool:
        """Whether there are files of what is too old."""
        limits = self._keep.limits(ledger_id, now_us)
        return any(
            each.last_us <= limits.oldest_us or each.first_us <= limits.late_us for each in self.index(ledger_id).files
        )

    def carry(self, ledger_id: str, history: History, now_us: int, folder: Path) -> tuple[CheckpointFile, ...]:
        """Put into a checkpoint's new folder what the one before has, and what came since.

        Raises OSError, FactsDamagedError and StoreFailedError.
        """
        current = self._of(ledger_id)
        carrying = Carrying(folder, current.index, self._keep.limits(ledger_id, now_us), history.gone)
        index, filed = carrying.carry(current.filed, history, max(history.time_us, current.index.up_to_us))
        return (*(each.file for each in filed), write_index(folder, index))

    def _of(self, ledger_id: str) -> _Current:
        found = self._current.get(ledger_id)
        if found is None:
            checkpoint = self._checkpoint(ledger_id)
            if checkpoint is None:
                return _Current()
            self.become(checkpoint)
            found = self._current[ledger_id]
        return found


def _read_index(folder: Path, file: CheckpointFile) -> HistoryIndex:
    return decode_index(pa.ipc.open_file(pa.BufferReader(read_content(folder / file.name, file))).read_all())
