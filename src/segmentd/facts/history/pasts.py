"""Books as of past moments: what files and memory know of the past, put in the place of what records say now."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from segmentd.facts.book.past import REMEMBERED
from segmentd.facts.book.past_values import gone_of, past_values
from segmentd.facts.book.view import View
from segmentd.facts.history.errors import HistoryNotKeptError
from segmentd.facts.history.firsts import Firsts
from segmentd.facts.history.view import AsOf, Records, records_of
from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import PastValues
from segmentd.facts.views import BookView
from segmentd.moments import microseconds

ATTEMPTS: Final = 3
"""Files are looked for so often, as newer checkpoints may take the place of the one they are of."""

KEPT: Final = 8
"""Moments, of all ledgers, of which the records are kept: dashboards ask of few, again."""


class Archive(Protocol):
    """The files of what was replaced before the last checkpoint."""

    def kept_from_us(self, ledger_id: str) -> int:
        """The first moment as of which all of it is kept."""

    def last_us(self, ledger_id: str) -> int:
        """When the last of what files have was replaced; 0 where there are none."""

    def read_history(self, ledger_id: str, after_us: int) -> Iterator[PastValues]:
        """What files have that was replaced after a moment, the earlier first. Raises as `Pasts.at`."""


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What records were made of, and what they were; None: what they are. `then`: the view `now` with them."""

    made_of: tuple[object, ...]
    records: Records | None
    now: View
    then: BookView

    def moved_to(self, now: View) -> _Taken:
        """The same records with a later version's facts."""
        return _Taken(self.made_of, self.records, now, now if self.records is None else AsOf(now, self.records))

    def is_of(self, made_of: tuple[object, ...]) -> bool:
        """Whether it is made of these very objects."""
        return all(one is other for one, other in zip(self.made_of, made_of, strict=True))


class Pasts:
    """Gives books as of past moments. Threads may share it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._kept: OrderedDict[tuple[str, int], _Taken] = OrderedDict()
        self._keeping = threading.Lock()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        """Who makes records of a ledger, while others wait: those that ask of the same moment need not make them."""

    def at(self, view: BookView, moment_us: int) -> BookView:
        """The view as of a moment: the very same one where nothing was replaced after it, or where no ledger was.

        What records were before somebody could tell the ledger, it does not know: what they are now counts, so that
        a bank that loads its books step by step, and corrects them, can ask as of last year.

        Raises HistoryNotKeptError, StoreFailedError and FactsDamagedError.
        """
        if not isinstance(view, View) or moment_us < microseconds(view.ledger.create_time):
            return view
        kept_from_us = self._archive.kept_from_us(view.ledger_id)
        if moment_us < kept_from_us:
            raise HistoryNotKeptError(view.ledger_id, kept_from_us)
        if moment_us >= view.past.last_us and moment_us >= self._archive.last_us(view.ledger_id):
            return view
        with self._keeping:
            turn = self._turns[view.ledger_id]
        with turn:
            return self._at(view, moment_us)

    def _at(self, view: View, moment_us: int) -> BookView:
        made_of = (*(view.tables[kind] for kind in (*REMEMBERED, RecordKind.RATE)), view.past.logs, view.past.gone)
        key = view.ledger_id, moment_us
        with self._keeping:
            taken = self._kept.get(key)
            if taken is not None:
                self._kept.move_to_end(key)
        if taken is not None and taken.now is view:
            return taken.then
        same = taken is not None and taken.is_of(made_of)
        records = taken.records if taken is not None and same else records_of(view, self._past_values(view, moment_us))
        taken = _Taken(made_of, records, view, view if records is None else AsOf(view, records))
        self._keep(key, taken)
        return taken.then

    def _keep(self, key: tuple[str, int], taken: _Taken) -> None:
        """Keep what was made; what was made of an earlier version of the same ledger would only take memory.

        Other moments of which the records are the same see the facts of the later version, so that none holds old ones.
        """
        with self._keeping:
            of_ledger = [kept for other, kept in self._kept.items() if other[0] == key[0]]
            if any(kept.now.version > taken.now.version for kept in of_ledger):
                return  # of a call that began before a write
            for other, kept in list(self._kept.items()):
                if other[0] == key[0] and not kept.is_of(taken.made_of):
                    del self._kept[other]
                elif other[0] == key[0] and kept.now.version < taken.now.version:
                    self._kept[other] = kept.moved_to(taken.now)
            self._kept[key] = taken
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def _past_values(self, view: View, moment_us: int) -> tuple[PastValues, ...]:
        """What was replaced first after a moment. A checkpoint that is made meanwhile takes the files away."""
        for _ in range(ATTEMPTS - 1):
            with suppress(FactsDamagedError):
                return self._read(view, moment_us)
        return self._read(view, moment_us)

    def _read(self, view: View, moment_us: int) -> tuple[PastValues, ...]:
        """Files may know more by now than when the view was made, also what memory knew then."""
        found, gone = Firsts(view), gone_of(view)
        for values in self._archive.read_history(view.ledger_id, moment_us):
            found.add(values.up_to(view.past.since_us).without(gone))
        for values in past_values(view, moment_us):
            found.add(values)
        return found.values()
