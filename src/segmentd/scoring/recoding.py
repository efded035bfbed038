"""Codes of resident columns, made in the background for what is asked, so that no answer waits for them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from segmentd.columns.column import Batch
from segmentd.engine import Engine
from segmentd.engine.binding import prepare
from segmentd.engine.codes.coder import Coder
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.plan import Program
from segmentd.schema import Subject
from segmentd.scoring.coded_residents import CodedResidents, wanted_distinctions, without_wide_codes
from segmentd.scoring.model import Plan

REST: Final = 4.0
"""After codes were made, none are made for so many times as long, MAX_REST_S at most: questions that change all the
time get a fifth of a core, and more only where codes take longer than 15 s to make."""

MAX_REST_S: Final = 60.0

SETTLE_S: Final = 0.1
"""Codes are begun so long after they are missed: the answer that missed them has both cores until then."""

Key = tuple[str, Subject]


@dataclass(frozen=True, slots=True)
class Recoded:
    """Codes were made of so many columns of a ledger's residents, in `seconds`. `bytes`: of all its codes now.

    What is computed from columns and kept counts as a column.
    """

    ledger: str
    columns: int
    bytes: int
    seconds: float


class Recoder:
    """Keeps codes beside the residents of ledgers. Threads may share it; close it.

    `when_coded` hears of codes that were made, `when_failed` of a ledger whose codes could not be made and why; both
    are called on the recoder's thread. Codes take their bits a row and column, and twice that while they are made anew.
    """

    def __init__(
        self, engine: Engine, when_coded: Callable[[Recoded], None], when_failed: Callable[[str, Exception], None]
    ) -> None:
        self._engine = engine
        self._when_coded = when_coded
        self._when_failed = when_failed
        self._residents: dict[Key, CodedResidents] = {}
        self._due: dict[Key, None] = {}
        self._changed = threading.Condition()
        self._closed = False
        # Of no lower priority: a thread that is put off while it holds the interpreter puts off all others.
        self._thread = threading.Thread(target=self._work, name="segmentd-recoder", daemon=True)
        self._thread.start()

    def coded(self, plan: Plan, batch: Batch) -> Batch:
        """The residents with the codes that there are now; what the plan's program would have beside them is noted.

        A call keeps the batch that it was given, whatever becomes current meanwhile.
        """
        key = plan.question.ledger, plan.question.subject
        with self._changed:
            residents = self._residents.get(key)
            if residents is None:
                residents = self._residents[key] = CodedResidents(batch, batch)
            if residents.note(plan, batch):
                self._due[key] = None
                self._changed.notify()
            return residents.choose(plan.program, batch)

    @property
    def is_closed(self) -> bool:
        """Whether no more codes are made."""
        return self._closed

    def close(self) -> None:
        """Drop what is not made yet, and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while (key := self._next()) is not None:
            begun = time.monotonic()
            try:
                self._recode(key)
            except EvaluationCancelledError:
                return
            except Exception as error:  # noqa: BLE001  (whatever it is, answers are right without codes)
                self._tell(partial(self._when_failed, key[0], error))
            self._rest(min(REST * (time.monotonic() - begun), MAX_REST_S))

    def _next(self) -> Key | None:
        """The ledger that has waited longest; None once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._due)
            self._changed.wait_for(lambda: self._closed, SETTLE_S)
            if self._closed:
                return None
            key = next(iter(self._due))
            del self._due[key]
            return key

    def _rest(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _recode(self, key: Key) -> None:
        """Make what is wanted, plan the programs for it, and only then let others have it."""
        begun = time.monotonic()
        residents = self._residents[key]
        with self._changed:
            given, coded, programs = residents.given, residents.coded, tuple(reversed(residents.recent.values()))
        wanted = wanted_distinctions(programs, given)
        kept = without_wide_codes(coded, wanted)
        made = self._make(self._engine.coder(kept, wanted, cancelled=lambda: self._closed), programs)
        if made is None:
            return
        with self._changed:
            if residents.given is not given:
                return
            residents.coded, residents.prepared = made, frozenset(programs)
        new = [coding for name, coding in made.codings.items() if coded.codings.get(name) is not coding]
        if new:
            size = sum(coding.nbytes for coding in made.codings.values())
            self._tell(partial(self._when_coded, Recoded(key[0], len(new), size, time.monotonic() - begun)))

    def _tell(self, listener: Callable[[], None]) -> None:
        """A listener that fails must not end the thread."""
        try:
            listener()
        except Exception:
            logging.getLogger(__name__).exception("a listener of the recoder failed")

    def _make(self, coder: Coder, programs: Sequence[Program]) -> Batch | None:
        """The batch with its codes, for which the programs are planned; None if it was closed before that."""
        for task in coder.tasks:
            if self._closed:
                return None
            task()
        made = coder.coded()
        for program in programs:
            if self._closed:
                return None
            prepare(program, made)
        return made
