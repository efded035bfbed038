"""Answering a stream of requests in order, some of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")


async def answer_in_order(
    requests: AsyncIterator[Request],
    answer: Callable[[Request], Coroutine[Any, Any, Answer]],
    *,
    read_ahead: int,
    max_size: int = 1,
    size_of: Callable[[Request], int] = lambda _: 0,
) -> AsyncGenerator[Answer, None]:
    """One answer a request, in their order. At most `read_ahead` requests are read whose answers are not taken.

    None is read, either, while those have `max_size` or more together. So a caller that takes no answers is not read
    from. What `answer` raises ends the stream, as does what reading raises, after the answers to what was read before.
    """
    room = _Room(read_ahead, max_size)
    tasks: asyncio.Queue[tuple[asyncio.Task[Answer], int] | None] = asyncio.Queue()
    running: set[asyncio.Task[Answer]] = set()

    async def read() -> None:
        try:
            await room.wait()
            async for request in requests:
                size = size_of(request)
                room.take(size)
                task = asyncio.create_task(answer(request))
                del request
                running.add(task)
                tasks.put_nowait((task, size))
                await room.wait()
        finally:
            tasks.put_nowait(None)

    reader = asyncio.create_task(read())
    try:
        while (entry := await tasks.get()) is not None:
            task, size = entry
            yield await task
            running.discard(task)
            room.give_back(size)
        await reader
    finally:
        for each in (reader, *running):
            each.cancel()
        await asyncio.gather(reader, *running, return_exceptions=True)


class _Room:
    """Places and sizes that are left; one task waits for them."""

    def __init__(self, places: int, size: int) -> None:
        self._places, self._size = places, size
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        while self._places <= 0 or self._size <= 0:
            self._changed.clear()
            await self._changed.wait()

    def take(self, size: int) -> None:
        self._places -= 1
        self._size -= size

    def give_back(self, size: int) -> None:
        self._places += 1
        self._size += size
        self._changed.set()
