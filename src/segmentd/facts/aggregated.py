"""Residents with the aggregated attributes that a program reads, computed when they are first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from segmentd.columns.column import Batch, Column
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.views import BookView
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.plan import Program
from segmentd.schema import Subject

Cancelled = Callable[[], bool]
Wanted = Mapping[Subject, Mapping[str, CompiledAggregate]]

KEPT: Final = 8
"""Moments and versions of a ledger's subject whose columns are kept: dashboards ask of a few again and again."""


def wanted_aggregates(program: Program, subject: Subject, vocabulary: Vocabulary) -> Wanted:
    """The aggregated attributes that a program over a subject reads, of itself and of its items, by subject and id."""
    reads: dict[Subject, set[str]] = {subject: set(program.attributes)}
    for part in program.items:
        reads[subject].update(part.reads)
        reads.setdefault(part.subject, set()).update(part.program.attributes)
    known = {each: vocabulary.terms[each].aggregated for each in reads}
    return {each: {id_: known[each][id_] for id_ in sorted(ids & known[each].keys())} for each, ids in reads.items()}


@dataclass(slots=True, eq=False)
class Computed:
    """The columns of one version at one moment, beside the definitions that they follow."""

    definitions: dict[str, CompiledAggregate] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    completed: tuple[Batch, Batch] | None = None
    """A batch, and the same with the columns."""


class Aggregations:
    """The aggregated attributes of every ledger's residents. Threads may share it; one computes, others wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: OrderedDict[tuple[object, ...], Computed] = OrderedDict()
        self._computing = threading.Lock()

    def complete(
        self, batch: Batch, standpoint: Standpoint, wanted: Wanted, cancelled: Cancelled | None = None
    ) -> Batch:
        """The residents' batch with the wanted columns, and its items with theirs; the same object while it can be.

        Raises EvaluationCancelledError and DistinctLimitError.
        """
        with self._computing:
            items = {
                name: replace(of, batch=self._with_columns(of.batch, at, wanted[at.subject], cancelled))
                for name, of in batch.items.items()
                if wanted.get((at := replace(standpoint, subject=_other(standpoint.subject))).subject)
            }
            completed = self._with_columns(batch, standpoint, wanted.get(standpoint.subject, {}), cancelled)
        return replace(completed, items={**completed.items, **items}) if items else completed

    def _with_columns(
        self, batch: Batch, standpoint: Standpoint, wanted: Mapping[str, CompiledAggregate], cancelled: Cancelled | None
    ) -> Batch:
        if not wanted:
            return batch
        computed = self._find(standpoint.view, standpoint)
        lacking = {id_: each for id_, each in wanted.items() if computed.definitions.get(id_) != each}
        if lacking:
            found = compute_all(self._engine, tuple(lacking.values()), standpoint, cancelled=cancelled)
            computed.definitions.update(lacking)
            computed.columns.update(zip(lacking, found, strict=True))
            computed.completed = None
        if computed.completed is None or computed.completed[0] is not batch:
            computed.completed = batch, replace(batch, columns={**batch.columns, **computed.columns})
        return computed.completed[1]

    def _find(self, view: BookView, standpoint: Standpoint) -> Computed:
        key = view, standpoint.subject, standpoint.now_us, standpoint.zone
        computed = self._kept.setdefault(key, Computed())
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return computed


def _other(subject: Subject) -> Subject:
    return Subject.ACCOUNT if subject is Subject.CUSTOMER else Subject.CUSTOMER
