"""The tables, as the last migration leaves them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, String, Table, Text

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
