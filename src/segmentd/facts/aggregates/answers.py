"""Aggregated attributes of all subjects, or of some, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentd.columns.column import Column
from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_ranges import Integers
from segmentd.engine.text.tabulation import Cancelled
from segmentd.facts.aggregates.columns import replace_rows
from segmentd.facts.aggregates.computing import Computed, compute_one
from segmentd.facts.aggregates.gathering import Gathering
from segmentd.facts.aggregates.standpoint import KIND, Standpoint
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Slots
from segmentd.ledger.aggregates import Source
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Subject


def compute(
    engine: Engine,
    aggregate: CompiledAggregate,
    standpoint: Standpoint,
    slots: Slots | None = None,
    *,
    cancelled: Cancelled | None = None,
) -> Column:
    """The values of one aggregate, as `compute_all` gives those of several."""
    return compute_all(engine, (aggregate,), standpoint, slots, cancelled=cancelled)[0]


def compute_all(
    engine: Engine,
    aggregates: Sequence[CompiledAggregate],
    standpoint: Standpoint,
    slots: Slots | None = None,
    *,
    cancelled: Cancelled | None = None,
) -> list[Column]:
    """The values of aggregates, a column each: of all subjects by row of the view's entities, or of those in `slots`.

    A value that is unknown is missing. Results do not depend on the number of threads. Facts, filters and accounts
    are looked up once for all. Raises EvaluationCancelledError, DistinctLimitError.
    """
    work = Work(engine, tuple(aggregates), standpoint, cancelled)
    return [each.column for each in (work.all() if slots is None else work.some(slots))]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Aggregates to be computed. `moments`: whether it is wanted from when on each value may be another."""

    engine: Engine
    aggregates: tuple[CompiledAggregate, ...]
    standpoint: Standpoint
    cancelled: Cancelled | None = None
    moments: bool = False

    def some(self, slots: Slots) -> list[Computed]:
        """The values of the subjects in some slots, in their order, from facts that are gathered."""
        return self._compute(slots, everybody=False)

    def all(self) -> list[Computed]:
        """The values of all subjects: from sorted facts, and again from gathered ones where these are newer."""
        slots = self.standpoint.slots
        found = self._compute(slots, everybody=True)
        by_source = {source: touched_rows(self.standpoint, source) for source in self._sources}
        rows = np.unique(np.concatenate([np.zeros(0, np.int64), *by_source.values()]))
        if not len(rows):
            return found
        again = self.some(slots[rows])
        return [replace_computed(old, rows, new) for old, new in zip(found, again, strict=True)]

    @property
    def _sources(self) -> set[Source]:
        return {each.definition.source for each in self.aggregates}

    def _compute(self, slots: Slots, *, everybody: bool) -> list[Computed]:
        gathering = Gathering(self.engine, self.standpoint, slots, everybody=everybody, cancelled=self.cancelled)
        gathering.prepare(self.aggregates)
        return [compute_one(gathering, each, moments=self.moments) for each in self.aggregates]


def touched_rows(standpoint: Standpoint, source: Source) -> Integers:
    """The rows of the subjects whose facts of a source are not right in the view's sorted ones."""
    if source is Source.ACCOUNTS:
        return np.zeros(0, np.int64)
    view, kind = standpoint.view, KIND[source]
    touched = view.touched(kind)
    if source is Source.ENGAGEMENTS or standpoint.subject is Subject.ACCOUNT:
        owners = touched
    else:
        owners = holders(standpoint, touched)
    row_of = view.entities(RecordKind(standpoint.subject.value)).row_of
    rows = row_of[owners[owners < len(row_of)]].astype(np.int64)
    return rows[rows >= 0]


def holders(standpoint: Standpoint, accounts: Slots) -> Slots:
    """The slots of the customers who hold one of the accounts, ascending."""
    holdings = standpoint.view.holdings()
    size = int(max(holdings.accounts.max(initial=-1), accounts.max(initial=-1))) + 1
    is_asked = np.zeros(size, np.bool_)
    is_asked[accounts] = True
    places = np.flatnonzero(is_asked[holdings.accounts])
    return np.unique(np.searchsorted(holdings.offsets, places, side="right") - 1).astype(np.int32)


def replace_computed(computed: Computed, rows: Integers, new: Computed) -> Computed:
    """What was computed, with some rows computed anew."""
    moments = computed.moments
    if moments is not None and new.moments is not None:
        moments = moments.copy()
        moments[rows] = new.moments
    return Computed(replace_rows(computed.column, rows, new.column), moments)
