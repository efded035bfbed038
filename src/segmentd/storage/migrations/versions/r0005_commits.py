"""Add the number of transactions, which a mark outside of the database follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, of one row."""
    commits = op.create_table(
        "commits",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_commits"),
    )
    op.bulk_insert(commits, [{"id": 1, "number": 0}])
