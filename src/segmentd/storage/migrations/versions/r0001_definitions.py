"""Make the tables of ledgers, attributes and segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "ledgers",
        sa.Column("id", sa.String(63), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("update_time", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("catalogue_version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledgers"),
    )
    op.create_table(
        "attributes",
        sa.Column("ledger_id", sa.String(63), nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("id", sa.String(63), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("scale", sa.Integer, nullable=False),
        sa.Column("currency_code", sa.String(3), nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
        sa.Column("expression", sa.Text),
        sa.Column("default_value", sa.JSON),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("update_time", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "subject", "id", name="pk_attributes"),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledgers.id"], name="fk_attributes_ledger_id"),
    )
    op.create_table(
        "segments",
        sa.Column("ledger_id", sa.String(63), nullable=False),
        sa.Column("id", sa.String(63), nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("subject", sa.String(16), nullable=False),
        sa.Column("expression", sa.Text, nullable=False),
        sa.Column("benefits", sa.JSON, nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("create_time", sa.BigInteger, nullable=False),
        sa.Column("update_time", sa.BigInteger, nullable=False),
        sa.Column("etag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "id", name="pk_segments"),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledgers.id"], name="fk_segments_ledger_id"),
    )
