"""Books as of past moments: what files and memory know of the past, put in the place of what records say now."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from segmentd.facts.book.past import REMEMBERED
from segmentd.facts.book.past_values import gone_of, past_values
from segmentd.facts.book.view import View
from segmentd.facts.history.errors import HistoryNotKeptError
from segmentd.facts.history.model import PastValues, joined
from segmentd.facts.history.view import AsOf, Records, records_of
from segmentd.facts.views import BookView, Entities, Holdings

KEPT: Final = 8
"""Moments, of all ledgers, of which the records are kept: dashboards ask of few, again."""


class Archive(Protocol):
    """The files of what was replaced before the last checkpoint."""

    def kept_from_us(self, ledger_id: str) -> int:
        """The first moment as of which all of it is kept."""

    def last_us(self, ledger_id: str) -> int:
        """When the last of what files have was replaced; 0 where there are none."""

    def read_history(self, ledger_id: str, after_us: int) -> tuple[PastValues, ...]:
        """What files have that was replaced after a moment, the earlier first. Raises StoreFailedError."""


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What records were made of, and what they are; None: as they are now."""

    made_of: tuple[Entities | Holdings | object, ...]
    records: Records | None


class Pasts:
    """Gives books as of past moments. Threads may share it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._kept: OrderedDict[tuple[str, int], _Taken] = OrderedDict()
        self._keeping = threading.Lock()

    def at(self, view: BookView, moment_us: int) -> BookView:
        """The view as of a moment: the very same one where nothing was replaced after that.

        Raises HistoryNotKeptError, StoreFailedError and FactsDamagedError.
        """
        if not isinstance(view, View):
            return view
        kept_from_us = self._archive.kept_from_us(view.ledger_id)
        if moment_us < kept_from_us:
            raise HistoryNotKeptError(view.ledger_id, kept_from_us)
        if moment_us >= view.past.last_us and moment_us >= self._archive.last_us(view.ledger_id):
            return view
        records = self._records(view, moment_us)
        return view if records is None else AsOf(view, records)

    def _records(self, view: View, moment_us: int) -> Records | None:
        made_of = (*(view.entities(kind) for kind in REMEMBERED), view.holdings(), view.past.logs, view.past.gone)
        key = view.ledger_id, moment_us
        with self._keeping:
            taken = self._kept.get(key)
        if taken is None or any(one is not other for one, other in zip(taken.made_of, made_of, strict=True)):
            taken = _Taken(made_of, records_of(view, self._past_values(view, moment_us)))
            with self._keeping:
                self._kept[key] = taken
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
        return taken.records

    def _past_values(self, view: View, moment_us: int) -> tuple[PastValues, ...]:
        """What was replaced after a moment, a part a field. Files may know more by now than when the view was made."""
        filed, gone = self._archive.read_history(view.ledger_id, moment_us), gone_of(view)
        earlier = (each.up_to(view.past.since_us).without(gone) for each in filed)
        return joined((*earlier, *past_values(view, moment_us)))
