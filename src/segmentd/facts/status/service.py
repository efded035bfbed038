"""The status of a ledger's facts, looked up when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from segmentd.facts.book.counts import count_records
from segmentd.facts.book.view import View
from segmentd.facts.journal import Journal
from segmentd.facts.journal.history_index import HistoryIndex
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.ledger.vocabulary import Vocabularies
from segmentd.storage import StoreFailedError


class Views(Protocol):
    """Who knows the books as they are now."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""


@dataclass(frozen=True, slots=True)
class FactsStatus:
    """What a ledger's facts are at a moment.

    `written_us`: when the last batch was written, microseconds since 1970, 0 where that is not known. `journal_bytes`:
    of batches that no checkpoint has. `directory_bytes`: of all files in the data directory. `pending_erasures`:
    deletions of which bytes may be left. `past_values`: values that records had before they were changed, all those of
    moments from `past_from_us` on.
    """

    ledger_id: str
    version: int = 0
    written_us: int = 0
    counts: Mapping[RecordKind, int] = field(default_factory=dict)
    checkpoint_version: int = 0
    checkpoint_bytes: int = 0
    journal_bytes: int = 0
    directory_bytes: int = 0
    pending_erasures: int = 0
    past_values: int = 0
    past_from_us: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LedgerStatuses:
    """Looks up statuses. Threads may share it."""

    directory: Path
    journal: Journal
    vocabularies: Vocabularies
    views: Views

    def status(self, ledger_id: str) -> FactsStatus:
        """The status of a ledger's facts. Raises LedgerNotFoundError and StoreFailedError."""
        self.vocabularies.vocabulary(ledger_id)
        view = self.views.view(ledger_id)
        book = view if isinstance(view, View) else None
        checkpoint = self.journal.checkpoint(ledger_id)
        return FactsStatus(
            ledger_id,
            version=0 if book is None else book.version,
            written_us=0 if book is None else book.past.time_us,
            counts={kind: 0 if book is None else count_records(book, kind) for kind in RecordKind},
            checkpoint_version=0 if checkpoint is None else checkpoint.version,
            checkpoint_bytes=0 if checkpoint is None else sum(file.size for file in checkpoint.files),
            journal_bytes=self.journal.pending_bytes(ledger_id),
            directory_bytes=_bytes_below(self.directory),
            pending_erasures=len(self.journal.erasures(ledger_id)),
            past_values=_past_values(self.journal.history.index(ledger_id), book),
            past_from_us=self.journal.history.kept_from_us(ledger_id),
        )


def _past_values(index: HistoryIndex, book: View | None) -> int:
    """Those of files, and those of memory that no file has yet."""
    filed = sum(file.values for file in index.files)
    return filed if book is None else filed + sum(log.count_after(index.up_to_us) for log in book.past.logs.values())


def _bytes_below(directory: Path) -> int:
    """The sizes of all files; of those that go meanwhile, or not. Raises StoreFailedError."""
    total = 0
    try:
        for folder, _, names in os.walk(directory):
            for name in names:
                try:
                    total += (Path(folder) / name).stat().st_size
                except FileNotFoundError:
                    continue
    except OSError as error:
        raise StoreFailedError(f"reading {directory}", error) from error
    return total
