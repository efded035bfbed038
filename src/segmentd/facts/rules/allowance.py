"""How long rules may take on a batch, which nobody's deadline bounds: senders of streams set none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

Cancelled = Callable[[], bool]

RULES_S: Final = 10.0
"""Seconds of a processor on one batch: a thousand plain rules on 60,000 distinct texts take about half of it."""


class Allowance:
    """Asked again and again by the thread that works: whether it should stop, since its time is up or nobody waits.

    It is the processor's time of that thread, so that a busy machine refuses nothing that a quiet one takes.
    """

    __slots__ = ("_cancelled", "_end", "is_used_up")

    def __init__(self, limit_s: float, cancelled: Cancelled | None) -> None:
        self._end = time.thread_time() + limit_s
        self._cancelled = cancelled
        self.is_used_up = False

    def __call__(self) -> bool:
        """Whether to stop."""
        self.is_used_up = self.is_used_up or time.thread_time() >= self._end
        return self.is_used_up or (self._cancelled is not None and self._cancelled())
