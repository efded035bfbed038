"""Checkpoints, made in the background: the journal stays short, and opening quick."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from segmentd.errors import SegmentdError
from segmentd.facts.ingestion.shelf import Shelf
from segmentd.facts.journal import Journal
from segmentd.facts.journal.history import KeepHistory
from segmentd.storage import StoreFailedError

MEBIBYTE: Final = 1 << 20

RETRY_S: Final = 60.0
"""After a checkpoint failed, the next one of its ledger is tried so much later; batches are written meanwhile."""

FORGET_S: Final = 3_600.0
"""Old batch ids, and a past that is too old, are forgotten so often."""


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """When checkpoints are made: once the batches since the last one take so many bytes, which replay in 2 to 4 s.

    A checkpoint writes all facts of a ledger, so that of a large one waits for `fraction` of the last one's size: each
    byte of a batch then causes at most `1 / fraction` bytes more. On closing a shorter journal is worth it.
    `keep_history`: for how long they have what was replaced.
    """

    after_bytes: int = 64 * MEBIBYTE
    fraction: float = 0.25
    on_close_bytes: int = 16 * MEBIBYTE
    keep_history: KeepHistory = field(default_factory=KeepHistory)


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A checkpoint was made of a ledger at a version: so many bytes of files, without the past's, in `seconds`."""

    ledger: str
    version: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CheckpointListener:
    """Hears, on the checkpointer's thread, of what was done and of what failed; its ledger is empty for old ids."""

    done: Callable[[Checkpointed], None] = lambda _: None
    failed: Callable[[str, Exception], None] = lambda _ledger, _error: None


Scrubs = list[tuple[int, Future[None]]]
"""Who waits for bytes to be overwritten: up to which number erasures are, and what is to be told."""


class Checkpointer:
    """One thread. What fails leaves journal and checkpoint as they were, and is tried again later."""

    def __init__(
        self,
        shelf: Shelf,
        journal: Journal,
        policy: CheckpointPolicy,
        listener: CheckpointListener,
        when_written: Callable[[str], None],
    ) -> None:
        """`when_written` hears of a ledger of which files have what memory need not have any more."""
        self._shelf = shelf
        self._journal = journal
        self._policy = policy
        self._listener = listener
        self._when_written = when_written
        self._due: dict[str, Scrubs] = {}
        self._not_before: dict[str, float] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="segmentd-checkpointer", daemon=True)
        self._thread.start()

    def note(self, ledger_id: str) -> None:
        """Make a checkpoint of the ledger soon, if its journal has grown long."""
        grown = self._journal.pending_bytes(ledger_id)
        most = max(self._policy.after_bytes, self._policy.fraction * self._journal.checkpoint_bytes(ledger_id))
        if grown > most and time.monotonic() >= self._not_before.get(ledger_id, 0.0):
            with self._changed:
                self._due.setdefault(ledger_id, [])
                self._changed.notify()

    def scrub(self, ledger_id: str, until: int = 0) -> Future[None]:
        """Make a checkpoint of all that was published, then leave no byte of what it does not have.

        Nor of whom erasures up to number `until` were of. The future ends with it, or with a StoreFailedError; called
        after an erasure, it can be asked for again.
        """
        done: Future[None] = Future()
        with self._changed:
            if self._closed:
                raise StoreFailedError("erasing what was deleted", "the server stops; it can be asked for again")
            self._due.setdefault(ledger_id, []).append((until, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Finish what was asked for, make the checkpoints that make the next opening quick, end the thread."""
        with self._changed:
            for ledger_id in self._journal.pending_ledgers(self._policy.on_close_bytes):
                self._due.setdefault(ledger_id, [])
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        self._forget_old()
        while (due := self._next()) is not None:
            ledger_id, scrubs = due
            if not ledger_id:
                self._forget_old()
                continue
            try:
                self._checkpoint(ledger_id)
                if scrubs:
                    self._journal.scrub(ledger_id, max(until for until, _ in scrubs))
            except Exception as error:  # noqa: BLE001 - batches are written and read all the same
                self._fail(ledger_id, error, scrubs)
            else:
                for _, done in scrubs:
                    done.set_result(None)

    def _next(self) -> tuple[str, Scrubs] | None:
        """A ledger, and who waits for its scrubbing; no ledger when a time has passed; None once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._closed, FORGET_S)
            if self._due:
                ledger_id = next(iter(self._due))
                return ledger_id, self._due.pop(ledger_id)
            return None if self._closed else ("", [])

    def _checkpoint(self, ledger_id: str) -> None:
        begun = time.monotonic()
        book = self._shelf.opened(ledger_id)
        if book is not None:
            view = book.view
            history = book.history(view)
            self._journal.save(ledger_id, view.version, book.dump(view), history)
            book.forget_history(history.time_us)
            if history.values:
                self._when_written(ledger_id)
            size = self._journal.checkpoint_bytes(ledger_id)
            done = Checkpointed(ledger_id, view.version, size, time.monotonic() - begun)
            with suppress(Exception):  # a listener that fails must not undo what was done
                self._listener.done(done)

    def _fail(self, ledger_id: str, error: Exception, scrubs: Scrubs) -> None:
        self._not_before[ledger_id] = time.monotonic() + RETRY_S
        for _, done in scrubs:
            done.set_exception(error)
        with suppress(Exception):  # a listener that fails must not end the thread
            self._listener.failed(ledger_id, error)

    def _forget_old(self) -> None:
        try:
            self._journal.forget_old_ids()
            for ledger_id in self._journal.ledgers_with_old_history():
                with self._changed:
                    self._due.setdefault(ledger_id, [])
        except SegmentdError as error:
            self._fail("", error, [])
