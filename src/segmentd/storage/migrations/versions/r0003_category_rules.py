"""Add the rules that give transactions their categories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; a ledger without a row has no rules."""
    op.create_table(
        "category_rules",
        sa.Column("ledger_id", sa.String(63), nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("update_time", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", name="pk_category_rules"),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledgers.id"], name="fk_category_rules_ledger_id"),
    )
