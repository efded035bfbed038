"""One thread at a time, the one that asks of the earliest first, and who waits may give up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from segmentd.engine import EvaluationCancelledError

Cancelled = Callable[[], bool]

ASKED_EVERY_S: Final = 0.05
"""Whoever waits for what another call computes looks so often whether anybody still waits for it."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    """Whoever waits. `age`: the version and the moment that are asked of."""

    age: tuple[int, int]


class Turns:
    """What one thread does and others wait for. Among these, whoever asks of an older version or moment is first.

    So that what is computed moves on from one to the next, and not back.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._is_taken = False

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a turn or waits for one."""
        with self._changed:
            return not self._is_taken and not self._waiting

    @contextmanager
    def turn(self, age: tuple[int, int], cancelled: Cancelled | None) -> Iterator[None]:
        """Wait for one's turn, and have it. Raises EvaluationCancelledError."""
        ticket = _Ticket(age)
        with self._changed:
            self._waiting.append(ticket)
            try:
                self._wait(ticket, cancelled)
                self._is_taken = True
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _wait(self, ticket: _Ticket, cancelled: Cancelled | None) -> None:
        while self._is_taken or min(self._waiting, key=lambda each: each.age) is not ticket:
            self._changed.wait(ASKED_EVERY_S)
            if cancelled is not None and cancelled():
                raise EvaluationCancelledError
