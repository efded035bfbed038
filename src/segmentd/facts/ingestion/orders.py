"""Batches that wait to be written, in the order in which they came."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
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
    `settles`: the book is settled when nothing follows, also where it changes nothing.
    """

    ledger_id: str
    batch: RecordBatch
    batch_id: str = ""
    all_or_nothing: bool = False
    validate_only: bool = False
    delete_customers: bool = False
    expires: bool = False
    settles: bool = False
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
    """A bounded queue for one reader. Threads and event loops may put orders into it.

    Orders are taken as they came; those of a ledger that is held wait while others' go on, half of what may wait at
    most, so that there is room for the others.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[Order] = deque()
        self._batches: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._closed = False
        self._changed = threading.Condition()
        self._loops: deque[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = deque()

    def put(self, order: Order) -> None:
        """Wait on this thread until there is room, and add the order. Raises IngestionClosedError."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(order.ledger_id))
            self._add(order)

    async def offer(self, order: Order) -> None:
        """Wait on the event loop until there is room, and add the order. Raises IngestionClosedError."""
        while True:
            with self._changed:
                if self._has_room(order.ledger_id):
                    return self._add(order)
                room = asyncio.Event()
                self._loops.append((asyncio.get_running_loop(), room))
            await room.wait()

    def hold(self, ledger_id: str) -> None:
        """Give out no order of the ledger until it is released as often as it was held."""
        with self._changed:
            self._held[ledger_id] += 1

    def release(self, ledger_id: str) -> None:
        """Give out the ledger's orders again, unless it is held for something else too."""
        with self._changed:
            self._held[ledger_id] -= 1
            self._held += Counter()  # which drops those that nothing holds
            self._tell()

    def wait(self, seconds: float) -> bool:
        """Wait for orders that can be taken, or the end; whether there was one within so many seconds."""
        with self._changed:
            return self._changed.wait_for(self._has_orders_or_ended, seconds)

    def take(self) -> list[Order]:
        """Wait for orders, and take the first that go together; none once it is closed and empty.

        An order that only validates goes alone, since nothing that is staged before it may be forgotten with it.
        """
        with self._changed:
            self._changed.wait_for(self._has_orders_or_ended)
            group: list[Order] = []
            left: deque[Order] = deque()
            size = 0
            while self._waiting and (self._is_held(self._waiting[0]) or self._goes_with(self._waiting[0], group, size)):
                order = self._waiting.popleft()
                if self._is_held(order):
                    left.append(order)
                else:
                    group.append(order)
                    size += order.bytes
            self._waiting.extendleft(reversed(left))
            self._count(group, -1)
            self._tell()
            return group

    def close(self) -> None:
        """Take no more orders; those that wait can still be taken."""
        with self._changed:
            self._closed = True
            self._tell()

    def _has_orders_or_ended(self) -> bool:
        return (self._closed and not self._waiting) or not all(map(self._is_held, self._waiting))

    def _is_held(self, order: Order) -> bool:
        return order.ledger_id in self._held

    def _goes_with(self, order: Order, group: list[Order], size: int) -> bool:
        if not group:
            return True
        alone = order.validate_only or group[-1].validate_only
        fits = len(group) < self._limits.group_batches and size + order.bytes <= self._limits.group_bytes
        return fits and not alone

    def _has_room(self, ledger_id: str) -> bool:
        """Whether a batch may come in, if only to be refused; the last one may be larger than what is left.

        A large one never could otherwise.
        """
        batches, size = self._limits.waiting_batches, self._limits.waiting_bytes
        is_room = len(self._waiting) < batches and self._bytes.total() < size
        if ledger_id in self._held:
            is_room = is_room and 2 * self._batches[ledger_id] < batches and 2 * self._bytes[ledger_id] < size
        return self._closed or is_room

    def _add(self, order: Order) -> None:
        if self._closed:
            raise IngestionClosedError
        self._waiting.append(order)
        self._count([order], 1)
        self._changed.notify_all()

    def _count(self, orders: list[Order], sign: int) -> None:
        for order in orders:
            self._batches[order.ledger_id] += sign
            self._bytes[order.ledger_id] += sign * order.bytes
            if not self._batches[order.ledger_id]:
                del self._batches[order.ledger_id], self._bytes[order.ledger_id]

    def _tell(self) -> None:
        """Have all who wait look again. They are few: a stream waits for its own batch before it sends another."""
        self._changed.notify_all()
        while self._loops:
            loop, room = self._loops.popleft()
            with suppress(RuntimeError):  # a loop that was closed has nobody who waits
                loop.call_soon_threadsafe(room.set)
