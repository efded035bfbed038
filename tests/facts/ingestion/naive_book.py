"""A book as plain Python dictionaries, which knows nothing of arrays: slow, and easy to see right."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from segmentd.columns.column import BoolColumn, Column, FixedColumn, ListColumn
from segmentd.facts.past_values import History
from segmentd.facts.records import RecordBatch, Rejection, WriteOutcome
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary

Facts = dict[str, dict[str, dict[str, Any]]]
"""Values by kind, id and field."""


@dataclass(frozen=True, slots=True)
class NaiveView:
    """The facts at a version."""

    version: int = 0
    facts: Facts = field(default_factory=dict)


class NaiveBook:
    """Keeps every record as a dictionary. A transaction whose account is not there is rejected."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.view: Any = NaiveView()
        self._staged = NaiveView()
        self.time_us = 0

    @classmethod
    def restore(
        cls,
        ledger: Ledger,
        tables: Mapping[str, pa.Table],
        version: int,
        since_us: int = 0,  # noqa: ARG003 - a book's
    ) -> NaiveBook:
        """The book that was dumped."""
        book = cls(ledger)
        facts: Facts = {
            kind: {row["id"]: json.loads(row["fields"]) for row in table.to_pylist()} for kind, table in tables.items()
        }
        book.view = book._staged = NaiveView(version, facts)
        return book

    @property
    def version(self) -> int:
        """The published version."""
        return int(self.view.version)

    def stage(
        self,
        batch: RecordBatch,
        vocabulary: Vocabulary,  # noqa: ARG002 - a book's
        *,
        all_or_nothing: bool = False,
        delete_customers: bool = False,  # noqa: ARG002 - a book's
        time_us: int = 0,
    ) -> WriteOutcome:
        """Apply the batch to a copy of all facts."""
        self.time_us = time_us
        facts = copy.deepcopy(self._staged.facts)
        counts, rejected = apply(facts, batch)
        if rejected and all_or_nothing:
            return WriteOutcome(self._staged.version, rejected=rejected)
        self._staged = NaiveView(self._staged.version + 1, facts)
        return WriteOutcome(self._staged.version, *counts, rejected)

    def publish(self) -> Any:
        """Make the copy current."""
        self.view = self._staged
        return self.view

    def undo(self) -> None:
        """Go back."""
        self._staged = self.view

    is_untidy = False

    def tidy(self) -> None:
        """Nothing becomes too much."""

    def settle(self) -> None:
        """Nothing slows its readers that could be put in order."""

    def dump(self, view: Any) -> Mapping[str, pa.Table]:
        """A table a kind."""
        return {kind: _table(records) for kind, records in view.facts.items()}

    def history(self, _view: Any) -> History:
        """It remembers nothing."""
        return History(self.time_us)

    def forget_history(self, until_us: int) -> None:
        """There is none."""

    def renumber(self, version: int) -> None:
        """Have a later version."""
        self.view = self._staged = replace(self.view, version=version)


def apply(facts: Facts, batch: RecordBatch) -> tuple[tuple[int, int, int, int], tuple[Rejection, ...]]:
    """Change the facts as the batch says; the counts of an outcome, and the rejected rows."""
    records, accounts = facts.setdefault(batch.kind.value, {}), facts.get("account", {})
    inserted = updated = unchanged = deleted = 0
    rejected = list(batch.rejected)
    columns = {id_: values_of(column, batch.records.rows) for id_, column in batch.records.columns.items()}
    assert batch.records.ids is not None
    for row, id_ in enumerate(batch.records.ids.to_pylist()):
        values = {name: column[row] for name, column in columns.items()}
        if "account" in values and values["account"] not in accounts:
            rejected.append(Rejection(int(batch.rows[row]), "account", "is not known"))
            continue
        before = records.get(id_)
        records[id_] = {**(before or {}), **values}
        inserted += before is None
        updated += before is not None and records[id_] != before
        unchanged += records[id_] == before
    for id_ in batch.deletions.to_pylist():
        deleted += records.pop(id_, None) is not None
    return (inserted, updated, unchanged, deleted), tuple(sorted(rejected, key=lambda each: each.row))


def values_of(column: Column, rows: int) -> list[Any]:
    """A column's values as Python has them, None where there is none."""
    if isinstance(column, FixedColumn | BoolColumn):
        bools = isinstance(column, BoolColumn)
        values = [_bit(column.values, row) if bools else column.values[row].item() for row in range(rows)]
        return [
            value if column.validity is None or _bit(column.validity, row) else None for row, value in enumerate(values)
        ]
    texts = column.dictionary.to_pylist()
    if not isinstance(column, ListColumn):
        texts.append(None)
    return [texts[code] for code in column.codes.tolist()]


def _bit(plane: Any, row: int) -> bool:
    return bool(int(plane[row // 64]) >> row % 64 & 1)


def _table(records: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    fields = [json.dumps(values) for values in records.values()]
    return pa.table({"id": pa.array(list(records), pa.string()), "fields": pa.array(fields, pa.string())})
