"""What Alembic runs to migrate: on the connection that it is given, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from segmentd.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
