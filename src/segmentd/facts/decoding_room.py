"""How many batches are decoded at a time, and how much of what was decoded may wait to be written."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Self

from segmentd.facts.arrow_form import size_of
from segmentd.facts.records import RecordBatch

DECODED_AT_A_TIME: Final = 8
"""More than workers decode at a time on most machines: the next ones wait beside them."""

DECODED_BYTES: Final = 1 << 28
"""256 MiB of decoded batches; the last that was let in may be beyond."""


class DecodingRoom:
    """Lets requests in, first come, first served, so that some bytes of request cannot become any size in memory.

    A compressed batch may be a million times as large when it is decoded, which is not known before. Requests of a
    stream have to come in their order: then the first of those that are in waits for none that is not, and goes on. Of
    one event loop.
    """

    def __init__(self, at_a_time: int = DECODED_AT_A_TIME, max_bytes: int = DECODED_BYTES) -> None:
        self._decoders, self._bytes = at_a_time, max_bytes
        self._waiting: deque[asyncio.Future[None]] = deque()

    def place(self) -> Place:
        """A place, which is to be entered."""
        return Place(self)

    async def enter(self) -> None:
        """Wait for a decoder."""
        if self._has_room() and not self._waiting:
            self._decoders -= 1
            return
        coming = asyncio.get_running_loop().create_future()
        self._waiting.append(coming)
        try:
            await coming
        except asyncio.CancelledError:
            if coming.done() and not coming.cancelled():
                self.give_back(decoders=1)
            raise

    def take(self, size: int) -> None:
        """A decoder has finished, and its batch takes so many bytes."""
        self.give_back(decoders=1, size=-size)

    def give_back(self, *, decoders: int = 0, size: int = 0) -> None:
        """There is more room: let in who waits."""
        self._decoders += decoders
        self._bytes += size
        while self._waiting and self._has_room():
            coming = self._waiting.popleft()
            if not coming.done():
                self._decoders -= 1
                coming.set_result(None)

    def _has_room(self) -> bool:
        return self._decoders > 0 and self._bytes > 0


class Place:
    """A request's place in a room; an asynchronous context manager, entered before it is decoded."""

    def __init__(self, room: DecodingRoom) -> None:
        self._room = room
        self._size: int | None = None

    def holds(self, batch: RecordBatch) -> None:
        """The request is decoded: this is its batch."""
        self._size = size_of(batch)
        self._room.take(self._size)

    async def __aenter__(self) -> Self:
        await self._room.enter()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._size is None:
            self._room.give_back(decoders=1)
        else:
            self._room.give_back(size=self._size)
