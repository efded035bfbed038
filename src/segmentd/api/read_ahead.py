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
) -> AsyncGenerator[Answer, None]:
    """One answer a request, in their order. At most `read_ahead` requests are read whose answers are not taken.

    So a caller that takes no answers is not read from either. What `answer` raises ends the stream, as does what
    reading raises, after the answers to what was read before.
    """
    room = asyncio.Semaphore(read_ahead)
    tasks: asyncio.Queue[asyncio.Task[Answer] | None] = asyncio.Queue()
    running: set[asyncio.Task[Answer]] = set()

    async def read() -> None:
        try:
            await room.acquire()
            async for request in requests:
                task = asyncio.create_task(answer(request))
                running.add(task)
                tasks.put_nowait(task)
                await room.acquire()
        finally:
            tasks.put_nowait(None)

    reader = asyncio.create_task(read())
    try:
        while (task := await tasks.get()) is not None:
            yield await task
            running.discard(task)
            room.release()
        await reader
    finally:
        for each in (reader, *running):
            each.cancel()
        await asyncio.gather(reader, *running, return_exceptions=True)
