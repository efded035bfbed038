"""The journal's SQLite file: made, opened with what durability needs, and brought to this release's schema."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from segmentd.storage import SchemaTooNewError, StoreFailedError, sync_directory

FACTS_FILE: Final = "facts.sqlite3"

COUNTED: Final = 3
"""The first version of the schema that counts transactions."""

APPLICATION_ID: Final = 0x5365676D
"""What SQLite's header says whose file it is: `Segm`."""

PAGE_BYTES: Final = 16_384
"""Payloads are about 100 kB. With pages of 4 KiB a batch took 0.14 ms of the processor, with these 0.10."""

_PRAGMAS: Final = (
    # One process, one connection: no shared memory, and whoever opens the file beside us is told that it is locked.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    # In WAL mode only FULL waits for the disk at each commit: an acknowledged batch survives a power cut.
    "PRAGMA synchronous = FULL",
    # What is deleted is overwritten: erasing a customer leaves no byte.
    "PRAGMA secure_delete = ON",
    # The log is copied into the file when the mark says so.
    "PRAGMA wal_autocheckpoint = 0",
)

_INTEGER_BYTES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}
"""The bytes of integers by their type in a record; the last two are 0 and 1 by themselves."""

_STEPS: Final = (
    """
    CREATE TABLE batches (
        ledger TEXT NOT NULL,
        key BLOB NOT NULL,
        time_us INTEGER NOT NULL,
        version INTEGER NOT NULL,
        inserted INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        unchanged INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        rejected TEXT,
        UNIQUE (ledger, key)
    );
    CREATE INDEX batches_by_time ON batches (time_us);
    CREATE TABLE payloads (
        ledger TEXT NOT NULL,
        version INTEGER NOT NULL,
        crc32 INTEGER NOT NULL,
        payload BLOB NOT NULL,
        UNIQUE (ledger, version)
    );
    CREATE TABLE checkpoints (
        ledger TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        folder TEXT NOT NULL
    );
    CREATE TABLE checkpoint_files (
        ledger TEXT NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        crc32 INTEGER NOT NULL,
        PRIMARY KEY (ledger, name)
    );
    CREATE TABLE confirmations (number INTEGER NOT NULL);
    INSERT INTO confirmations VALUES (0);
    """,
    """
    CREATE TABLE erasures (
        number INTEGER PRIMARY KEY,
        ledger TEXT NOT NULL,
        version INTEGER NOT NULL,
        traces TEXT
    );
    """,
    """
    CREATE TABLE commits (number INTEGER NOT NULL);
    INSERT INTO commits VALUES (0);
    DROP TABLE confirmations;
    """,
)
"""What each version of the schema adds to the one before; SQLite's user_version counts those that were taken."""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection that begins no transaction by itself to the file, made if there is none.

    Nobody else can open it then. Raises StoreFailedError, for an empty file too, and SchemaTooNewError where a later
    release wrote it.
    """
    try:
        _create(path)
        # The lock of whoever uses the connection takes the place of the module's own check.
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise StoreFailedError(f"opening {path}", error) from error
    return connection


def commits_of(connection: sqlite3.Connection) -> int:
    """How many transactions the file says were committed; 0 for one of a release that did not count them."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < COUNTED:
        return 0
    return int(connection.execute("SELECT number FROM commits").fetchone()[0])


def page_of_commits(connection: sqlite3.Connection) -> int:
    """The number of the page that the count of transactions is on."""
    return int(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'commits'").fetchone()[0])


def commits_on(page: bytes) -> int:
    """The count of transactions on its page, which has one cell: lengths, a row's number, a type and an integer."""
    cell = int.from_bytes(page[8:10], "big")
    size = _INTEGER_BYTES[page[cell + 3]]
    return int.from_bytes(page[cell + 4 : cell + 4 + size], "big") if size else page[cell + 3] - 8


def migrate(connection: sqlite3.Connection) -> bool:
    """Bring the file to this release's schema, in one transaction; whether it was of an older one."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    steps = "".join(_STEPS[found:])
    if steps:
        connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {len(_STEPS)}; COMMIT;")
    return bool(steps)


def _create(path: Path) -> None:
    """Make a database that only its owner may read, unless there is one. It appears whole, or not at all."""
    if path.exists():
        if path.stat().st_size == 0:
            what_to_do = "put back the whole data directory from a backup, or give another data directory"
            raise StoreFailedError(f"opening {path}", f"the file is empty; {what_to_do}")
        return
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = WAL").close()
    new.rename(path)
    sync_directory(path.parent)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreFailedError(f"opening {path}", "the file holds something else than the facts of segmentd")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > len(_STEPS):
        raise SchemaTooNewError(path, str(found), str(len(_STEPS)))
    # An empty transaction takes the lock that is then kept.
    connection.executescript("BEGIN IMMEDIATE; COMMIT;")
