"""Where rules of categories are kept."""

from __future__ import annotations

from dataclasses import asdict
from typing import Protocol

from sqlalchemy import delete, insert, select

from segmentd.facts.rules.model import CategoryRules, rule_from
from segmentd.storage import Database
from segmentd.storage.tables import category_rules


class RulesStore(Protocol):
    """Keeps the rules of ledgers. Every method raises StoreFailedError, having changed nothing."""

    def all_rules(self) -> tuple[CategoryRules, ...]:
        """Those of every ledger that has some, ordered by ledger."""

    def put_rules(self, rules: CategoryRules) -> None:
        """Keep a ledger's rules in the place of those that it had."""


class SqlRulesStore:
    """Rules in the SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all_rules(self) -> tuple[CategoryRules, ...]:
        """Those of every ledger that has some, ordered by ledger."""
        with self._database.read() as connection:
            rows = connection.execute(select(category_rules).order_by(category_rules.c.ledger_id)).all()
        return tuple(
            CategoryRules(row.ledger_id, tuple(map(rule_from, row.rules)), row.update_time, row.etag) for row in rows
        )

    def put_rules(self, rules: CategoryRules) -> None:
        """Keep a ledger's rules in the place of those that it had."""
        values = {
            "ledger_id": rules.ledger_id,
            "rules": [asdict(rule) for rule in rules.rules],
            "update_time": rules.update_time,
            "etag": rules.etag,
        }
        with self._database.write() as connection:
            connection.execute(delete(category_rules).where(category_rules.c.ledger_id == rules.ledger_id))
            connection.execute(insert(category_rules).values(values))
