"""The workers, as the servicer of records uses them: a batch that finds no room waits, and slows its sender down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from segmentd.scoring.workers import Cancellation, Workers

T = TypeVar("T")


class OffLoop:
    """Runs what is too long for the event loop on workers."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def __call__(self, job: Callable[[], T], remaining_s: float | None, size_bytes: int) -> T:
        """What the job returns or raises, after it has waited for its turn. Raises DeadlineExceededError."""
        return await self._workers.run_in_turn(job, Cancellation(remaining_s), size_bytes=size_bytes)
