"""The durable record of ledgers' facts: batches since the last checkpoint, and the checkpoint."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa

from segmentd.columns.zones import DAY_US
from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.files import FACTS_FOLDER, check_file, read_checkpoint, remove_others, write_checkpoint
from segmentd.facts.journal.guarded import MARK_FILE
from segmentd.facts.journal.history import HistoryFiles, KeepHistory
from segmentd.facts.journal.history_index import is_history
from segmentd.facts.journal.model import Checkpoint, CheckpointFile, Entry, Erasure
from segmentd.facts.journal.schema import FACTS_FILE
from segmentd.facts.journal.store import JournalStore
from segmentd.facts.past_values import History
from segmentd.facts.records import WriteOutcome
from segmentd.ledger.editions import now_us
from segmentd.storage import published

KEPT_DAYS: Final = 30
"""Batch ids and their outcomes are kept for so long, as WriteRecords promises."""


class Journal:
    """The facts that a data directory holds, which this process must own. Threads may share it; close it.

    `mark_path`: the file that counts commits outside of the database.

    Raises StoreFailedError, SchemaTooNewError or FactsDamagedError where they cannot be opened; every method raises
    StoreFailedError where the disk fails, and then nothing has changed. `clock`: microseconds since 1970.
    """

    def __init__(
        self, directory: Path, clock: Callable[[], int] = now_us, keep_history: KeepHistory | None = None
    ) -> None:
        self._folder = directory / FACTS_FOLDER
        self._clock = clock
        if not (directory / FACTS_FILE).exists() and self._folder.is_dir() and any(self._folder.iterdir()):
            raise FactsDamagedError(directory / FACTS_FILE, f"is lacking, which tells what is in {self._folder}")
        self.mark_path = directory / MARK_FILE
        self._store = JournalStore(directory)
        self.history = HistoryFiles(self._folder, self._store.checkpoint, keep_history or KeepHistory())
        self._checkpoint_bytes: dict[str, int] = {}
        self._naming = threading.Lock()
        """Whoever says which checkpoint is current, in the database and here."""
        self._saving: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """Held while a ledger's checkpoint is made, which nobody names yet."""

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @property
    def was_unguarded(self) -> bool:
        """Whether the mark was lacking or unreadable although commits had been counted: some may have been lost."""
        return self._store.was_unguarded

    def ledgers(self) -> tuple[str, ...]:
        """The ledgers that have facts, by id."""
        return self._store.ledgers()

    def load(self, ledger_id: str) -> tuple[int, Mapping[str, pa.Table]]:
        """The checkpoint's version and tables; version 0 and none where there is none. Raises FactsDamagedError.

        What the checkpoint has of the past is read when somebody asks for it, from `history`.
        """
        with self._naming:
            checkpoint = self._store.checkpoint(ledger_id)
            if checkpoint is None:
                return 0, {}
            self._become(checkpoint)
        return checkpoint.version, read_checkpoint(self._folder / ledger_id, checkpoint)

    def checkpoint(self, ledger_id: str) -> Checkpoint | None:
        """The ledger's current checkpoint, if it has one."""
        return self._store.checkpoint(ledger_id)

    def check_file(self, checkpoint: Checkpoint, file: CheckpointFile) -> Iterator[int]:
        """Read a file of a checkpoint, so many bytes at a time. Raises FactsDamagedError, also where it has gone."""
        return check_file(self._folder / checkpoint.ledger_id, checkpoint, file)

    def replay(self, ledger_id: str, after: int) -> Iterator[tuple[int, bytes]]:
        """The batches after a version, with theirs, in order and without a gap. Raises FactsDamagedError."""
        return self._store.payloads_after(ledger_id, after)

    def faults(self) -> tuple[str, ...]:
        """What a start would find wrong with the log and the mark on disk, if this process were killed now."""
        return self._store.faults()

    def check_batches(self, ledger_id: str, after: int) -> Iterator[int]:
        """Read the batches after a version that no checkpoint has by then; their versions. Raises FactsDamagedError."""
        for number, _ in self._store.payloads_after(ledger_id, after, but_checkpointed=True):
            yield number

    def clean(self, ledger_id: str) -> None:
        """Remove what a killed process or a failed checkpoint left; only once all that is current could be read.

        Nothing while a checkpoint of the ledger is made, which does so itself: its files would be taken for left ones.
        """
        saving = self._saving[ledger_id]
        if saving.acquire(blocking=False):
            try:
                self._clean(ledger_id)
            finally:
                saving.release()

    def append(self, entries: Sequence[Entry]) -> None:
        """Keep a group of batches: all are on disk when this returns, none when it raises, but for UnmarkedError."""
        self._store.append(entries, self._clock())

    def outcome(self, ledger_id: str, batch_id: str) -> WriteOutcome | None:
        """What was answered to a batch of this id, said to be repeated; None: it was not written in 30 days."""
        return self._store.outcome(ledger_id, batch_id)

    def pending_bytes(self, ledger_id: str) -> int:
        """The bytes of batches that no checkpoint has yet."""
        return self._store.pending_bytes(ledger_id)

    def pending_ledgers(self, more_than: int) -> tuple[str, ...]:
        """The ledgers with more bytes of such batches than these."""
        return self._store.pending_ledgers(more_than)

    def checkpoint_bytes(self, ledger_id: str) -> int:
        """The bytes of the checkpoint that was loaded or saved last, without its past, which is not written anew."""
        return self._checkpoint_bytes.get(ledger_id, 0)

    def save(
        self, ledger_id: str, version: int, tables: Mapping[str, pa.Table], history: History | None = None
    ) -> Checkpoint:
        """Make a checkpoint of a version that was appended, and delete what it takes the place of.

        `history`: what was replaced since the checkpoint before, whose files of the past stay. Raises FactsDamagedError
        where one of them that has to be written anew is damaged.
        """
        with self._saving[ledger_id]:
            self._store.confirm()
            self._clean(ledger_id)
            checkpoint = write_checkpoint(
                self._folder / ledger_id,
                ledger_id,
                version,
                tables,
                lambda folder: self.history.carry(ledger_id, history or History(), self._clock(), folder),
            )
            with self._naming, published(partial(self._become, checkpoint)):
                self._store.set_checkpoint(checkpoint)
            self._clean(ledger_id)
        return checkpoint

    def ledgers_to_scrub(self) -> tuple[str, ...]:
        """The ledgers of which erasures are not finished, by id."""
        return self._store.ledgers_to_scrub()

    def erasures(self, ledger_id: str) -> tuple[Erasure, ...]:
        """The erasures of a ledger that are not finished, by number."""
        return self._store.erasures(ledger_id)

    def scrub(self, ledger_id: str, until: int = 0) -> None:
        """Leave no byte of what was deleted, erasures up to number `until` included: see `JournalStore.scrub`."""
        self._store.scrub(ledger_id, until)

    def finish_erasures(self, ledger_id: str, until: int) -> None:
        """The erasures of a ledger up to a number are finished: nothing tells of them any more."""
        self._store.finish_erasures(ledger_id, until)

    def forget_old_ids(self) -> None:
        """Forget the batches that were written more than 30 days ago, whose ids may be used again."""
        self._store.forget_ids_before(self._clock() - KEPT_DAYS * DAY_US)

    def ledgers_with_old_history(self) -> tuple[str, ...]:
        """The ledgers of which files have a past that is no longer to be kept; a checkpoint leaves it out."""
        return tuple(each for each in self.ledgers() if self.history.is_due(each, self._clock()))

    def _clean(self, ledger_id: str) -> None:
        self._store.purge(ledger_id)
        remove_others(self._folder / ledger_id, self._store.checkpoint(ledger_id))

    def _become(self, checkpoint: Checkpoint) -> None:
        self.history.become(checkpoint)
        size = sum(file.size for file in checkpoint.files if not is_history(file.table))
        self._checkpoint_bytes[checkpoint.ledger_id] = size
