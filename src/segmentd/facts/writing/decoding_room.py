"""How many batches are decoded at a time, of which ledgers, and how much of what was decoded may wait to be written."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, Self, TypeVar

from segmentd.facts.arrow_form import size_of
from segmentd.facts.records import RecordBatch
from segmentd.facts.writing.standing import Standings

T = TypeVar("T")

DECODED_AT_A_TIME: Final = 8
"""More than workers decode at a time on most machines: the next ones wait beside them."""

DECODED_BYTES: Final = 1 << 28
"""256 MiB of decoded batches; the last that was let in may be beyond."""


class DecodingRoom:
    """Lets requests in, ledger by ledger in turn, so that some bytes of request cannot become any size in memory.

    A compressed batch may be a million times as large when it is decoded, which is not known before. Nor is how long
    its ledger's rules take: ledgers whose batches took long are let in one at a time, all of them together, so that
    workers are left for others. Requests of a ledger come in as they came; those of a stream have to come in their
    order, and after those of other ledgers before them in it have been written: then the first of those that are in
    waits for none that is not, and goes on. Of one event loop.
    """

    def __init__(self, at_a_time: int = DECODED_AT_A_TIME, max_bytes: int = DECODED_BYTES) -> None:
        self._decoders, self._bytes = at_a_time, max_bytes
        self._standings = Standings()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """By ledger; the one whose turn is next comes first."""

    def place(self, ledger: str, edition: str = "") -> Place:
        """A place, which is to be entered. `edition`: what tells the ledger's rules from those before."""
        self._standings.note_edition(ledger, edition)
        return Place(self, ledger)

    async def enter(self, ledger: str) -> None:
        """Wait for a decoder."""
        coming = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ledger, deque()).append(coming)
        self._let_in()
        try:
            await coming
        except asyncio.CancelledError:
            if coming.done() and not coming.cancelled():
                self.leave(ledger, None)
            raise

    def leave(self, ledger: str, seconds: float | None, size: int = 0) -> None:
        """A decoder has finished after so many seconds, None: was not begun; its batch takes so many bytes."""
        self._decoders += 1
        self._bytes -= size
        self._standings.left(ledger, seconds)
        self._let_in()

    def give_back(self, size: int) -> None:
        """A batch of so many bytes has been handed on."""
        self._bytes += size
        self._let_in()

    def _let_in(self) -> None:
        """Let in who waits, one of each ledger that may come in turn, as long as there is room."""
        while self._decoders > 0 and self._bytes > 0:
            ledger = next(filter(self._standings.may_enter, self._waiting), None)
            if ledger is None:
                return
            waiting = self._waiting.pop(ledger)
            coming = waiting.popleft()
            if waiting:
                self._waiting[ledger] = waiting
            if not coming.done():
                self._decoders -= 1
                self._standings.entered(ledger)
                coming.set_result(None)


class Place:
    """A request's place in a room; an asynchronous context manager, entered before it is decoded."""

    def __init__(self, room: DecodingRoom, ledger: str) -> None:
        self._room = room
        self._ledger = ledger
        self._seconds: float | None = None
        self._size: int | None = None

    def work(self, job: Callable[[], T]) -> T:
        """What the job returns or raises, on whatever thread; how much of a processor it took is noted."""
        begun = time.thread_time()
        try:
            return job()
        finally:
            self._seconds = time.thread_time() - begun

    def holds(self, batch: RecordBatch) -> None:
        """The request is decoded: this is its batch."""
        self._size = size_of(batch)
        self._room.leave(self._ledger, self._seconds, self._size)

    async def __aenter__(self) -> Self:
        await self._room.enter(self._ledger)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._size is None:
            self._room.leave(self._ledger, self._seconds)
        else:
            self._room.give_back(self._size)
