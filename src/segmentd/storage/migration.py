"""Brings a database's schema up to what this release needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from segmentd.storage.errors import SchemaTooNewError

SCRIPTS: Final = Path(__file__).parent / "migrations"


def migrate(connection: Connection, path: Path) -> None:
    """Run the steps that the database lacks, inside the connection's transaction: all of them or, killed, none.

    Raises SchemaTooNewError where the database has a step that this release does not know. `path` is for its message.
    """
    config = Config()
    # Alembic reads a percent sign as the start of a variable.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = [script.revision for script in scripts.walk_revisions()]
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise SchemaTooNewError(path, found, known[0])
    if found != known[0]:
        command.upgrade(config, "head")
