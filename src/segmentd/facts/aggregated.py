"""Residents with the aggregated attributes that a program reads, computed when first asked for, and kept up to date."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.incremental import AggregateState
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.plan import Program
from segmentd.schema import Subject

Cancelled = Callable[[], bool]
Wanted = Mapping[Subject, Mapping[str, CompiledAggregate]]

KEPT: Final = 8
"""Moments of which columns are kept, and followed from version to version: dashboards ask of a few again and again."""


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


class Aggregations:
    """The aggregated attributes of every ledger's residents. Threads may share it; one computes, others wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._followed: OrderedDict[tuple[object, ...], Followed] = OrderedDict()
        self._computing = threading.Lock()

    def complete(self, batch: Batch, asked: Asked, wanted: Wanted, cancelled: Cancelled | None = None) -> Batch:
        """The residents' batch with the wanted columns, and its items with theirs; the same object while it can be.

        Raises EvaluationCancelledError and DistinctLimitError.
        """
        of_items = asked.of_items()
        wanted_of_items = wanted.get(of_items.standpoint.subject)
        with self._computing:
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
        with self._computing:
            found = [followed for key, followed in self._followed.items() if key[0] == ledger_id]
            return tuple(pair for each in found for pair in each.named_states())

    def _complete(
        self, batch: Batch, asked: Asked, wanted: Mapping[str, CompiledAggregate] | None, cancelled: Cancelled | None
    ) -> Batch:
        if not wanted:
            return batch
        followed = self._find(asked)
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

    def _find(self, asked: Asked) -> Followed:
        standpoint = asked.standpoint
        moment = None if asked.moving else standpoint.now_us
        key = asked.ledger_id, standpoint.subject, standpoint.zone, moment
        followed = self._followed.setdefault(key, Followed())
        self._followed.move_to_end(key)
        while len(self._followed) > KEPT:
            self._followed.popitem(last=False)
        return followed
