"""The SQL database that definitions lie in: SQLite in the data directory, with durable, serialised writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from sqlite3 import connect
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, update
from sqlalchemy.exc import DBAPIError

from segmentd.storage.errors import StoreFailedError
from segmentd.storage.marked_log import MarkedLog
from segmentd.storage.migration import migrate
from segmentd.storage.tables import commits

DATABASE_FILE: Final = "segmentd.sqlite3"

MARK_FILE: Final = "segmentd.mark"

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # In WAL mode only FULL waits for the disk at each commit: an acknowledged write survives a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
)


class Database:
    """An open database at the newest schema. Close it when done; several threads may use it.

    `was_unguarded`: the mark was lacking or unreadable although transactions had been counted.
    """

    def __init__(self, engine: Engine, log: MarkedLog, path: Path) -> None:
        self.path = path
        self._engine = engine
        self._log = log
        self.was_unguarded = False
        self._writing = engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database. Raises StoreFailedError."""
        with _translated(f"reading {self.path}"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection whose changes are all on disk when the block ends, or none if it raises.

        Other writers wait: the lock is taken at the start, so that what was read cannot change before the commit.
        Raises StoreFailedError; UnmarkedError where the changes are on disk, and may not be acknowledged.
        """
        self._log.mark.settle()
        with _translated(f"writing {self.path}"), self._writing.begin() as connection:
            counted = update(commits).values(number=commits.c.number + 1).returning(commits.c.number)
            number = connection.execute(counted).scalar_one()
            yield connection
        self._log.keep(number)

    def scrub(self) -> None:
        """Write the file anew, so that neither it nor its write-ahead log has a byte of what was changed or deleted.

        Raises StoreFailedError, also where somebody reads for longer than the usual time to wait.
        """
        doing = f"rewriting {self.path}"
        try:
            with closing(self._engine.raw_connection()) as connection:
                cursor = connection.cursor()
                cursor.execute("VACUUM")
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                cursor.close()
        except SqliteError as error:
            raise StoreFailedError(doing, error) from error
        if busy:
            raise StoreFailedError(doing, "the write-ahead log is being read")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._log.close()

    def open(self) -> None:
        """Bring the schema up to this release's. Raises StoreFailedError, SchemaTooNewError and DamagedError.

        The last where transactions were lost that the mark counts; then the log is left as it is.
        """
        try:
            with self.read() as connection:
                found = _commits_of(connection)
                self._log.check(found)
            self.was_unguarded = self._log.mark.found is None and found > 0
            with _translated(f"writing {self.path}"), self._writing.begin() as connection:
                migrate(connection, self.path)
            self._log.mark.keep(found)
        except BaseException:
            with self._log.kept():
                self.close()
            raise


def open_database(directory: Path) -> Database:
    """Open the database in the directory, made if there is none, and migrate it.

    Raises StoreFailedError, for an empty file too, SchemaTooNewError where a later release wrote it, and DamagedError
    where transactions were lost.
    """
    path = directory / DATABASE_FILE
    log = MarkedLog(path, directory / MARK_FILE)
    try:
        _create(path)
    except BaseException:
        log.close()
        raise
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    database = Database(engine, log, path)
    database.open()
    return database


def _commits_of(connection: Connection) -> int:
    """How many transactions were counted; 0 where none were, as in earlier releases."""
    if not inspect(connection).has_table(commits.name):
        return 0
    return int(connection.scalars(select(commits.c.number)).one())


def _create(path: Path) -> None:
    """Make an empty database that only its owner may read, unless there is one. It appears whole, or not at all."""
    opening = f"opening {path}"
    try:
        if path.exists():
            if path.stat().st_size == 0:
                # Not to be deleted: the facts beside it would be those of whatever ledger got the same id.
                what_to_do = "put back the whole data directory from a backup, or give another data directory"
                raise StoreFailedError(opening, f"the file is empty; {what_to_do}")
            return
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").close()
        new.rename(path)
    except (OSError, SqliteError) as error:
        raise StoreFailedError(opening, error) from error


def _prepare(connection: SqliteConnection, _record: object) -> None:
    # The sqlite3 module would begin transactions by itself, late and deferred; `_begin` alone does.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreFailedError(doing, error.orig) from error
