"""The database: durable settings, whole transactions, and clear words when it cannot write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from segmentd.errors import ErrorReason
from segmentd.storage import Database, StoreFailedError, open_database
from segmentd.storage.columns import UtcMoment
from segmentd.storage.database import DATABASE_FILE
from segmentd.storage.tables import ledgers

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An open, empty database."""
    database = open_database(tmp_path)
    yield database
    database.close()


def add_ledger(connection: Connection, ledger_id: str, display_name: str = "") -> None:
    """Insert a ledger's row."""
    connection.execute(
        insert(ledgers).values(
            id=ledger_id,
            display_name=display_name,
            currency_code="EUR",
            time_zone="UTC",
            create_time=NOW,
            update_time=NOW,
            etag="1",
            catalogue_version=1,
        )
    )


def write(database: Database, change: Callable[[Connection], object]) -> None:
    """Make the change in a transaction of its own."""
    with database.write() as connection:
        change(connection)


def fail_after(change: Callable[[Connection], object]) -> Callable[[Connection], object]:
    """The change, then an error."""

    def changed(connection: Connection) -> object:
        change(connection)
        return 1 // 0

    return changed


def ledger_ids(database: Database) -> list[str]:
    """The ids that are stored."""
    with database.read() as connection:
        return list(connection.scalars(select(ledgers.c.id).order_by(ledgers.c.id)))


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_every_connection_is_durable(database: Database, pragma: str, value: object) -> None:
    """WAL, a wait for the disk at each commit (2 is FULL), and foreign keys hold for readers and writers."""
    with database.write() as writing, database.read() as reading:
        assert writing.scalar(text(f"PRAGMA {pragma}")) == value
        assert reading.scalar(text(f"PRAGMA {pragma}")) == value


def test_a_write_that_raises_changes_nothing(database: Database) -> None:
    """Rows that were inserted before the error are gone."""
    with pytest.raises(ZeroDivisionError):
        write(database, fail_after(lambda connection: add_ledger(connection, "main")))
    assert ledger_ids(database) == []


def test_tables_made_in_a_write_that_raises_are_gone(database: Database) -> None:
    """DDL is part of the transaction, which the sqlite3 module alone would not do."""
    with pytest.raises(ZeroDivisionError):
        write(database, fail_after(lambda connection: connection.execute(text("CREATE TABLE passing (x)"))))
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'passing'")) == 0


def test_a_reader_keeps_its_state_during_a_write(database: Database) -> None:
    """What a reader saw first it sees until it ends, and it does not block the writer."""
    with database.read() as reading:
        assert reading.scalar(text("SELECT count(*) FROM ledgers")) == 0
        with database.write() as writing:
            add_ledger(writing, "main")
        assert reading.scalar(text("SELECT count(*) FROM ledgers")) == 0
    assert ledger_ids(database) == ["main"]


def test_writers_wait_for_each_other(database: Database) -> None:
    """The lock is taken when a write begins: 8 threads that read, add one and write lose no update."""
    with database.write() as connection:
        add_ledger(connection, "main", "0")

    def count_up() -> None:
        for _ in range(10):
            with database.write() as connection:
                seen = int(connection.scalars(select(ledgers.c.display_name)).one())
                connection.execute(ledgers.update().values(display_name=str(seen + 1)))

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.scalars(select(ledgers.c.display_name)).one() == "80"


def test_a_full_disk_is_reported_and_changes_nothing(database: Database) -> None:
    """SQLite's own limit on the file stands for the disk: the write fails whole, later small ones succeed."""
    with database.write() as connection:
        add_ledger(connection, "before")
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
    with pytest.raises(StoreFailedError, match="nothing was changed: database or disk is full") as caught:
        write(database, fail_after(lambda connection: add_ledger(connection, "large", "x" * 1_000_000)))
    assert caught.value.reason is ErrorReason.STORE_FAILED
    assert ledger_ids(database) == ["before"]
    with database.write() as connection:
        add_ledger(connection, "after")
    assert ledger_ids(database) == ["after", "before"]


def test_a_database_that_became_read_only_is_reported(database: Database) -> None:
    """A write to it fails with STORE_FAILED and SQLite's words."""
    with database.write() as connection:
        connection.execute(text("PRAGMA query_only = ON"))
    with pytest.raises(StoreFailedError, match="readonly database"):
        write(database, lambda connection: add_ledger(connection, "main"))


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Opening it fails with its path and leaves it as it was."""
    (tmp_path / DATABASE_FILE).write_text("these are notes, not tables" * 100)
    with pytest.raises(StoreFailedError, match=r"segmentd\.sqlite3 failed.*not a database"):
        open_database(tmp_path)
    assert (tmp_path / DATABASE_FILE).read_text().startswith("these are notes")


def test_moments_keep_their_microseconds(database: Database) -> None:
    """A moment comes back equal and in UTC, whatever zone it was written in."""
    written = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with database.write() as connection:
        add_ledger(connection, "main")
        connection.execute(ledgers.update().values(create_time=written))
    with database.read() as connection:
        read = connection.scalars(select(ledgers.c.create_time)).one()
        assert connection.scalar(text("SELECT create_time FROM ledgers")) == 1_769_860_800_123_456
    assert (read, read.tzinfo) == (NOW, UTC)


def test_a_moment_without_a_zone_is_refused() -> None:
    """It could mean any of 38 moments."""
    with pytest.raises(ValueError, match="no time zone"):
        UtcMoment().process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]  # noqa: DTZ001 - refused


def test_an_empty_file_is_no_database(tmp_path: Path) -> None:
    """A file that has lost its content is refused: to begin anew in it would hide the loss."""
    (tmp_path / DATABASE_FILE).touch()
    with pytest.raises(StoreFailedError, match="the file is empty; put back the whole data dir") as caught:
        open_database(tmp_path)
    assert caught.value.reason is ErrorReason.STORE_FAILED
    assert (tmp_path / DATABASE_FILE).stat().st_size == 0
