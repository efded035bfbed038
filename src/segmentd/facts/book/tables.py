"""The tables of a book, by kind of record, and what in one refers to another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segmentd.engine.facts.rows import Numbers, Rows
from segmentd.facts.book.table import Table
from segmentd.facts.kinds import OWNER, RecordKind
from segmentd.ledger.model import Ledger


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """A ledger and its tables, as the writer has them."""

    ledger: Ledger
    by_kind: Mapping[RecordKind, Table]

    def __getitem__(self, kind: RecordKind) -> Table:
        return self.by_kind[kind]

    @property
    def accounts(self) -> Table:
        """The accounts."""
        return self.by_kind[RecordKind.ACCOUNT]

    @property
    def customers(self) -> Table:
        """The customers."""
        return self.by_kind[RecordKind.CUSTOMER]

    def owners_of(self, kind: RecordKind) -> Table:
        """The table of those who own facts of a kind."""
        return self.by_kind[RecordKind(OWNER[kind])]

    def facts_of(self, owner: RecordKind) -> tuple[Table, ...]:
        """The tables of facts that customers or accounts own."""
        return tuple(self.by_kind[kind] for kind, field in OWNER.items() if field == owner.value)

    def kill_facts(self, owner: RecordKind, slots: Numbers, version: int) -> Mapping[RecordKind, int]:
        """The facts of some owners are dead from a version on; how many these are."""
        killed = {}
        for table in self.facts_of(owner):
            rows = table.rows_of(slots)
            table.kill(rows, version)
            killed[table.kind] = len(rows)
        return killed


def distinct(numbers: Numbers) -> Numbers:
    """Numbers, each once, ascending, without negative ones."""
    return np.unique(numbers[numbers >= 0]).astype(np.int32)


def last_of_each(numbers: Numbers) -> Rows:
    """The places of the last of equal numbers, ascending."""
    if bool((numbers[1:] > numbers[:-1]).all()):
        return np.arange(len(numbers), dtype=np.int64)
    _, from_end = np.unique(numbers[::-1], return_index=True)
    return np.sort(len(numbers) - 1 - from_end)
