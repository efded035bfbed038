"""Which ledgers' batches take long to decode and to categorise: how many of them may be worked on at a time."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final

SLOW_S: Final = 1.0
"""Seconds of a processor from which a batch has taken long."""

REMEMBERED: Final = 8
"""So many quick batches make a slow ledger a quick one again: as many as may be worked on at a time."""

MAX_LEDGERS: Final = 4_096
"""Ledgers that are remembered; names come from requests, and need not be those of any."""


@dataclass(slots=True)
class _Standing:
    """What is known of a ledger under an edition of its rules: nothing while it is not `known`.

    `slow`: how many more quick batches it takes until it is no longer slow.
    """

    edition: str
    known: bool = False
    slow: int = 0


class Standings:
    """Who may come in: of a ledger of which nothing is known, one batch; of all slow ledgers together, one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Standing] = OrderedDict()
        self._inside: Counter[str] = Counter()

    def note_edition(self, ledger: str, edition: str) -> None:
        """A batch of the ledger comes, under this edition of its rules."""
        standing = self._kept.get(ledger)
        if standing is None or standing.edition != edition:
            self._kept[ledger] = _Standing(edition, slow=0 if standing is None else standing.slow)
        self._kept.move_to_end(ledger)
        while len(self._kept) > MAX_LEDGERS:
            self._kept.popitem(last=False)

    def may_enter(self, ledger: str) -> bool:
        """Whether another batch of the ledger may be worked on now."""
        standing = self._kept.get(ledger)
        if standing is not None and standing.slow:
            return not any(map(self._is_slow, self._inside))
        return ledger not in self._inside or (standing is not None and standing.known)

    def entered(self, ledger: str) -> None:
        """A batch of the ledger is worked on."""
        self._inside[ledger] += 1

    def left(self, ledger: str, seconds: float | None) -> None:
        """One is no longer; it took so much of a processor's time, None: it was not begun."""
        self._inside[ledger] -= 1
        if not self._inside[ledger]:
            del self._inside[ledger]
        standing = self._kept.get(ledger)
        if standing is not None and seconds is not None:
            standing.known = True
            standing.slow = REMEMBERED if seconds >= SLOW_S else max(0, standing.slow - 1)

    def _is_slow(self, ledger: str) -> bool:
        standing = self._kept.get(ledger)
        return standing is not None and standing.slow > 0
