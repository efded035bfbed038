"""Add the jobs that import files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBERS = (
    "file",
    "batch",
    "rows_read",
    "inserted",
    "updated",
    "unchanged",
    "rejected",
    "bytes_read",
    "reject_bytes",
    "rejects_dropped",
    "version",
    "elapsed_us",
    "create_time",
    "update_time",
)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "import_jobs",
        sa.Column("ledger_id", sa.String(63), nullable=False),
        sa.Column("id", sa.String(63), nullable=False),
        sa.Column("uid", sa.String(32), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _NUMBERS),
        sa.Column("start_time", sa.BigInteger),
        sa.Column("end_time", sa.BigInteger),
        sa.Column("error_reason", sa.Text, nullable=False),
        sa.Column("error_message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger_id", "id", name="pk_import_jobs"),
        sa.ForeignKeyConstraint(["ledger_id"], ["ledgers.id"], name="fk_import_jobs_ledger_id"),
    )
