"""Streams of requests that end when the server drains: an idle one would hold the shutdown for the whole drain time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from segmentd.server.errors import NotReadyError


class Drain:
    """Whether the server drains, and the tasks that wait for a request of a stream meanwhile. Of one event loop."""

    def __init__(self) -> None:
        self._begun = False
        self._reading: set[asyncio.Task[Any]] = set()

    def begin(self) -> None:
        """Take no more requests of any stream."""
        self._begun = True
        for task in self._reading:
            task.cancel()

    async def requests(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The stream's requests. NotReadyError in place of the first that is not read when draining begins."""
        iterator = aiter(stream)
        while not self._begun:
            request = await self._read(iterator)
            if request is None:
                return
            yield request
        raise NotReadyError("stopping")

    async def _read(self, iterator: AsyncIterator[bytes]) -> bytes | None:
        """The next request, None where there is none. It is interrupted, as to race it costs 30 µs a request."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("streams are read in tasks")
        self._reading.add(task)
        try:
            return await anext(iterator, None)
        except asyncio.CancelledError:
            # Not if somebody else cancelled the task too.
            if self._begun and task.uncancel() == 0:
                raise NotReadyError("stopping") from None
            raise
        finally:
            self._reading.discard(task)
