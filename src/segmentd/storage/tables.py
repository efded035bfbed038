"""The tables, as the last migration leaves them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, String, Table, Text, false

from segmentd.storage.columns import UtcMoment

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("create_time", UtcMoment, nullable=False),
    Column("update_time", UtcMoment, nullable=False),
    Column("etag", Text, nullable=False),
    Column("catalogue_version", BigInteger, nullable=False),
)

attributes = Table(
    "attributes",
    metadata,
    Column("ledger_id", String(63), ForeignKey(ledgers.c.id), primary_key=True),
    Column("subject", String(16), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("scale", Integer, nullable=False),
    Column("currency_code", String(3), nullable=False),
    Column("required", Boolean, nullable=False),
    Column("expression", Text),
    Column("default_value", JSON(none_as_null=True)),
    Column("create_time", UtcMoment, nullable=False),
    Column("update_time", UtcMoment, nullable=False),
    Column("etag", Text, nullable=False),
    Column("aggregate", JSON(none_as_null=True)),
)

segments = Table(
    "segments",
    metadata,
    Column("ledger_id", String(63), ForeignKey(ledgers.c.id), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("subject", String(16), nullable=False),
    Column("expression", Text, nullable=False),
    Column("benefits", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("create_time", UtcMoment, nullable=False),
    Column("update_time", UtcMoment, nullable=False),
    Column("etag", Text, nullable=False),
)

category_rules = Table(
    "category_rules",
    metadata,
    Column("ledger_id", String(63), ForeignKey(ledgers.c.id), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("update_time", UtcMoment, nullable=False),
    Column("etag", Text, nullable=False),
)

import_jobs = Table(
    "import_jobs",
    metadata,
    Column("ledger_id", String(63), ForeignKey(ledgers.c.id), primary_key=True),
    Column("id", String(63), primary_key=True),
    Column("uid", String(32), nullable=False),
    Column("source", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("mapping", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("files", JSON, nullable=False),
    Column("file", BigInteger, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("inserted", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("bytes_read", BigInteger, nullable=False),
    Column("reject_bytes", BigInteger, nullable=False),
    Column("rejects_dropped", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("elapsed_us", BigInteger, nullable=False),
    Column("create_time", UtcMoment, nullable=False),
    Column("update_time", UtcMoment, nullable=False),
    Column("start_time", UtcMoment),
    Column("end_time", UtcMoment),
    Column("error_reason", Text, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("names_erased", Boolean, nullable=False, server_default=false()),
)

commits = Table(
    "commits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
