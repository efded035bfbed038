"""Batches that wait to be written, in the order in which they came."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from segmentd.facts.arrow_form import size_of
from segmentd.facts.ingestion.errors import IngestionClosedError
from segmentd.facts.records import RecordBatch, WriteOutcome

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A batch to write into a ledger, and what answers it. `bytes`: about what it takes in memory.

    `expires`: what it deletes is too old to be kept, so that its bytes are to go; a note of that is written with it.
    """

    ledger_id: str
    batch: RecordBatch
    batch_id: str = ""
    all_or_nothing: bool = False
    validate_only: bool = False
    delete_customers: bool = False
    expires: bool = False
    answer: Future[WriteOutcome] = field(default_factory=Future)
    bytes: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "bytes", size_of(self.batch))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait to be written, and how much of it is written at a time.

    A group is committed at once, and its first batch is acknowledged with its last: a larger one saves waits for the
    disk, a smaller one time until the answer.
    """

    waiting_batches: int = 4_096
    waiting_bytes: int = 256 * MEBIBYTE
    group_batches: int = 256
    group_bytes: int = 4 * MEBIBYTE


class OrderQueue:
    """A bounded queue for one reader. Threads and event loops may put orders into it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[Order] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()
        self._loops: deque[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = deque()

    def put(self, order: Order) -> None:
        """Wait on this thread until there is room, and add the order. Raises IngestionClosedError."""
        with self._changed:
            self._changed.wait_for(self._has_room_or_is_closed)
            self._add(order)

    async def offer(self, order: Order) -> None:
        """Wait on the event loop until there is room, and add the order. Raises IngestionClosedError."""
        while True:
            with self._changed:
                if self._has_room_or_is_closed():
                    return self._add(order)
                room = asyncio.Event()
                self._loops.append((asyncio.get_running_loop(), room))
            await room.wait()

    def wait(self, seconds: float) -> bool:
        """Wait for orders, or the end; whether there was one within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._waiting) or self._closed, seconds)

    def take(self) -> list[Order]:
        """Wait for orders, and take the first that go together; none once it is closed and empty.

        An order that only validates goes alone, since nothing that is staged before it may be forgotten with it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group: list[Order] = []
            size = 0
            while self._waiting and self._goes_with(self._waiting[0], group, size):
                group.append(self._waiting.popleft())
                size += group[-1].bytes
            self._bytes -= size
            self._tell()
            return group

    def close(self) -> None:
        """Take no more orders; those that wait can still be taken."""
        with self._changed:
            self._closed = True
            self._tell()

    def _goes_with(self, order: Order, group: list[Order], size: int) -> bool:
        if not group:
            return True
        alone = order.validate_only or group[-1].validate_only
        fits = len(group) < self._limits.group_batches and size + order.bytes <= self._limits.group_bytes
        return fits and not alone

    def _has_room_or_is_closed(self) -> bool:
        """Whether a batch may come in; the last one may be larger than what is left, or a large one never could."""
        waiting, limits = len(self._waiting), self._limits
        return self._closed or (waiting < limits.waiting_batches and self._bytes < limits.waiting_bytes)

    def _add(self, order: Order) -> None:
        if self._closed:
            raise IngestionClosedError
        self._waiting.append(order)
        self._bytes += order.bytes
        self._changed.notify_all()

    def _tell(self) -> None:
        """Have all who wait look again. They are few: a stream waits for its own batch before it sends another."""
        self._changed.notify_all()
        while self._loops:
            loop, room = self._loops.popleft()
            with suppress(RuntimeError):  # a loop that was closed has nobody who waits
                loop.call_soon_threadsafe(room.set)
