"""The journal's open file, with the mark that tells when transactions of it were lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.schema import (
    FACTS_FILE,
    commits_of,
    commits_on,
    migrate,
    open_file,
    page_of_commits,
)
from segmentd.storage import MarkedLog, StoreFailedError
from segmentd.storage.log_frames import read_frames

MARK_FILE: Final = "facts.mark"

LOG_BYTES: Final = 16 << 20
"""The write-ahead log is copied into the file when about so much was written to it, which takes some 10 ms."""

TRANSACTION_BYTES: Final = 64 << 10
"""What a transaction writes beside what its caller counts: pages of tables and indexes."""


class GuardedFile:
    """The open file `facts.sqlite3`. Threads may share it; a transaction waits for the one before it.

    `was_unguarded`: the mark was lacking or unreadable although transactions had been counted, so that nobody knows
    whether some were lost. Raises StoreFailedError, SchemaTooNewError, and FactsDamagedError where some were.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FACTS_FILE
        self._log = MarkedLog(self.path, directory / MARK_FILE, FactsDamagedError)
        self._mark = self._log.mark
        self._lock = threading.Lock()
        had_log = self._log.is_there
        try:
            self._connection = open_file(self.path)
        except BaseException:
            self._log.close()
            raise
        try:
            self._open(had_log=had_log)
        except BaseException:
            self._leave()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone. Raises StoreFailedError."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise StoreFailedError(f"reading {self.path}", error) from error

    @contextmanager
    def writing(self, size: int = 0) -> Iterator[sqlite3.Connection]:
        """The connection, alone and in a transaction, which is on disk and marked when the block ends.

        `size`: about how many bytes are written or overwritten. Raises StoreFailedError, and then nothing has changed,
        but for UnmarkedError.
        """
        with self._lock:
            self._mark.settle()
            self._copy_if_long()
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute("UPDATE commits SET number = ?", (self._commits + 1,))
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise StoreFailedError(f"writing {self.path}", error) from error
                raise
            self._uncopied += size + TRANSACTION_BYTES
            self._commits += 1
            self._log.keep(self._commits)

    def count(self, size: int) -> None:
        """So many bytes more were written to the log than `writing` was told; nothing where they were copied since."""
        with self._lock:
            self._uncopied += size if self._uncopied else 0

    def settle(self) -> None:
        """Have all that was committed marked when this returns, and so to be acknowledged. Raises StoreFailedError."""
        with self._lock:
            self._mark.settle()

    def rewrite(self) -> None:
        """Write the file anew, and empty the log: no byte of what was deleted is left. Raises StoreFailedError."""
        with self.reading() as connection:
            self._mark.settle()
            # Pages that were rebuilt may keep copies of rows that are overwritten elsewhere: all of them are made anew.
            connection.execute("VACUUM")
            self._uncopied += TRANSACTION_BYTES
            self._copy_log()
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreFailedError(f"emptying the write-ahead log of {self.path}", "another process reads it")

    def faults(self) -> tuple[str, ...]:
        """What a start would find wrong with the log and the mark on disk, if this process were killed now.

        Raises StoreFailedError where they cannot be read.
        """
        with self.reading() as connection:
            page, commits, needed = page_of_commits(connection), self._commits, self._uncopied > 0
            content = self._log.content() if needed else b""
            marked = self._log.marked()
        found: list[str] = []
        if marked is None or marked.commits != commits:
            told = "is lacking or damaged" if marked is None else f"tells of {marked.commits} commits"
            found.append(f"{self._mark.path} {told}, where there were {commits}: a loss at the log's end is not seen")
        if needed:
            copy = read_frames(content).last_of(page)
            left = 0 if copy is None else commits_on(copy)
            if left != commits:
                told = f"it gives {left} of {commits} commits" if left else f"it gives none of {commits} commits"
                found.append(f"{self._log.path} is damaged or lacking: {told}")
        return tuple(found)

    def close(self) -> None:
        """Close the file. What was committed is in it, or beside it in its write-ahead log."""
        with self._lock:
            try:
                self._copy_log()
            except (StoreFailedError, sqlite3.Error):
                self._leave()
            else:
                self._connection.close()
                self._log.close()

    def _open(self, *, had_log: bool) -> None:
        try:
            self._commits = commits_of(self._connection)
            self._log.check(self._commits)
            if self._mark.last.is_copying:
                if had_log:
                    self._mark.keep(self._commits)  # what is copied is never ahead of the mark
                self._log.check_copying(self._copied_frames())
                self._mark.keep_copying(is_copying=False)
            self.was_unguarded = self._mark.found is None and self._commits > 0
            has_written = migrate(self._connection)
            self._mark.keep(self._commits)
        except sqlite3.Error as error:
            raise StoreFailedError(f"opening {self.path}", error) from error
        self._uncopied, self._most = 0, LOG_BYTES
        if had_log or has_written:
            # Of a log that was there nobody knows whether it has anything; from here on it has.
            with self.writing():
                pass

    def _copy_if_long(self) -> None:
        if self._uncopied > self._most:
            try:
                self._copy_log()
            except sqlite3.Error:
                # The log goes on, and takes what the file does not.
                self._most = self._uncopied + LOG_BYTES

    def _copy_log(self) -> None:
        """Copy the log into the file, so that SQLite begins it anew. Raises sqlite3.Error and StoreFailedError.

        The mark says so meanwhile, and as long as it failed: then the log has something, and opening needs it.
        """
        if self._uncopied:
            self._mark.keep_copying(is_copying=True)
            self._copied_frames()
            self._uncopied, self._most = 0, LOG_BYTES
            self._mark.keep_copying(is_copying=False)

    def _copied_frames(self) -> int:
        """Copy the log; of how many pages it is."""
        busy, frames, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if busy or frames != copied:
            raise sqlite3.OperationalError(f"the write-ahead log has {frames} pages, of which {copied} were copied")
        return int(frames)

    def _leave(self) -> None:
        with self._log.kept():
            self._connection.close()
        self._log.close()
