"""Putting books in order beside the thread that writes: a ledger that takes a second for it holds up itself alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from segmentd.facts.ingestion.orders import OrderQueue
from segmentd.facts.ingestion.shelf import Shelf, WritableBook

Work = Callable[[WritableBook], None]

_END: Final = None


class Tidier:
    """One thread, which works on one book after the other while the writer has no orders of its ledger.

    Whoever hands in a ledger is the writer, after its last order of it has been answered.
    """

    def __init__(self, shelf: Shelf, queue: OrderQueue) -> None:
        self._shelf = shelf
        self._queue = queue
        self._waiting: SimpleQueue[tuple[str, Work] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="segmentd-tidier", daemon=True)
        self._thread.start()

    def hand_in(self, ledger_id: str, work: Work) -> None:
        """Have something done with a ledger's book, before anything more is written to it."""
        self._queue.hold(ledger_id)
        self._waiting.put((ledger_id, work))

    def close(self) -> None:
        """Do what was handed in, and end the thread."""
        self._waiting.put(_END)
        self._thread.join()

    def _work(self) -> None:
        while (handed_in := self._waiting.get()) is not _END:
            ledger_id, work = handed_in
            try:
                work(self._shelf.book(ledger_id))
            except Exception as error:  # noqa: BLE001 - it is on disk, from where the book can be made again
                self._shelf.reopen(ledger_id, error)
            finally:
                self._queue.release(ledger_id)
