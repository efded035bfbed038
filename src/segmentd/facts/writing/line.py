"""The order of a stream's requests, some of which are decoded at a time: they are written one after the other."""

from __future__ import annotations

import asyncio
from typing import Self

from segmentd.facts.writing.requests import parent_of


class Line:
    """Where the requests of a stream stand, first come, first written. Of one event loop."""

    def __init__(self) -> None:
        self._parent = ""
        self._last = asyncio.Event()
        self._last.set()
        self._others = self._last

    def join(self, request: bytes) -> Turn:
        """The turn of the next request. One that names no ledger is about that of the request before."""
        parent = parent_of(request) or self._parent
        if parent != self._parent:
            self._parent, self._others = parent, self._last
        turn = Turn(parent, self._last, self._others)
        self._last = turn.over
        return turn


class Turn:
    """A request's place; a context manager that lets the next one write. `parent`: the ledger that it is about."""

    def __init__(self, parent: str, before: asyncio.Event, others: asyncio.Event) -> None:
        """`before`: the request before is over; `others`: the last one before that was of another ledger."""
        self.parent = parent
        self.over = asyncio.Event()
        self._before = before
        self._others = others

    async def begin(self) -> None:
        """Wait until those before that are of other ledgers have been handed in: they wait for room by themselves."""
        await self._others.wait()

    async def come(self) -> None:
        """Wait until all requests before have been handed in, or failed."""
        await self._before.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # One that fails early keeps its place, so that those after it do not overtake those before it.
        if kind is None or not issubclass(kind, asyncio.CancelledError):
            await self._before.wait()
        self.over.set()
