"""The way of batches into ledgers: queued, written in groups by one thread, acknowledged when they are on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

import numpy as np
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.facts.ingestion.checkpoints import Checkpointer, CheckpointListener, CheckpointPolicy
from segmentd.facts.ingestion.errors import IngestionClosedError
from segmentd.facts.ingestion.group import GroupWriter
from segmentd.facts.ingestion.orders import Limits, Order, OrderQueue
from segmentd.facts.ingestion.shelf import Shelf
from segmentd.facts.ingestion.tidying import Tidier
from segmentd.facts.journal import Journal
from segmentd.facts.kinds import RecordKind
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.ledger.editions import now_us

SETTLE_S: Final = 0.25
"""After so long without a batch, books put their latest facts in order: what comes meanwhile for one waits for that."""


class Ingestion:
    """Takes batches from any thread or event loop. Close it, and then the journal.

    The future of a batch ends with its outcome once the batch is on disk and readers see it; with StoreFailedError
    where the disk failed, and with the SegmentdError of a batch that cannot be staged: then nothing of it was written.
    """

    def __init__(
        self,
        shelf: Shelf,
        journal: Journal,
        *,
        limits: Limits | None = None,
        policy: CheckpointPolicy | None = None,
        listener: CheckpointListener | None = None,
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`clock`: microseconds since 1970."""
        self._shelf = shelf
        self._queue = OrderQueue(limits or Limits())
        self._checkpointer = Checkpointer(
            shelf, journal, policy or CheckpointPolicy(), listener or CheckpointListener(), self._settle_soon
        )
        self._tidier = Tidier(shelf, self._queue)
        self._writer = GroupWriter(shelf, journal, self._tidier, self._checkpointer.note, clock)
        self._thread = threading.Thread(target=self._work, name="segmentd-ingestion", daemon=True)
        self._thread.start()

    def submit(
        self,
        ledger_id: str,
        batch: RecordBatch,
        batch_id: str = "",
        *,
        all_or_nothing: bool = False,
        validate_only: bool = False,
        delete_customers: bool = False,
    ) -> Future[WriteOutcome]:
        """Queue a batch, waiting on this thread while too much waits already.

        A batch id that was acknowledged in the last 30 days is answered as it was then, and not written again; an
        empty one is never known. `validate_only`: the outcome that the batch would have, with the version before it.
        Raises LedgerNotFoundError and IngestionClosedError.
        """
        order = Order(ledger_id, batch, batch_id, all_or_nothing, validate_only, delete_customers)
        self._shelf.vocabulary(ledger_id)
        self._queue.put(order)
        return order.answer

    def expire(self, ledger_id: str, batch: RecordBatch) -> Future[WriteOutcome]:
        """Queue deletions of what is too old to be kept, as `submit` does; until its bytes are gone a note is kept."""
        order = Order(ledger_id, batch, expires=True)
        self._shelf.vocabulary(ledger_id)
        self._queue.put(order)
        return order.answer

    async def offer(
        self,
        ledger_id: str,
        batch: RecordBatch,
        batch_id: str = "",
        *,
        all_or_nothing: bool = False,
        validate_only: bool = False,
        delete_customers: bool = False,
    ) -> Future[WriteOutcome]:
        """As `submit`, waiting on the event loop: read no more of a stream until it returns.

        The future is to be had with `asyncio.wrap_future`.
        """
        order = Order(ledger_id, batch, batch_id, all_or_nothing, validate_only, delete_customers)
        self._shelf.vocabulary(ledger_id)
        await self._queue.offer(order)
        return order.answer

    def scrub(self, ledger_id: str, until: int = 0) -> Future[None]:
        """Leave no byte of what was deleted, in the journal and in the files of the ledger's checkpoints.

        Call it when the deletion is acknowledged. Of erasures up to number `until` the journal no longer says who they
        were of. The future ends with a StoreFailedError where the disk failed.
        """
        return self._checkpointer.scrub(ledger_id, until)

    def close(self) -> None:
        """Write what waits, refuse what comes, and make the checkpoints that make the next opening quick."""
        self._queue.close()
        self._thread.join()
        self._tidier.close()
        self._checkpointer.close()

    def _settle_soon(self, ledger_id: str) -> None:
        """Have the writer settle a book of which it has no orders."""
        nothing = RecordBatch(RecordKind.CUSTOMER, Batch(0, {}, pa.array([], pa.string())), np.zeros(0, np.int64))
        with suppress(IngestionClosedError):
            self._queue.put(Order(ledger_id, nothing, settles=True))

    def _work(self) -> None:
        while group := self._take():
            self._writer.write(group)

    def _take(self) -> list[Order]:
        if not self._writer.is_settled and not self._queue.wait(SETTLE_S):
            self._writer.settle()
        return self._queue.take()
