"""Residents with the aggregated attributes that a program reads, computed when first asked for, and kept up to date."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.incremental import AggregateState
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.plan import Program
from segmentd.schema import Subject

Cancelled = Callable[[], bool]
Wanted = Mapping[Subject, Mapping[str, CompiledAggregate]]

KEPT: Final = 8
"""Moments of a ledger whose columns are kept and followed from version to version: dashboards ask of few, again."""

ASKED_EVERY_S: Final = 0.05
"""Whoever waits for what another call computes looks so often whether anybody still waits for it."""


def wanted_aggregates(program: Program, subject: Subject, vocabulary: Vocabulary) -> Wanted:
    """The aggregated attributes that a program over a subject reads, of itself and of its items, by subject and id."""
    reads: dict[Subject, set[str]] = {subject: set(program.attributes)}
    for part in program.items:
        reads[subject].update(part.reads)
        reads.setdefault(part.subject, set()).update(part.program.attributes)
    known = {each: vocabulary.terms[each].aggregated for each in reads}
    return {each: {id_: known[each][id_] for id_ in sorted(ids & known[each].keys())} for each, ids in reads.items()}


@dataclass(slots=True, eq=False)
class Followed:
    """The aggregates of a ledger's subject at one moment, or at the moment of asking, as of the last version asked.

    `states` were begun one after the other, as more was asked for; `columns` are theirs by id.
    """

    states: list[AggregateState] = field(default_factory=list)
    definitions: dict[str, CompiledAggregate] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    completed: tuple[Batch, Batch] | None = None
    """A batch, and the same with the columns."""

    def named_states(self) -> Iterator[tuple[AggregateState, Mapping[str, CompiledAggregate]]]:
        """The states, each with its aggregates by id."""
        named = iter(self.definitions.items())
        for state in self.states:
            yield state, dict(islice(named, len(state.aggregates)))


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose aggregates are asked for, from which standpoint. `moving`: as of the moment of asking, whatever it is."""

    ledger_id: str
    standpoint: Standpoint
    moving: bool

    def of_items(self) -> Asked:
        """The same of what macros go over."""
        subject = Subject.ACCOUNT if self.standpoint.subject is Subject.CUSTOMER else Subject.CUSTOMER
        return replace(self, standpoint=replace(self.standpoint, subject=subject))


@dataclass(slots=True, eq=False)
class _Ledger:
    """What is followed of a ledger, that which was asked last at the end. One thread computes, others wait."""

    followed: OrderedDict[tuple[object, ...], Followed] = field(default_factory=OrderedDict)
    computing: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def turn(self, cancelled: Cancelled | None) -> Iterator[None]:
        """Wait for one's turn. Raises EvaluationCancelledError."""
        while not self.computing.acquire(timeout=ASKED_EVERY_S):
            if cancelled is not None and cancelled():
                raise EvaluationCancelledError
        try:
            yield
        finally:
            self.computing.release()

    def find(self, asked: Asked) -> Followed:
        """What is followed of a subject and moment, begun if need be."""
        standpoint = asked.standpoint
        key = standpoint.subject, standpoint.zone, None if asked.moving else standpoint.now_us
        followed = self.followed.setdefault(key, Followed())
        self.followed.move_to_end(key)
        while len(self.followed) > KEPT:
            self.followed.popitem(last=False)
        return followed


class Aggregations:
    """The aggregated attributes of every ledger's residents. Threads may share it; of a ledger one computes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ledgers: dict[str, _Ledger] = {}
        self._finding = threading.Lock()

    def complete(self, batch: Batch, asked: Asked, wanted: Wanted, cancelled: Cancelled | None = None) -> Batch:
        """The residents' batch with the wanted columns, and its items with theirs; the same object while it can be.

        Raises EvaluationCancelledError and DistinctLimitError.
        """
        of_items = asked.of_items()
        wanted_of_items = wanted.get(of_items.standpoint.subject)
        with self._ledger(asked.ledger_id).turn(cancelled):
            completed = self._complete(batch, asked, wanted.get(asked.standpoint.subject), cancelled)
            if not wanted_of_items:
                return completed
            items = {
                name: replace(of, batch=self._complete(of.batch, of_items, wanted_of_items, cancelled))
                for name, of in batch.items.items()
            }
        return replace(completed, items=items)

    def followed(self, ledger_id: str) -> tuple[tuple[AggregateState, Mapping[str, CompiledAggregate]], ...]:
        """What is held of a ledger: states, each with its aggregates by id."""
        ledger = self._ledger(ledger_id)
        with ledger.turn(None):
            return tuple(pair for each in ledger.followed.values() for pair in each.named_states())

    def _ledger(self, ledger_id: str) -> _Ledger:
        with self._finding:
            return self._ledgers.setdefault(ledger_id, _Ledger())

    def _complete(
        self, batch: Batch, asked: Asked, wanted: Mapping[str, CompiledAggregate] | None, cancelled: Cancelled | None
    ) -> Batch:
        if not wanted:
            return batch
        followed = self._ledger(asked.ledger_id).find(asked)
        if followed.states and followed.states[0].standpoint.view.version > asked.standpoint.view.version:
            # A call that began before a write: what is followed has gone on.
            found = compute_all(self._engine, tuple(wanted.values()), asked.standpoint, cancelled=cancelled)
            return replace(batch, columns={**batch.columns, **dict(zip(wanted, found, strict=True))})
        self._follow(followed, asked.standpoint, wanted, cancelled)
        if followed.completed is None or followed.completed[0] is not batch:
            followed.completed = batch, replace(batch, columns={**followed.columns, **batch.columns})
        return followed.completed[1]

    def _follow(
        self,
        followed: Followed,
        standpoint: Standpoint,
        wanted: Mapping[str, CompiledAggregate],
        cancelled: Cancelled | None,
    ) -> None:
        """Bring what is followed to the standpoint, and begin to follow what is wanted and not yet followed."""
        if any(followed.definitions.get(id_, each) != each for id_, each in wanted.items()):
            self._drop(followed)
        states = [state.advance(standpoint.view, standpoint.now_us, cancelled=cancelled) for state in followed.states]
        lacking = {id_: each for id_, each in wanted.items() if id_ not in followed.definitions}
        if lacking:
            begun = AggregateState.start(self._engine, tuple(lacking.values()), standpoint, cancelled=cancelled)
            states.append(begun)
            followed.definitions.update(lacking)
        columns = dict(zip(followed.definitions, (each for state in states for each in state.columns), strict=True))
        if any(followed.columns.get(id_) is not column for id_, column in columns.items()):
            followed.columns, followed.completed = columns, None
        followed.states = states

    def _drop(self, followed: Followed) -> None:
        followed.states, followed.definitions, followed.columns, followed.completed = [], {}, {}, None
