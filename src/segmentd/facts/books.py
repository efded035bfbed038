"""The open books of all ledgers: loaded from the journal at start, written by ingestion, read by everybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

from segmentd.facts.arrow_form import decode_batch
from segmentd.facts.book.book import Book
from segmentd.facts.history.pasts import Pasts
from segmentd.facts.ingestion import CheckpointListener, CheckpointPolicy, Ingestion, Limits, WritableBook
from segmentd.facts.journal import Journal
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from segmentd.ledger.editions import now_us
from segmentd.ledger.errors import LedgerNotFoundError
from segmentd.ledger.model import Ledger
from segmentd.ledger.vocabulary import Vocabularies, Vocabulary
from segmentd.storage import StoreFailedError

REPLAYED_AT_ONCE: Final = 256
"""Batches that a replay publishes together: what is published can be sorted, so that what is not stays short."""

_KINDS: Final = frozenset(RecordKind)
"""The tables of a book that have a row a record."""


class BookMaker(Protocol):
    """Makes books: the class of them."""

    def __call__(self, ledger: Ledger, /) -> WritableBook:
        """An empty book."""

    def restore(self, ledger: Ledger, tables: Mapping[str, pa.Table], version: int, since_us: int, /) -> WritableBook:
        """The book of which the tables were dumped at a version; files have what was replaced up to `since_us`."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The facts of a ledger were opened: a checkpoint of so many rows and bytes, and batches that were replayed."""

    ledger: str
    version: int
    rows: int
    bytes: int
    replayed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BooksListener:
    """Hears of what happens to books. `unknown`: a ledger that has facts, and that no definition knows.

    `unguarded`: the mark was lacking or unreadable, so that nobody knows whether acknowledged batches were lost.
    `failed`: something went wrong in a ledger's book, which is opened again, or in that; from any thread.
    """

    opened: Callable[[Opened], None] = lambda _: None
    unknown: Callable[[str], None] = lambda _: None
    checkpoints: CheckpointListener = field(default_factory=CheckpointListener)
    unguarded: Callable[[Path], None] = lambda _: None
    failed: Callable[[str, Exception], None] = lambda _ledger, _error: None


class Books:
    """The books of a data directory, which this process must own. Open them; close them before it is given back.

    Raises StoreFailedError, SchemaTooNewError or FactsDamagedError where there is something else than a journal.
    """

    def __init__(  # noqa: PLR0913 - what the parts are made with
        self,
        directory: Path,
        vocabularies: Vocabularies,
        *,
        make: BookMaker = Book,
        listener: BooksListener | None = None,
        limits: Limits | None = None,
        policy: CheckpointPolicy | None = None,
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`clock`: microseconds since 1970."""
        self._vocabularies = vocabularies
        self._make = make
        self._listener = listener or BooksListener()
        self._books: dict[str, WritableBook] = {}
        self._distrusted: set[str] = set()
        self.journal = self._journal = Journal(directory, clock, (policy or CheckpointPolicy()).keep_history)
        self._pasts = Pasts(self._journal.history)
        if self._journal.was_unguarded:
            self._listener.unguarded(self._journal.mark_path)
        checkpoints = self._listener.checkpoints
        self.ingestion = Ingestion(self, self._journal, limits=limits, policy=policy, listener=checkpoints, clock=clock)

    def open(self) -> None:
        """Load the facts of all ledgers, before anything is written. Those that the definitions lack are kept.

        Raises StoreFailedError and FactsDamagedError.
        """
        for ledger_id in self._journal.ledgers():
            try:
                self._books[ledger_id] = self._open(ledger_id)
            except LedgerNotFoundError:
                self._listener.unknown(ledger_id)

    def ledgers(self) -> tuple[str, ...]:
        """The ledgers whose facts are open, by id."""
        return tuple(sorted(self._books))

    def view(self, ledger_id: str) -> BookView | None:
        """The current version of a ledger's facts; None where nothing was ever written."""
        book = self._books.get(ledger_id)
        return None if book is None or not book.version else book.view

    def view_at(self, ledger_id: str, moment_us: int) -> BookView | None:
        """The current version with customers, accounts and owners as they were at a moment; None as `view`.

        The very same view where nothing of them was replaced since. Raises HistoryNotKeptError, StoreFailedError and
        FactsDamagedError.
        """
        view = self.view(ledger_id)
        return None if view is None else self._pasts.at(view, moment_us)

    def has_facts(self, ledger_id: str) -> bool:
        """Whether the journal has records of a ledger of this id, whether the definitions have it or not."""
        return ledger_id in self._journal.ledgers()

    def close(self) -> None:
        """Write what was taken, and close the journal."""
        try:
            self.ingestion.close()
        finally:
            self._journal.close()

    def book(self, ledger_id: str) -> WritableBook:
        """The ledger's book, opened if need be; for the writer alone.

        Raises LedgerNotFoundError, StoreFailedError and FactsDamagedError.
        """
        book = self._books.get(ledger_id)
        if book is None or ledger_id in self._distrusted:
            book = self._books[ledger_id] = self._open(ledger_id)
            self._distrusted.discard(ledger_id)
        return book

    def opened(self, ledger_id: str) -> WritableBook | None:
        """The ledger's book if it is open."""
        return self._books.get(ledger_id)

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The ledger's current vocabulary. Raises LedgerNotFoundError."""
        return self._vocabularies.vocabulary(ledger_id)

    def reopen(self, ledger_id: str, error: Exception) -> None:
        """Take the ledger's book from the journal anew; until that succeeds, readers have the last view of the old."""
        self._distrusted.add(ledger_id)
        self._tell_failed(ledger_id, error)
        try:
            self.book(ledger_id)
        except Exception as again:  # noqa: BLE001 - whoever writes next tries it again, and is told why it fails
            self._tell_failed(ledger_id, again)

    def _tell_failed(self, ledger_id: str, error: Exception) -> None:
        with suppress(Exception):  # a listener that fails must not end the thread
            self._listener.failed(ledger_id, error)

    def _open(self, ledger_id: str) -> WritableBook:
        begun = time.monotonic()
        vocabulary = self.vocabulary(ledger_id)
        version, tables = self._journal.load(ledger_id)
        ledger = vocabulary.ledger
        since_us = self._journal.history.index(ledger_id).up_to_us
        book = self._make.restore(ledger, tables, version, since_us) if version else self._make(ledger)
        last = self._replay(book, vocabulary, version)
        if book.version != last:
            # What batches said of attributes that have gone is nothing: some changed nothing, and made no version.
            book.renumber(last)
        rows = sum(table.num_rows for name, table in tables.items() if name in _KINDS)
        del tables
        pa.default_memory_pool().release_unused()  # what was read and copied: 0.7 times what the columns take
        self._clean(ledger_id)
        size, seconds = self._journal.checkpoint_bytes(ledger_id), time.monotonic() - begun
        self._listener.opened(Opened(ledger_id, last, rows, size, last - version, seconds))
        return book

    def _replay(self, book: WritableBook, vocabulary: Vocabulary, version: int) -> int:
        """Write the batches after a version into a book of it; the version of the last of them."""
        last = version
        for number, payload in self._journal.replay(vocabulary.ledger.id, version):
            written = decode_batch(payload, vocabulary)
            book.stage(written.batch, vocabulary, delete_customers=written.delete_customers, time_us=written.time_us)
            last = number
            if (last - version) % REPLAYED_AT_ONCE == 0:
                book.publish()
                book.tidy()
        book.publish()
        book.tidy()
        return last

    def _clean(self, ledger_id: str) -> None:
        """What cannot be removed, as on a full disk, is in nobody's way; the next checkpoint tries it again."""
        try:
            self._journal.clean(ledger_id)
        except StoreFailedError as error:
            self._listener.checkpoints.failed(ledger_id, error)
