"""Aggregated attributes of all subjects, or of some, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmentd.columns.column import Column
from segmentd.engine import Engine
from segmentd.engine.facts.aggregates_ranges import Integers
from segmentd.engine.text.tabulation import Cancelled
from segmentd.facts.aggregates.columns import put_rows
from segmentd.facts.aggregates.computing import compute_one
from segmentd.facts.aggregates.gathering import Gathering
from segmentd.facts.aggregates.standpoint import KIND, Standpoint
from segmentd.facts.aggregates.together import sum_together
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
    return work.all() if slots is None else work.some(slots)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Aggregates to be computed from a standpoint."""

    engine: Engine
    aggregates: tuple[CompiledAggregate, ...]
    standpoint: Standpoint
    cancelled: Cancelled | None = None

    def gathering(self, slots: Slots | None) -> Gathering:
        """The facts of some subjects, or of all as they lie sorted."""
        everybody = slots is None
        whose = self.standpoint.slots if slots is None else slots
        return Gathering(self.engine, self.standpoint, whose, everybody=everybody, cancelled=self.cancelled)

    def of(self, gathering: Gathering) -> list[Column]:
        """The values of those whose facts were gathered."""
        together = sum_together(gathering, self.aggregates)
        alone = {number: each for number, each in enumerate(self.aggregates) if number not in together}
        gathering.prepare(tuple(alone.values()))
        found = together | {number: compute_one(gathering, each) for number, each in alone.items()}
        return [found[number] for number in range(len(self.aggregates))]

    def some(self, slots: Slots) -> list[Column]:
        """The values of the subjects in some slots, in their order, from facts that are gathered."""
        return self.of(self.gathering(slots))

    def all(self) -> list[Column]:
        """The values of all subjects: from sorted facts, and again from gathered ones where these are newer."""
        found = self.of(self.gathering(None))
        rows = self.touched
        if not len(rows):
            return found
        again = self.some(self.standpoint.slots[rows])
        return [put_rows(old, rows, new) for old, new in zip(found, again, strict=True)]

    @property
    def touched(self) -> Integers:
        """The rows of subjects for whom sorted facts are out of date, ascending."""
        sources = sorted({each.definition.source for each in self.aggregates})
        rows = [touched_rows(self.standpoint, source) for source in sources]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))


def touched_rows(standpoint: Standpoint, source: Source) -> Integers:
    """The rows of the subjects whose facts of a source are not right in the view's sorted ones."""
    if source is Source.ACCOUNTS:
        return np.zeros(0, np.int64)
    view, kind = standpoint.view, KIND[source]
    touched = view.touched(kind)
    if not len(touched):
        return np.zeros(0, np.int64)
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
