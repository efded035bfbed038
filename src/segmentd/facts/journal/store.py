"""The SQL of the journal: batches and their outcomes, and which checkpoint is current, in one SQLite file."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final

from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.guarded import GuardedFile
from segmentd.facts.journal.model import Checkpoint, CheckpointFile, Entry, Erasure
from segmentd.facts.journal.outcomes import (
    decode_rejections,
    decode_traces,
    encode_rejections,
    encode_traces,
    without_messages,
)
from segmentd.facts.records import WriteOutcome
from segmentd.storage import published

PURGED_BATCHES: Final = 64
"""Payloads that one transaction deletes: writers wait for no more than these, some milliseconds."""

READ_BATCHES: Final = 16
"""Payloads that are read at a time."""

ENTRY_BYTES: Final = 32 << 10
"""What an entry writes beside its payload: pages of two indexes."""

FORGOTTEN_IDS: Final = 10_000
"""Batch ids that one transaction deletes."""

ROW_BYTES: Final = 4 << 10
"""What forgetting a batch id writes: its place in an index is anywhere, on a page of its own or on one of others."""


class JournalStore:
    """The open file `facts.sqlite3`. Threads may share it; a transaction waits for the one before it.

    Every method raises StoreFailedError where the file cannot be read or written; then nothing has changed.
    """

    def __init__(self, directory: Path) -> None:
        self._file = GuardedFile(directory)
        self.path = self._file.path
        self._lock = threading.Lock()
        with self._file.reading() as connection:
            sizes = connection.execute("SELECT ledger, sum(length(payload)) FROM payloads GROUP BY ledger").fetchall()
        self._pending_bytes: dict[str, int] = dict(sizes)

    @property
    def was_unguarded(self) -> bool:
        """See `GuardedFile`."""
        return self._file.was_unguarded

    def faults(self) -> tuple[str, ...]:
        """See `GuardedFile`."""
        return self._file.faults()

    def close(self) -> None:
        """Close the file. What was committed is in it, or beside it in its write-ahead log."""
        self._file.close()

    def append(self, entries: Sequence[Entry], now_us: int) -> None:
        """Keep a group of batches: all are on disk when this returns, none when it raises, but for UnmarkedError."""
        batches = [_batch_row(entry, now_us) for entry in entries if entry.batch_id]
        payloads = [
            (entry.ledger_id, entry.outcome.version, zlib.crc32(entry.payload), entry.payload)
            for entry in entries
            if entry.payload is not None
        ]
        erasures = [
            (entry.ledger_id, entry.outcome.version, encode_traces(entry.erases))
            for entry in entries
            if entry.erases is not None
        ]
        with (
            published(partial(self._add_all_pending, payloads)),
            self._file.writing(len(entries) * ENTRY_BYTES) as connection,
        ):
            connection.executemany("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", batches)
            connection.executemany("INSERT INTO payloads VALUES (?, ?, ?, ?)", payloads)
            connection.executemany("INSERT INTO erasures (ledger, version, traces) VALUES (?, ?, ?)", erasures)

    def pending_bytes(self, ledger_id: str) -> int:
        """The bytes of batches that no checkpoint has yet."""
        return self._pending_bytes.get(ledger_id, 0)

    def pending_ledgers(self, more_than: int) -> tuple[str, ...]:
        """The ledgers with more bytes of such batches than these."""
        return tuple(ledger_id for ledger_id, size in self._pending_bytes.items() if size > more_than)

    def ledgers(self) -> tuple[str, ...]:
        """The ledgers that have facts, by id."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT ledger FROM checkpoints UNION SELECT ledger FROM payloads ORDER BY 1")
            return tuple(ledger for (ledger,) in rows)

    def outcome(self, ledger_id: str, batch_id: str) -> WriteOutcome | None:
        """What became of a batch of this id, as it was answered then; None: there was none, or it is forgotten."""
        self._file.settle()
        query = (
            "SELECT version, inserted, updated, unchanged, deleted, rejected FROM batches WHERE ledger = ? AND key = ?"
        )
        with self._file.reading() as connection:
            row = connection.execute(query, (ledger_id, _key(batch_id))).fetchone()
        if row is None:
            return None
        version, inserted, updated, unchanged, deleted, rejected = row
        rejections = decode_rejections(rejected)
        return WriteOutcome(version, inserted, updated, unchanged, deleted, rejections, repeated=True)

    def payloads_after(
        self, ledger_id: str, version: int, *, but_checkpointed: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """The batches after a version, with their versions, in order. Raises FactsDamagedError.

        `but_checkpointed`: those are not looked for that a checkpoint has when they would be read.
        """
        query = "SELECT version, crc32, payload FROM payloads WHERE ledger = ? AND version > ? ORDER BY version LIMIT ?"
        last = version
        while True:
            with self._file.reading() as connection:
                rows = connection.execute(query, (ledger_id, last, READ_BATCHES)).fetchall()
                has = self._checkpointed(connection, ledger_id) if but_checkpointed else 0
            for number, crc32, payload in rows:
                if number > max(last, has) + 1:
                    raise FactsDamagedError(self.path, f"lacks the batches of ledger {ledger_id!r} after {last}")
                if zlib.crc32(payload) != crc32:
                    raise FactsDamagedError(self.path, f"has batch {number} of ledger {ledger_id!r} damaged")
                last = number
                yield number, payload
            if len(rows) < READ_BATCHES:
                return

    def checkpoint(self, ledger_id: str) -> Checkpoint | None:
        """The ledger's current checkpoint, if it has one."""
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT version, folder FROM checkpoints WHERE ledger = ?", (ledger_id,)
            ).fetchone()
            rows = connection.execute(
                "SELECT name, size, crc32 FROM checkpoint_files WHERE ledger = ? ORDER BY name", (ledger_id,)
            ).fetchall()
        if row is None:
            return None
        version, folder = row
        return Checkpoint(ledger_id, version, folder, tuple(CheckpointFile(*file) for file in rows))

    def set_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Make a checkpoint, whose files are on disk, the current one; from then on `purge` deletes what it holds."""
        ledger_id = checkpoint.ledger_id
        files = [(ledger_id, file.table, file.size, file.crc32) for file in checkpoint.files]
        with self._file.writing() as connection:
            connection.execute("DELETE FROM checkpoint_files WHERE ledger = ?", (ledger_id,))
            connection.execute(
                "INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT (ledger) DO UPDATE "
                "SET version = excluded.version, folder = excluded.folder",
                (ledger_id, checkpoint.version, checkpoint.folder),
            )
            connection.executemany("INSERT INTO checkpoint_files VALUES (?, ?, ?, ?)", files)

    def confirm(self) -> None:
        """Write something, so that no transaction that failed before this can be found committed after a crash.

        A commit that fails while the disk is waited for may have reached it; the next one takes its place there.
        """
        with self._file.writing():
            pass

    def purge(self, ledger_id: str) -> None:
        """Delete the batches that the ledger's checkpoint holds, overwriting them, in several short transactions."""
        while self._purge_some(ledger_id):
            pass

    def forget_ids_before(self, moment_us: int) -> None:
        """Delete the outcomes of batches that were written before a moment."""
        statement = "DELETE FROM batches WHERE rowid IN (SELECT rowid FROM batches WHERE time_us < ? LIMIT ?)"
        forgotten = FORGOTTEN_IDS
        while forgotten == FORGOTTEN_IDS:
            with self._file.writing() as connection:
                forgotten = connection.execute(statement, (moment_us, FORGOTTEN_IDS)).rowcount
            self._file.count(forgotten * ROW_BYTES)

    def ledgers_to_scrub(self) -> tuple[str, ...]:
        """The ledgers of which erasures are not finished, by id."""
        with self._file.reading() as connection:
            rows = connection.execute("SELECT DISTINCT ledger FROM erasures ORDER BY ledger")
            return tuple(ledger for (ledger,) in rows)

    def erasures(self, ledger_id: str) -> tuple[Erasure, ...]:
        """The erasures of a ledger that are not finished, by number."""
        query = "SELECT number, version, traces FROM erasures WHERE ledger = ? ORDER BY number"
        with self._file.reading() as connection:
            rows = connection.execute(query, (ledger_id,)).fetchall()
        return tuple(Erasure(number, version, decode_traces(traces)) for number, version, traces in rows)

    def scrub(self, ledger_id: str, until: int) -> None:
        """Forget what rejected rows were told, which may quote values, and overwrite all that was deleted.

        Afterwards neither the file nor its write-ahead log has a byte of what was deleted before. Of erasures, up to
        number `until`, only that they are not finished is left, until `finish_erasures`.
        """
        query = "SELECT rowid, rejected FROM batches WHERE ledger = ? AND rejected IS NOT NULL"
        with self._file.writing() as connection:
            told = connection.execute(query, (ledger_id,)).fetchall()
            silent = [(without_messages(rejected), row) for row, rejected in told]
            connection.executemany("UPDATE batches SET rejected = ? WHERE rowid = ?", silent)
            connection.execute("UPDATE erasures SET traces = NULL WHERE ledger = ? AND number <= ?", (ledger_id, until))
        self._file.rewrite()

    def finish_erasures(self, ledger_id: str, until: int) -> None:
        """The erasures of a ledger up to a number are finished, and forgotten."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM erasures WHERE ledger = ? AND number <= ?", (ledger_id, until))

    @staticmethod
    def _checkpointed(connection: sqlite3.Connection, ledger_id: str) -> int:
        """The version that the ledger's checkpoint has; 0 where there is none."""
        row = connection.execute("SELECT version FROM checkpoints WHERE ledger = ?", (ledger_id,)).fetchone()
        return 0 if row is None else int(row[0])

    def _purge_some(self, ledger_id: str) -> bool:
        chosen = (
            "SELECT payloads.rowid, length(payload) FROM payloads JOIN checkpoints USING (ledger) "
            "WHERE ledger = ? AND payloads.version <= checkpoints.version LIMIT ?"
        )
        rows: list[tuple[int, int]] = []
        with published(lambda: self._subtract_pending(ledger_id, rows)), self._file.writing() as connection:
            rows += connection.execute(chosen, (ledger_id, PURGED_BATCHES)).fetchall()
            connection.executemany("DELETE FROM payloads WHERE rowid = ?", [(row,) for row, _ in rows])
        return len(rows) == PURGED_BATCHES

    def _add_all_pending(self, payloads: Sequence[tuple[str, int, int, bytes]]) -> None:
        for ledger_id, _, _, payload in payloads:
            self._file.count(len(payload))
            self._add_pending(ledger_id, len(payload))

    def _subtract_pending(self, ledger_id: str, purged: Sequence[tuple[int, int]]) -> None:
        size = sum(size for _, size in purged)
        self._file.count(size)
        self._add_pending(ledger_id, -size)

    def _add_pending(self, ledger_id: str, size: int) -> None:
        with self._lock:
            self._pending_bytes[ledger_id] = self._pending_bytes.get(ledger_id, 0) + size


def _key(batch_id: str) -> bytes:
    """What stands for a batch id: clients may put a customer's id into it, of which no byte may be left."""
    return blake2b(batch_id.encode(), digest_size=16).digest()


def _batch_row(entry: Entry, now_us: int) -> tuple[object, ...]:
    outcome = entry.outcome
    counts = (outcome.version, outcome.inserted, outcome.updated, outcome.unchanged, outcome.deleted)
    return (entry.ledger_id, _key(entry.batch_id), now_us, *counts, encode_rejections(outcome.rejected))
