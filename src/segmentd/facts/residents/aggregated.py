"""Residents with the aggregated attributes that a program reads, computed when first asked for, and kept up to date."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint
from segmentd.facts.aggregates.incremental import AggregateState
from segmentd.facts.residents.following import Followed
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.plan import Program
from segmentd.schema import Subject

Cancelled = Callable[[], bool]
Wanted = Mapping[Subject, Mapping[str, CompiledAggregate]]

KEPT: Final = 8
"""Moments of a ledger whose columns are kept and followed from version to version: dashboards ask of few, again."""

KEPT_BYTES: Final = 1 << 29
"""512 MiB of their columns; the moment that was asked last is kept however large its are."""

Key = tuple[object, ...]


def wanted_aggregates(program: Program, subject: Subject, vocabulary: Vocabulary) -> Wanted:
    """The aggregated attributes that a program over a subject reads, of itself and of its items, by subject and id."""
    reads: dict[Subject, set[str]] = {subject: set(program.attributes)}
    for part in program.items:
        reads[subject].update(part.reads)
        reads.setdefault(part.subject, set()).update(part.program.attributes)
    known = {each: vocabulary.terms[each].aggregated for each in reads}
    return {each: {id_: known[each][id_] for id_ in sorted(ids & known[each].keys())} for each, ids in reads.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose aggregates are asked for, from which standpoint. `moving`: as of the moment of asking, whatever it is."""

    ledger_id: str
    standpoint: Standpoint
    moving: bool

    @property
    def key(self) -> Key:
        """Equal where the same is followed."""
        standpoint = self.standpoint
        return standpoint.subject, standpoint.zone, None if self.moving else standpoint.now_us

    def of_items(self) -> Asked:
        """The same of what macros go over."""
        subject = Subject.ACCOUNT if self.standpoint.subject is Subject.CUSTOMER else Subject.CUSTOMER
        return replace(self, standpoint=replace(self.standpoint, subject=subject))


@dataclass(frozen=True, slots=True, eq=False)
class _Completed:
    """A batch of residents of a version, and the same with columns."""

    version: int
    batch: Batch
    columns: Mapping[str, Column]
    completed: Batch

    def is_of(self, batch: Batch, columns: Mapping[str, Column]) -> bool:
        """Whether it is what these make."""
        same = self.batch is batch and self.columns.keys() == columns.keys()
        return same and all(self.columns[id_] is column for id_, column in columns.items())


class _Ledger:
    """What is followed of a ledger, that which was asked last at the end. Threads may share it."""

    def __init__(self) -> None:
        self._followed: OrderedDict[Key, Followed] = OrderedDict()
        self._completed: dict[Key, _Completed] = {}
        self._changing = threading.Lock()

    def find(self, asked: Asked) -> Followed:
        """What is followed of a subject and moment, begun if need be; others that are too much are forgotten."""
        with self._changing:
            followed = self._followed.setdefault(asked.key, Followed())
            self._followed.move_to_end(asked.key)
            while len(self._followed) > 1 and self._is_too_much():
                forgotten, _ = self._followed.popitem(last=False)
                self._completed.pop(forgotten, None)
            return followed

    def completed(self, batch: Batch, asked: Asked, columns: Mapping[str, Column]) -> Batch:
        """The batch with columns, the same object while it can be. Those of earlier versions are forgotten."""
        with self._changing:
            last = self._completed.get(asked.key)
            if last is not None and last.is_of(batch, columns):
                return last.completed
            made = replace(batch, columns={**columns, **batch.columns})
            version = asked.standpoint.view.version
            self._completed = {key: each for key, each in self._completed.items() if each.version >= version}
            self._completed[asked.key] = _Completed(version, batch, columns, made)
            return made

    def states(self) -> tuple[tuple[AggregateState, Mapping[str, CompiledAggregate], bool], ...]:
        """What is held, each with its aggregates by id, and whether it is as of the moment of asking."""
        with self._changing:
            followed = tuple(self._followed.items())
        return tuple((*pair, key[-1] is None) for key, each in followed for pair in each.named_states())

    def _is_too_much(self) -> bool:
        return len(self._followed) > KEPT or sum(each.nbytes for each in self._followed.values()) > KEPT_BYTES


class Aggregations:
    """The aggregated attributes of every ledger's residents. Threads may share it.

    Callers wait for each other where they ask of the same, which is then computed once.
    """

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
        completed = self._complete(batch, asked, wanted.get(asked.standpoint.subject), cancelled)
        if not wanted_of_items:
            return completed
        items = {
            name: replace(of, batch=self._complete(of.batch, of_items, wanted_of_items, cancelled))
            for name, of in batch.items.items()
        }
        return replace(completed, items=items)

    def followed(self, ledger_id: str) -> tuple[tuple[AggregateState, Mapping[str, CompiledAggregate], bool], ...]:
        """What is held of a ledger: states, without facts, each with its aggregates by id, and whether it moves."""
        return self._ledger(ledger_id).states()

    def _ledger(self, ledger_id: str) -> _Ledger:
        with self._finding:
            return self._ledgers.setdefault(ledger_id, _Ledger())

    def _complete(
        self, batch: Batch, asked: Asked, wanted: Mapping[str, CompiledAggregate] | None, cancelled: Cancelled | None
    ) -> Batch:
        if not wanted:
            return batch
        ledger = self._ledger(asked.ledger_id)
        columns, is_held = ledger.find(asked).columns(self._engine, asked.standpoint, wanted, cancelled)
        if not is_held:
            # Of a call that began before a write: what is followed has gone on, and so do others.
            return replace(batch, columns={**columns, **batch.columns})
        return ledger.completed(batch, asked, columns)
