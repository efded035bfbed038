"""Migrations: whole or not at all, forwards only, and equal to the tables that stores use."""

from __future__ import annotations

from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import Engine

from segmentd.errors import ErrorReason
from segmentd.ledger.store import SqlAttributeStore
from segmentd.schema import BOOL, INT64, AttributeSpec
from segmentd.storage import SchemaTooNewError, open_database
from segmentd.storage.columns import UtcMoment
from segmentd.storage.database import DATABASE_FILE
from segmentd.storage.migration import SCRIPTS
from segmentd.storage.tables import metadata
from tests.storage.children import kill_myself, run_child

TABLES = {"alembic_version", "ledgers", "attributes", "segments", "category_rules", "import_jobs", "commits"}
"""The tables of a new database."""


def tables(directory: Path) -> set[str]:
    """The tables of the database in the directory, which is opened and so migrated."""
    database = open_database(directory)
    with database.read() as connection:
        names = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    database.close()
    return names


def same_type(_context: object, _inspected: object, _column: object, _found: object, wanted: object) -> bool | None:
    """Leave the comparison to Alembic, but for moments, which lie as integers."""
    return False if isinstance(wanted, UtcMoment) else None


def test_the_migrated_schema_is_what_the_stores_use(tmp_path: Path) -> None:
    """Alembic finds no difference between the tables of a new database and those of the code."""
    database = open_database(tmp_path)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": same_type})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    """Opening a current database runs no step."""
    assert tables(tmp_path) == tables(tmp_path) == TABLES


FIRST_ATTRIBUTE = "'main', 'customer', :id, '', '', :kind, 0, '', 0, :text, NULL, 0, 0, 'e'"
"""The values of an attribute's row in the first schema."""


def migrate_to(directory: Path, revision: str) -> None:
    """Make the directory's database as a release made it whose last step was this one."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(f"sqlite:///{directory / DATABASE_FILE}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_attributes_of_the_first_schema_are_not_aggregated(tmp_path: Path) -> None:
    """Given and computed ones that an earlier release kept come back as what they were."""
    migrate_to(tmp_path, "0001")
    engine = create_engine(f"sqlite:///{tmp_path / DATABASE_FILE}")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO ledgers VALUES ('main', '', 'EUR', 'UTC', 0, 0, 'e', 3)"))
        for id_, kind, expression in (("a", "INT64", None), ("b", "BOOL", "customer.a > 1")):
            values = {"id": id_, "kind": kind, "text": expression}
            connection.execute(text(f"INSERT INTO attributes VALUES ({FIRST_ATTRIBUTE})"), values)
    engine.dispose()
    database = open_database(tmp_path)
    kept = SqlAttributeStore(database).attributes("main")
    database.close()
    assert [(each.id, each.spec, each.aggregate) for each in kept] == [
        ("a", AttributeSpec("a", INT64), None),
        ("b", AttributeSpec("b", BOOL, expression="customer.a > 1"), None),
    ]


def test_a_migration_killed_anywhere_does_no_harm(tmp_path: Path) -> None:
    """Killed before or after any of its statements, it leaves no table, and the next opening makes them all."""
    survived = False
    for point in range(100):
        directory = tmp_path / str(point)
        directory.mkdir()
        if run_child(migrate_until, point, directory) == 0:
            survived = True
            break
        assert tables(directory) == TABLES
    assert survived
    assert point > 2 * 4, "each of four tables is at least one statement, with a point before and one after"


def migrate_until(_pipe: Pipe, point: int, directory: Path) -> None:
    """Open a database in this process, which is killed at the n-th moment before or after a statement."""
    passed = 0

    def pass_by(*_details: object) -> None:
        nonlocal passed
        if passed == point:
            kill_myself()
        passed += 1

    event.listen(Engine, "before_cursor_execute", pass_by)
    event.listen(Engine, "after_cursor_execute", pass_by)
    open_database(directory)


def die_after_a_table(_pipe: Pipe, directory: Path) -> None:
    """Open a database in this process, which is killed when the second table is made."""

    def die(_connection: Connection, _cursor: object, statement: str, *_details: object) -> None:
        if "CREATE TABLE attributes" in statement:
            kill_myself()

    event.listen(Engine, "after_cursor_execute", die)
    open_database(directory)


def test_a_killed_migration_had_begun(tmp_path: Path) -> None:
    """The kill of the test above does strike half-way: without a transaction, tables would stay behind."""
    assert run_child(die_after_a_table, tmp_path) == -9
    assert tables(tmp_path) == TABLES


def test_a_later_schema_is_refused_untouched(tmp_path: Path) -> None:
    """A database of a later release is not opened; the error says which schema it has and which are known."""
    database = open_database(tmp_path)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(SchemaTooNewError, match="later release") as caught:
        open_database(tmp_path)
    assert caught.value.reason is ErrorReason.STORE_FAILED
    last = max(script.name[1:5] for script in (SCRIPTS / "versions").glob("r*.py"))
    assert (caught.value.metadata["found"], caught.value.metadata["known"]) == ("9999", last)
