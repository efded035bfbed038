"""One ledger's facts in memory, in versions: written by one thread, read by many."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.facts.book.changes import Change, ChangeLog
from segmentd.facts.book.dump import Dump
from segmentd.facts.book.merging import is_unsettled, merge, needs_merge
from segmentd.facts.book.past import Past
from segmentd.facts.book.past_values import history_of
from segmentd.facts.book.restore import restore_tables
from segmentd.facts.book.staging import Staging
from segmentd.facts.book.table import Table
from segmentd.facts.book.tables import Tables
from segmentd.facts.book.view import View
from segmentd.facts.kinds import OWNER, RecordKind, record_schema
from segmentd.facts.past_values import History
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.views import BookView
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import Schema

SECRET_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Restored:
    """Tables as of a version, of which files have what was replaced up to `since_us`."""

    tables: Mapping[RecordKind, Table]
    version: int
    since_us: int = 0


class Book:
    """A ledger's facts. One thread at a time stages, publishes and merges; what `view` gives, any reads meanwhile."""

    def __init__(self, ledger: Ledger, *, restored: Restored | None = None) -> None:
        """An empty book, or one of what was `restored`."""
        start = restored or _nothing()
        self._tables = Tables(ledger, start.tables)
        self._past = Past(start.since_us)
        self._written_down_us = 0
        self._staged: list[Change] = []
        self._schemas: dict[RecordKind, tuple[Vocabulary, Schema]] = {}
        views = {kind: table.view(start.version) for kind, table in start.tables.items()}
        self._view = View(ledger, start.version, views, ChangeLog(start.version), self._past.view)

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self._tables.ledger

    @property
    def version(self) -> int:
        """The published data version: how many batches changed something."""
        return self._view.version

    @property
    def time_us(self) -> int:
        """When what is published was written; 0 where that is not known."""
        return self._view.past.time_us

    @property
    def view(self) -> View:
        """What is published. It stays as it is while newer versions are written."""
        return self._view

    def stage(
        self,
        batch: RecordBatch,
        vocabulary: Vocabulary,
        *,
        all_or_nothing: bool = False,
        delete_customers: bool = False,
        time_us: int = 0,
    ) -> WriteOutcome:
        """Write a batch into the staged state; the outcome has the version that it will have.

        `time_us`: when, later than all that was published, so that it is known what records were until then; 0: nobody
        knows, and what the batch replaces is not kept.
        A batch that changes nothing makes no version: its outcome has the one before. The last of equal ids in a batch
        counts, the others are unchanged. Columns that are no fields by the vocabulary are passed over. ValueError for
        customers to delete without `delete_customers`. After any exception, `undo`.
        """
        if len(batch.deletions) and batch.kind is RecordKind.CUSTOMER and not delete_customers:
            raise ValueError("customers are deleted on purpose only")
        self._past.begin(time_us)
        staging = Staging(self._tables, self._past, self._staged_version + 1)
        outcome = staging.write(batch, self._schema(batch.kind, vocabulary), all_or_nothing=all_or_nothing)
        if outcome.version > self._staged_version:
            self._staged.append(staging.change())
        return outcome

    def publish(self) -> View:
        """Make what is staged current."""
        if self._staged:
            self._publish(self._staged_version)
        return self._view

    @property
    def is_untidy(self) -> bool:
        """Whether a tail has become long."""
        return any(needs_merge(table, self.version) for table in self._tables.by_kind.values())

    def tidy(self) -> View:
        """Merge long tails: some seconds' work on millions of rows. RuntimeError where something is staged."""
        for kind, table in self._tables.by_kind.items():
            if needs_merge(table, self.version):
                self._merge(kind)
        return self._view

    def undo(self) -> None:
        """Forget all that was staged since it was last published, wherever it stopped."""
        for table in self._tables.by_kind.values():
            table.undo()
        self._past.undo()
        self._staged.clear()

    def dump(self, view: BookView) -> Mapping[str, pa.Table]:
        """Tables from which a version of this book is restored, each made when it is asked for; any thread may do so.

        TypeError for a view of another's.
        """
        if not isinstance(view, View):
            raise TypeError("a book dumps its own views")
        return Dump(view)

    def history(self, view: BookView) -> History:
        """What of the past is in no file, as of a view of this book; any thread may ask for it. TypeError as `dump`."""
        if not isinstance(view, View):
            raise TypeError("a book tells the history of its own views")
        return history_of(view)

    def forget_history(self, until_us: int) -> None:
        """Keep no longer in memory what was replaced up to a moment, since files have it; any thread may say so."""
        self._written_down_us = until_us

    @classmethod
    def restore(cls, ledger: Ledger, tables: Mapping[str, pa.Table], version: int, since_us: int = 0) -> Book:
        """The book whose tables were dumped at a version. KeyError where one is lacking.

        `since_us`: up to when files have what was replaced.
        """
        return cls(ledger, restored=Restored(restore_tables(tables, version), version, since_us))

    def renumber(self, version: int) -> None:
        """Have a later version, in which nothing is other. RuntimeError where something is staged."""
        if self._staged or version < self.version:
            raise RuntimeError("what is staged must be published, and versions go on")
        views = {kind: table.view(version) for kind, table in self._tables.by_kind.items()}
        self._view = View(self.ledger, version, views, ChangeLog(version), self._past.view)

    def merge(self) -> None:
        """Sort the tails of all tables into their prefixes. RuntimeError where something is staged."""
        for kind in RecordKind:
            self._merge(kind)

    def settle(self) -> None:
        """Merge tails that readers notice: call it when nothing was written for a while, and nothing is staged."""
        for kind, table in self._tables.by_kind.items():
            if kind in OWNER and is_unsettled(table):
                self._merge(kind)
        if not self._staged and (past := self._past.drop(self._written_down_us)) is not self._view.past:
            self._view = replace(self._view, past=past)

    @property
    def _staged_version(self) -> int:
        return self._staged[-1].version if self._staged else self._view.version

    def _publish(self, version: int) -> None:
        views = dict(self._view.tables)
        for kind, table in self._tables.by_kind.items():
            if table.is_changed:
                views[kind] = table.view(version)
            table.publish()
        log = self._view.log.extended(tuple(self._staged))
        self._past.publish()
        self._view = View(self.ledger, version, views, log, self._past.drop(self._written_down_us))
        self._staged.clear()

    def _merge(self, kind: RecordKind) -> None:
        if self._staged:
            raise RuntimeError("what is staged must be published before tails are merged")
        table = self._tables[kind]
        owners = self._tables.owners_of(kind).ids.count if kind in OWNER else 0
        merge(table, self.version, owners)
        views = dict(self._view.tables)
        views[kind] = table.view(self.version)
        self._view = View(self.ledger, self.version, views, self._view.log, self._view.past)

    def _schema(self, kind: RecordKind, vocabulary: Vocabulary) -> Schema:
        kept = self._schemas.get(kind)
        if kept is None or kept[0] is not vocabulary:
            kept = self._schemas[kind] = vocabulary, record_schema(kind, vocabulary)
        return kept[1]


def _nothing() -> Restored:
    secrets = np.frombuffer(os.urandom(8 * SECRET_WORDS), np.uint64)
    return Restored({kind: Table(kind, secrets) for kind in RecordKind}, 0)
