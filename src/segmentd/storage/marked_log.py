"""A database's write-ahead log, and the mark that tells when transactions in it were lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from segmentd.storage.errors import BACKUP, DamagedError, StoreFailedError, UnmarkedError
from segmentd.storage.mark import Mark, Marked


class MarkedLog:
    """The log of an SQLite database that counts its transactions, and the open mark of them. Close it.

    `error`: what is raised where transactions were lost. Raises StoreFailedError where the mark cannot be opened, and
    that error where there is a mark of transactions and no database: nothing is begun anew beside it.
    """

    def __init__(self, database: Path, mark: Path, error: type[DamagedError] = DamagedError) -> None:
        self._database, self._error = database, error
        self.path = database.with_name(f"{database.name}-wal")
        self.mark = Mark(mark)
        if self.mark.last.commits and not database.exists():
            self.close()
            raise self._lost(f"is lacking, of which {mark} counts {self.mark.last.commits} commits")

    @property
    def is_there(self) -> bool:
        """Whether the log has anything, be it whole or not."""
        return self.path.exists() and self.path.stat().st_size > 0

    def content(self) -> bytes:
        """The log's bytes on disk; none where there is none. Raises StoreFailedError."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StoreFailedError(f"reading {self.path}", error) from error

    def marked(self) -> Marked | None:
        """What the mark tells on disk now. Raises StoreFailedError."""
        mark = Mark(self.mark.path)
        mark.close()
        return mark.found

    def check(self, commits: int) -> None:
        """Raise the error where the database has fewer commits than were marked."""
        marked = self.mark.last.commits
        if commits < marked:
            raise self._lost(
                f"lacks the last {marked - commits} of {marked} commits that {self.mark.path} counts, and what was "
                f"acknowledged with them: its write-ahead log {self.path} is damaged or lacking"
            )

    def check_copying(self, frames: int) -> None:
        """Raise the error where the log has nothing that was being copied: parts of it may be in the database."""
        if self.mark.last.is_copying and frames == 0:
            raise self._lost(f"may have parts of commits: its write-ahead log {self.path} is damaged or lacking")

    def keep(self, commits: int) -> None:
        """Mark so many commits, which are on disk. Raises UnmarkedError; then `settle` has to succeed."""
        try:
            self.mark.keep(commits)
        except StoreFailedError as error:
            raise UnmarkedError(error) from error

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave the log to whoever opens the database next, or looks into it: SQLite removes it when it closes."""
        aside = self.path.with_name(f"{self.path.name}.kept")
        with suppress(OSError):
            self.path.rename(aside)
        try:
            yield
        finally:
            with suppress(OSError):
                aside.rename(self.path)

    def close(self) -> None:
        """Close the mark."""
        self.mark.close()

    def _lost(self, wrong: str) -> DamagedError:
        return self._error(self._database, wrong, f"{BACKUP}; or remove {self.mark.path} to go on without what is lost")
