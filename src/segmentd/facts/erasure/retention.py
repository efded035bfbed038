"""Retention: facts that are older than they may be kept are deleted, in the background and in small batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.zones import DAY_US
from segmentd.facts.book.aged import ids_before
from segmentd.facts.book.view import View
from segmentd.facts.kinds import TIME, RecordKind
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.views import BookView
from segmentd.ledger.editions import now_us

EVERY_S: Final = 86_400.0
"""Ages are counted in days, and each pass that deletes something has a ledger's files rewritten."""

BATCH_ROWS: Final = 10_000
"""Facts that are deleted at once: other batches wait for no more than these."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """Facts of a kind are kept for so many days. `ledger`: of this one; empty: of all that have no rule of their own.

    Raises ValueError for records that have no time, or for less than a day.
    """

    kind: RecordKind
    days: int
    ledger: str = ""

    def __post_init__(self) -> None:
        if self.kind not in TIME:
            raise ValueError(f"{self.kind}s have no time by which they could be kept; {', '.join(TIME)}s have")
        if self.days < 1:
            raise ValueError(f"{self.kind}s are to be kept for {self.days} days; it has to be 1 or more")


class Ingestion(Protocol):
    """Who writes batches."""

    def expire(self, ledger_id: str, batch: RecordBatch) -> Future[WriteOutcome]:
        """Hand in deletions; the future is what becomes of them, once that is on disk, with a note that bytes go."""


class Rewriting(Protocol):
    """Who overwrites what was deleted and noted, over kills too."""

    def finish(self, ledger_id: str, version: int) -> Future[bool]:
        """Leave no byte of what was deleted up to a version; whether none is left, or it is tried again later."""


class Views(Protocol):
    """The facts of all ledgers as they are now."""

    def ledgers(self) -> tuple[str, ...]:
        """The ledgers that have facts."""

    def view(self, ledger_id: str) -> BookView | None:
        """The current version; None where nothing was ever written."""


@dataclass(frozen=True, slots=True)
class Expired:
    """So many facts of a ledger were too old, and are deleted."""

    ledger: str
    counts: Mapping[RecordKind, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class RetentionListener:
    """Hears, on the thread of the retention, of what was deleted, and of what failed and is tried again later."""

    done: Callable[[Expired], None] = lambda _: None
    failed: Callable[[str, Exception], None] = lambda _ledger, _error: None


class Retention:
    """Deletes what is too old, now and each day. `start` it when the ledgers are open; `close` it before they are not.

    `clock`: microseconds since 1970.
    """

    def __init__(
        self,
        rules: tuple[KeepRule, ...],
        views: Views,
        ingestion: Ingestion,
        rewriting: Rewriting,
        *,
        listener: RetentionListener | None = None,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self._rules, self._views, self._ingestion, self._rewriting = rules, views, ingestion, rewriting
        self._listener = listener or RetentionListener()
        self._clock = clock
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="segmentd-retention", daemon=True)

    def start(self) -> None:
        """Begin, if there are rules."""
        if self._rules:
            self._thread.start()

    def close(self) -> None:
        """End after the batch that is being deleted."""
        self._closed.set()
        if self._thread.ident is not None:
            self._thread.join()

    def expire(self, ledger_id: str) -> Mapping[RecordKind, int]:
        """Delete what is too old in a ledger, then every byte of it; how many facts these were, by kind.

        Each deletion is noted in its own transaction: what a kill interrupts, the next start finishes. Raises
        StoreFailedError and IngestionClosedError.
        """
        days = {rule.kind: rule.days for rule in self._rules if not rule.ledger}
        days |= {rule.kind: rule.days for rule in self._rules if rule.ledger == ledger_id}
        counts, version = dict[RecordKind, int](), 0
        for kind, kept in days.items():
            for outcome in self._delete(ledger_id, kind, self._clock() - kept * DAY_US):
                counts[kind] = counts.get(kind, 0) + outcome.deleted
                version = outcome.version
        if version:
            self._rewriting.finish(ledger_id, version).result()
        return counts

    def _work(self) -> None:
        while not self._closed.is_set():
            for ledger_id in self._views.ledgers():
                self._pass(ledger_id)
            self._closed.wait(EVERY_S)

    def _pass(self, ledger_id: str) -> None:
        begun = time.monotonic()
        try:
            counts = self.expire(ledger_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next day tries it again
            with suppress(Exception):  # a listener that fails must not end the thread
                self._listener.failed(ledger_id, error)
            return
        if counts:
            with suppress(Exception):
                self._listener.done(Expired(ledger_id, counts, time.monotonic() - begun))

    def _delete(self, ledger_id: str, kind: RecordKind, before_us: int) -> Iterator[WriteOutcome]:
        """Each batch is looked for anew: what was corrected meanwhile may be younger now."""
        while not self._closed.is_set():
            view = self._views.view(ledger_id)
            if not isinstance(view, View):
                break
            ids = ids_before(view, kind, before_us, BATCH_ROWS)
            if not len(ids):
                break
            nothing = Batch(0, {}, pa.array([], pa.string()))
            batch = RecordBatch(kind, nothing, np.zeros(0, np.int64), deletions=ids)
            yield self._ingestion.expire(ledger_id, batch).result()
