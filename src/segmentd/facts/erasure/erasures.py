"""Erasing customers: the facts at once, all other traces and the bytes of both soon after, even over a kill.

The deletion and the note of whom it is about are one transaction of the journal. A thread then goes through whatever
else knows the customer, has the ledger's files written anew without what was deleted, and removes the note. What a
kill or a full disk interrupts is begun again: every step can be repeated.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.facts.erasure.errors import CustomerNotFoundError
from segmentd.facts.journal import Erasure, Traces
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.views import BookView

RETRY_S: Final = 60.0
"""After the rewriting of a ledger failed, it is tried again so much later."""


class Ingestion(Protocol):
    """Who writes batches and overwrites what was deleted."""

    async def offer(
        self, ledger_id: str, batch: RecordBatch, batch_id: str = "", *, delete_customers: bool = False
    ) -> Future[WriteOutcome]:
        """Hand in a batch; the future is what becomes of it, once that is on disk."""

    def scrub(self, ledger_id: str, until: int = 0) -> Future[None]:
        """Leave no byte of what was deleted, nor of whom erasures up to a number were of."""


class Notes(Protocol):
    """The erasures that are not finished, as the journal keeps them. Every method raises StoreFailedError."""

    def ledgers_to_scrub(self) -> tuple[str, ...]:
        """The ledgers of which there are some."""

    def erasures(self, ledger_id: str) -> tuple[Erasure, ...]:
        """Those of a ledger, by number."""

    def finish_erasures(self, ledger_id: str, until: int) -> None:
        """Those of a ledger up to a number are finished."""


class Memory(Protocol):
    """What knows of customers beside the facts."""

    def forget(self, ledger_id: str, traces: Traces) -> None:
        """Leave no byte of the customers and accounts. It may be called again for the same ones."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """So many erasures of a ledger are finished: no byte of them is left. The first of them waited `seconds`."""

    ledger: str
    erasures: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ErasureListener:
    """Hears, on the eraser's thread, of erasures that were finished, and of what failed and is tried again."""

    done: Callable[[Rewritten], None] = lambda _: None
    failed: Callable[[str, Exception], None] = lambda _ledger, _error: None


@dataclass(slots=True)
class _Due:
    """A ledger that is to be rewritten, not before a time; who waits for it.

    `version`: erasures up to it are published. The journal may know of later ones, which the book does not have yet.
    """

    not_before: float
    since: float
    version: int = 0
    waiting: list[Future[bool]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Started:
    """A customer's facts are gone. `finished` ends with whether all bytes are too; False: they will be, later."""

    outcome: WriteOutcome
    finished: Future[bool]


class Erasures:
    """Erases customers of all ledgers; several of one ledger share a rewriting of its files. One thread.

    `memories` are asked to forget before the files are rewritten, `quoting` afterwards, so that what was under way
    meanwhile is forgotten too. `start` it when the ledgers are open; `close` it before they are closed.
    """

    def __init__(
        self,
        ingestion: Ingestion,
        notes: Notes,
        *,
        memories: tuple[Memory, ...] = (),
        quoting: tuple[Memory, ...] = (),
        listener: ErasureListener | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        self._ingestion, self._notes = ingestion, notes
        self._memories, self._quoting = memories, quoting
        self._listener = listener or ErasureListener()
        self._retry_s = retry_s
        self._due: dict[str, _Due] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="segmentd-eraser", daemon=True)

    def start(self) -> None:
        """Go on with what was not finished when the server ended. Raises StoreFailedError."""
        for ledger_id in self._notes.ledgers_to_scrub():
            self._want(ledger_id, sys.maxsize)
        self._thread.start()

    async def erase(self, ledger_id: str, customer_id: str, view: BookView | None, *, allow_missing: bool) -> Started:
        """Delete a customer's facts, on disk and out of sight when this returns; all other traces soon after.

        `view`: the ledger's facts. Raises CustomerNotFoundError, StoreFailedError, IngestionClosedError.
        """
        ids = pa.array([customer_id], pa.string())
        if not allow_missing and not await asyncio.to_thread(_knows, view, ids):
            raise CustomerNotFoundError(ledger_id)
        nobody = Batch(0, {}, pa.array([], pa.string()))
        batch = RecordBatch(RecordKind.CUSTOMER, nobody, np.zeros(0, np.int64), deletions=ids)
        written = await self._ingestion.offer(ledger_id, batch, delete_customers=True)
        finished = Future[bool]()
        # Not here, where the caller may have gone before: what is written is to be finished all the same.
        written.add_done_callback(lambda done: self._note(ledger_id, done, finished))
        return Started(await asyncio.wrap_future(written), finished)

    def finish(self, ledger_id: str, version: int) -> Future[bool]:
        """Leave no byte of what was deleted, and noted, up to a version that is published; see `Started.finished`."""
        finished = Future[bool]()
        self._want(ledger_id, version, finished)
        return finished

    def close(self) -> None:
        """End after the ledger that is being rewritten; the next start goes on."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()
        for due in self._due.values():
            _answer(due.waiting, finished=False)

    def _note(self, ledger_id: str, written: Future[WriteOutcome], finished: Future[bool]) -> None:
        if not written.cancelled() and written.exception() is None:
            self._want(ledger_id, written.result().version, finished)

    def _want(self, ledger_id: str, version: int, *waiting: Future[bool]) -> None:
        now = time.monotonic()
        with self._changed:
            due = self._due.setdefault(ledger_id, _Due(now, now))
            due.not_before, due.version = now, max(due.version, version)
            due.waiting.extend(waiting)
            if self._closed:
                _answer(due.waiting, finished=False)
            self._changed.notify()

    def _work(self) -> None:
        while (found := self._next()) is not None:
            ledger_id, due = found
            try:
                count = self._rewrite(ledger_id, due.version)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self._retry(ledger_id, due, error)
            else:
                _answer(due.waiting, finished=True)
                self._tell(Rewritten(ledger_id, count, time.monotonic() - due.since))

    def _next(self) -> tuple[str, _Due] | None:
        """The first ledger whose time has come; None once it is closed."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for ledger_id, due in self._due.items():
                    if due.not_before <= now:
                        return ledger_id, self._due.pop(ledger_id)
                first = min((due.not_before for due in self._due.values()), default=None)
                self._changed.wait(None if first is None else first - now)
            return None

    def _rewrite(self, ledger_id: str, version: int) -> int:
        erasures = [erasure for erasure in self._notes.erasures(ledger_id) if erasure.version <= version]
        if not erasures:
            return 0
        traces = Traces(
            tuple(id_ for erasure in erasures for id_ in erasure.traces.customers),
            tuple(id_ for erasure in erasures for id_ in erasure.traces.accounts),
        )
        for memory in self._memories:
            memory.forget(ledger_id, traces)
        self._ingestion.scrub(ledger_id, erasures[-1].number).result()
        for memory in self._quoting:
            memory.forget(ledger_id, traces)
        self._notes.finish_erasures(ledger_id, erasures[-1].number)
        return len(erasures)

    def _retry(self, ledger_id: str, due: _Due, error: Exception) -> None:
        _answer(due.waiting, finished=False)
        with self._changed:
            again = self._due.setdefault(ledger_id, _Due(time.monotonic() + self._retry_s, due.since))
            again.version = max(again.version, due.version)
        with suppress(Exception):  # a listener that fails must not end the thread
            self._listener.failed(ledger_id, error)

    def _tell(self, done: Rewritten) -> None:
        with suppress(Exception):
            self._listener.done(done)


def _knows(view: BookView | None, ids: pa.StringArray) -> bool:
    return view is not None and bool(view.rows_of(RecordKind.CUSTOMER, ids)[0] >= 0)


def _answer(waiting: list[Future[bool]], *, finished: bool) -> None:
    for future in waiting:
        if future.set_running_or_notify_cancel():
            future.set_result(finished)
    waiting.clear()
