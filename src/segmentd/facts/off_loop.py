"""What servicers need of whoever has threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class OffLoop(Protocol):
    """Threads for what is too long for the event loop."""

    async def __call__(self, job: Callable[[], T], remaining_s: float | None, size_bytes: int) -> T:
        """What the job returns or raises; it waits for its turn. `remaining_s`: until the caller's deadline."""
