"""Results that were worked out from objects, kept for as long as the objects live."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
Owners = tuple[Any, ...]
Place = tuple[tuple[int, ...], Hashable]


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value
    size_bytes: int
    owners: tuple[weakref.ref[Any], ...]

    def is_of(self, owners: Owners) -> bool:
        return all(kept() is owner for kept, owner in zip(self.owners, owners, strict=True))


class WeakCache(Generic[Value]):
    """Values by the very objects they were made from, their owners, and a key.

    A value goes with the first of its owners, or as the least recently used one when all take more than
    `limit_bytes`. Several threads may use one at once.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._entries: OrderedDict[Place, _Entry[Value]] = OrderedDict()
        self._gone: deque[Place] = deque()
        """Places whose owner is no more. Owners may go in the middle of anything, so nothing is locked then."""
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """What the values take that are kept."""
        with self._lock:
            self._forget_gone()
            return self._size_bytes

    def get(self, owners: Owners, key: Hashable) -> Value | None:
        """The value that was kept for these objects."""
        place = _place(owners, key)
        with self._lock:
            self._forget_gone()
            entry = self._entries.get(place)
            if entry is None or not entry.is_of(owners):
                return None
            self._entries.move_to_end(place)
            return entry.value

    def keep(self, owners: Owners, key: Hashable, value: Value, size_bytes: int) -> None:
        """Keep a value that takes so many bytes, unless it alone takes more than all may."""
        if size_bytes > self._limit_bytes:
            return
        place, gone = _place(owners, key), self._gone
        references = tuple(weakref.ref(owner, lambda _: gone.append(place)) for owner in owners)
        with self._lock:
            self._forget_gone()
            self._forget(place)
            self._entries[place] = _Entry(value, size_bytes, references)
            self._size_bytes += size_bytes
            while self._size_bytes > self._limit_bytes:
                self._forget(next(iter(self._entries)))

    def _forget_gone(self) -> None:
        while self._gone:
            self._forget(self._gone.popleft())

    def _forget(self, place: Place) -> None:
        entry = self._entries.pop(place, None)
        if entry is not None:
            self._size_bytes -= entry.size_bytes


def _place(owners: Owners, key: Hashable) -> Place:
    return tuple(map(id, owners)), key
