"""The thread that changes run on, one after the other, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Writer:
    """One thread. A change sees the outcome of every change that was handed in before it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "segmentd-writer")

    async def run(self, change: Callable[[], T]) -> T:
        """Run the change after those before it, and return or raise what it does.

        Cancelled while it waits, it never runs; once begun it runs to its end.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, change)

    def close(self) -> None:
        """Finish the changes that were handed in."""
        self._thread.shutdown()
