"""Where ledgers and attributes are kept. Each change is one transaction, which also moves the ledger's version on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, select, update

from segmentd.ledger.aggregate_documents import from_document, to_document
from segmentd.ledger.model import Attribute, Ledger
from segmentd.schema import AttributeSpec, DataType, Kind, Subject
from segmentd.storage import Database, StoreFailedError
from segmentd.storage.tables import attributes, ledgers


class LedgerStore(Protocol):
    """Keeps ledgers. Every method raises StoreFailedError, having changed nothing."""

    def ledgers(self) -> tuple[Ledger, ...]:
        """All of them, ordered by id."""

    def create_ledger(self, ledger: Ledger) -> None:
        """Keep a new ledger."""

    def update_ledger(self, ledger: Ledger) -> None:
        """Keep new values. The version must be one more than the kept one."""


class AttributeStore(Protocol):
    """Keeps attributes. Every method raises StoreFailedError, having changed nothing.

    A change is given the ledger as it is after it: its version must be one more than the kept one.
    """

    def attributes(self, ledger_id: str) -> tuple[Attribute, ...]:
        """A ledger's attributes, ordered by subject and id."""

    def create_attributes(self, ledger: Ledger, created: Sequence[Attribute]) -> None:
        """Keep new attributes, all or none."""

    def update_attribute(self, ledger: Ledger, attribute: Attribute) -> None:
        """Keep new values of an attribute."""

    def delete_attribute(self, ledger: Ledger, attribute: Attribute) -> None:
        """Forget an attribute."""


class SqlLedgerStore:
    """Ledgers in the SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ledgers(self) -> tuple[Ledger, ...]:
        """All of them, ordered by id."""
        with self._database.read() as connection:
            rows = connection.execute(select(ledgers).order_by(ledgers.c.id)).all()
        return tuple(_to_ledger(row) for row in rows)

    def create_ledger(self, ledger: Ledger) -> None:
        """Keep a new ledger."""
        with self._database.write() as connection:
            connection.execute(insert(ledgers).values(_from_ledger(ledger)))

    def update_ledger(self, ledger: Ledger) -> None:
        """Keep new values."""
        with self._database.write() as connection:
            advance(connection, ledger)


class SqlAttributeStore:
    """Attributes in the SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attributes(self, ledger_id: str) -> tuple[Attribute, ...]:
        """A ledger's attributes, ordered by subject and id."""
        query = select(attributes).where(attributes.c.ledger_id == ledger_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(attributes.c.subject, attributes.c.id)).all()
        return tuple(_to_attribute(row) for row in rows)

    def create_attributes(self, ledger: Ledger, created: Sequence[Attribute]) -> None:
        """Keep new attributes, all or none."""
        with self._database.write() as connection:
            advance(connection, ledger)
            connection.execute(insert(attributes), [_from_attribute(ledger, attribute) for attribute in created])

    def update_attribute(self, ledger: Ledger, attribute: Attribute) -> None:
        """Keep new values of an attribute."""
        statement = update(attributes).where(*_is_attribute(ledger, attribute))
        with self._database.write() as connection:
            advance(connection, ledger)
            touched = connection.execute(statement.values(_from_attribute(ledger, attribute))).rowcount
            require_one(touched, str(attribute.name_in(ledger.id)))

    def delete_attribute(self, ledger: Ledger, attribute: Attribute) -> None:
        """Forget an attribute."""
        with self._database.write() as connection:
            advance(connection, ledger)
            touched = connection.execute(delete(attributes).where(*_is_attribute(ledger, attribute))).rowcount
            require_one(touched, str(attribute.name_in(ledger.id)))


def advance(connection: Connection, ledger: Ledger) -> None:
    """Keep the ledger as it is after a change, which must be the one after the kept one: else no change is lost."""
    is_next = (ledgers.c.id == ledger.id, ledgers.c.catalogue_version == ledger.catalogue_version - 1)
    touched = connection.execute(update(ledgers).where(*is_next).values(_from_ledger(ledger))).rowcount
    require_one(touched, f"{ledger.name} at version {ledger.catalogue_version - 1}")


def require_one(touched: int, name: str) -> None:
    """Raise StoreFailedError, which undoes the transaction, unless exactly one row was touched."""
    if touched != 1:
        raise StoreFailedError(f"writing {name}", "it is not there: somebody else changed the database")


def _from_ledger(ledger: Ledger) -> dict[str, Any]:
    return {column.name: getattr(ledger, column.name) for column in ledgers.columns}


def _to_ledger(row: Row[Any]) -> Ledger:
    return Ledger(**row._mapping)  # noqa: SLF001 - a public accessor, underscored to leave names to columns


def _is_attribute(ledger: Ledger, attribute: Attribute) -> tuple[Any, ...]:
    return (
        attributes.c.ledger_id == ledger.id,
        attributes.c.subject == attribute.subject.value,
        attributes.c.id == attribute.id,
    )


def _from_attribute(ledger: Ledger, attribute: Attribute) -> dict[str, Any]:
    return {
        "ledger_id": ledger.id,
        "subject": attribute.subject.value,
        "id": attribute.id,
        "display_name": attribute.display_name,
        "description": attribute.description,
        "kind": attribute.type.kind.value,
        "scale": attribute.type.scale,
        "currency_code": attribute.type.currency,
        "required": attribute.spec.required,
        "expression": attribute.spec.expression,
        "default_value": attribute.default,
        "create_time": attribute.create_time,
        "update_time": attribute.update_time,
        "etag": attribute.etag,
        "aggregate": None if attribute.aggregate is None else to_document(attribute.aggregate),
    }


def _to_attribute(row: Row[Any]) -> Attribute:
    data_type = DataType(Kind(row.kind), row.scale, row.currency_code)
    aggregated = row.aggregate is not None
    return Attribute(
        subject=Subject(row.subject),
        spec=AttributeSpec(row.id, data_type, row.required, row.expression, aggregated=aggregated),
        display_name=row.display_name,
        description=row.description,
        default=row.default_value,
        create_time=row.create_time,
        update_time=row.update_time,
        etag=row.etag,
        aggregate=from_document(row.aggregate) if aggregated else None,
    )
