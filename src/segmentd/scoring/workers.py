"""Threads for what is too long for the event loop: bounded in number, and in what may wait for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from segmentd.scoring.errors import OverloadedError

T = TypeVar("T")


class Cancellation:
    """Whether work should stop: its caller is gone, or its deadline (seconds from now, None: none) has passed."""

    __slots__ = ("_deadline", "_stopped")

    def __init__(self, remaining_s: float | None = None) -> None:
        self._deadline = None if remaining_s is None else time.monotonic() + remaining_s
        self._stopped = False

    def stop(self) -> None:
        """From now on, the work should stop."""
        self._stopped = True

    def __call__(self) -> bool:
        """Asked between blocks, from any thread."""
        return self._stopped or (self._deadline is not None and time.monotonic() >= self._deadline)


class Workers:
    """Runs jobs on threads. A job beyond those that run and may wait is refused, not queued."""

    def __init__(self, threads: int, max_waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="scoring")
        self._limit = threads + max_waiting
        self._max_waiting = max_waiting
        self._pending = 0
        self._lock = threading.Lock()

    @property
    def pending(self) -> int:
        """Jobs that run or wait. One whose caller is gone counts until it has stopped."""
        return self._pending

    async def run(self, job: Callable[[], T], cancellation: Cancellation) -> T:
        """What the job returns or raises. A cancelled caller stops its job. Raises OverloadedError."""
        future = self._submit(job)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancellation.stop()
            raise

    def close(self) -> None:
        """Wait for the running jobs, drop the waiting ones."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, job: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._pending >= self._limit:
                raise OverloadedError(self._max_waiting)
            self._pending += 1
        future = self._executor.submit(job)
        future.add_done_callback(self._release)
        return future

    def _release(self, _: Future[T]) -> None:
        with self._lock:
            self._pending -= 1
