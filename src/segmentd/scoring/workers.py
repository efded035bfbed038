"""Threads for what is too long for the event loop: bounded in number, and in what may wait for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from segmentd.engine.errors import EvaluationCancelledError
from segmentd.scoring.errors import DeadlineExceededError, OverloadedError, WorkersClosedError

MAX_PENDING_BYTES: Final = 1 << 28
"""256 MiB of requests whose jobs run or wait."""

TURN_S: Final = 0.005
"""How long a job that waits for its turn does not look whether there is room."""

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
        return self._stopped or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self._deadline is not None and time.monotonic() >= self._deadline


class Workers:
    """Runs jobs on threads. A job beyond those that run and may wait is refused, not queued.

    So is one that would hold more than `max_bytes` of requests together with the others, unless it is the only one.
    """

    def __init__(self, threads: int, max_waiting: int, max_bytes: int = MAX_PENDING_BYTES) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="scoring")
        self._limit = threads + max_waiting
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._pending = 0
        self._pending_bytes = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def pending(self) -> int:
        """Jobs that run or wait. One whose caller is gone counts until it has stopped."""
        return self._pending

    async def run_in_turn(self, job: Callable[[], T], cancellation: Cancellation, *, size_bytes: int = 0) -> T:
        """As `run`, but where it would be refused the job waits. Those who wait take half of the places at most.

        DeadlineExceededError, EvaluationCancelledError if it should stop while it waits.
        """
        while True:
            if self._pending < max(self._limit // 2, 1):
                with suppress(OverloadedError):
                    return await self.run(job, cancellation, size_bytes=size_bytes)
            if cancellation():
                raise DeadlineExceededError if cancellation.is_late else EvaluationCancelledError
            await asyncio.sleep(TURN_S)

    async def run(self, job: Callable[[], T], cancellation: Cancellation, *, size_bytes: int = 0) -> T:
        """What the job returns or raises. A cancelled caller stops its job. Raises OverloadedError, WorkersClosedError.

        EvaluationCancelledError if it should stop before it begins; DeadlineExceededError if it is the deadline that
        stopped it. `size_bytes`: the request that it holds.
        """
        future = self._submit(partial(_begin, job, cancellation), size_bytes)
        try:
            return await asyncio.wrap_future(future)
        except EvaluationCancelledError as error:
            if cancellation.is_late:
                raise DeadlineExceededError from error
            raise
        except asyncio.CancelledError:
            cancellation.stop()
            raise
        finally:
            # A failure refers to this frame; were the future in it, which holds the failure, both and all that the
            # job has read would stay in memory until a full garbage collection.
            del future, job

    def close(self) -> None:
        """Wait for the running jobs, drop the waiting ones, take no more."""
        self._closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, job: Callable[[], T], size_bytes: int) -> Future[T]:
        with self._lock:
            if self._pending >= self._limit:
                raise OverloadedError(self._max_waiting)
            if self._pending and self._pending_bytes + size_bytes > self._max_bytes:
                raise OverloadedError(self._max_bytes, "bytes of requests")
            self._note(1, size_bytes)
        try:
            future = self._executor.submit(job)
        except RuntimeError as error:
            self._release(size_bytes)
            if self._closed:
                raise WorkersClosedError from error
            raise
        future.add_done_callback(lambda _: self._release(size_bytes))
        return future

    def _release(self, size_bytes: int) -> None:
        with self._lock:
            self._note(-1, -size_bytes)

    def _note(self, jobs: int, size_bytes: int) -> None:
        self._pending += jobs
        self._pending_bytes += size_bytes


def _begin(job: Callable[[], T], cancellation: Cancellation) -> T:
    if cancellation():
        raise EvaluationCancelledError
    return job()
