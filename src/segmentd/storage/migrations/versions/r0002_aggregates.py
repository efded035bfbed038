"""Add the definitions of aggregated attributes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Attributes that are there are not aggregated: theirs is null."""
    op.add_column("attributes", sa.Column("aggregate", sa.JSON))
