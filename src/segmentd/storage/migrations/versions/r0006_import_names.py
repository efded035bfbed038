"""Add whether an import job is forgotten when it has ended, since its texts name somebody who was erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column."""
    op.add_column("import_jobs", sa.Column("names_erased", sa.Boolean, nullable=False, server_default=sa.false()))
