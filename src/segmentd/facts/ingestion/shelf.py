"""What ingestion needs of books, and of whoever keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from segmentd.facts.past_values import History
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.views import BookView
from segmentd.ledger.vocabulary import Vocabulary


class WritableBook(Protocol):
    """A ledger's facts in memory. One thread at a time changes it; any may dump a view."""

    @property
    def version(self) -> int:
        """The version that was published last."""

    @property
    def time_us(self) -> int:
        """When that was written, in microseconds since 1970; 0 where nobody knows."""

    @property
    def view(self) -> BookView:
        """The facts as they were published last."""

    def stage(
        self,
        batch: RecordBatch,
        vocabulary: Vocabulary,
        *,
        all_or_nothing: bool = False,
        delete_customers: bool = False,
        time_us: int = 0,
    ) -> WriteOutcome:
        """Apply a batch after those that were staged before it, for nobody to see yet.

        What it replaces was so until `time_us`, which is later than all that is published; 0: nobody knows when.
        """

    def publish(self) -> BookView:
        """Make all that was staged current."""

    def undo(self) -> None:
        """Forget all that was staged and not published."""

    @property
    def is_untidy(self) -> bool:
        """Whether what was written since it was put in order has become too much, and `tidy` should be called soon."""

    def tidy(self) -> object:
        """Put in order what has become too much. Nothing is staged."""

    def settle(self) -> None:
        """Put in order what readers are slowed by, since nothing was written for a while."""

    def dump(self, view: Any) -> Mapping[str, pa.Table]:
        """All facts of a view of this book, as tables that a book can be restored from."""

    def history(self, view: Any) -> History:
        """What was replaced up to a view of this book, as far as no file has it."""

    def forget_history(self, until_us: int) -> None:
        """Files have what was replaced up to a moment."""

    def renumber(self, version: int) -> None:
        """Have a later version, in which nothing is other."""


class Shelf(Protocol):
    """The open books."""

    def book(self, ledger_id: str) -> WritableBook:
        """The ledger's book, opened if need be. Raises LedgerNotFoundError, StoreFailedError, FactsDamagedError."""

    def opened(self, ledger_id: str) -> WritableBook | None:
        """The ledger's book if it is open, for any thread; None where the ledger has no facts."""

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """The ledger's current vocabulary. Raises LedgerNotFoundError."""

    def reopen(self, ledger_id: str, error: Exception) -> None:
        """Take the ledger's book from the journal anew: after this error, what is in memory cannot be trusted.

        Where that fails, whoever asks for the book next tries it again, and readers have the last view until then.
        """
