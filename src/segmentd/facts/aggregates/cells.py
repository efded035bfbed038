"""What a walk over facts has to sum and to count for aggregates, and what their values are then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import Column, FixedColumn
from segmentd.engine.facts.aggregates_cells import CellSums, Output, Spans, round_means
from segmentd.engine.facts.aggregates_ranges import Integers, Pairs
from segmentd.facts.aggregates.columns import known_only
from segmentd.facts.aggregates.computing import ranges_of
from segmentd.facts.aggregates.gathering import Gathering
from segmentd.facts.aggregates.scope import Truths
from segmentd.facts.aggregates.windows import Bounds
from segmentd.ledger.aggregates import Function
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Kind

Numbered = Mapping[int, CompiledAggregate]
"""Aggregates by their number in the call."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts, sums and means of the same facts and measure; `classes`, by number: those of the facts that count."""

    gathering: Gathering
    aggregates: Numbered
    classes: Mapping[int, tuple[int, ...]]

    @cached_property
    def spans(self) -> Spans:
        """Time, cut where a window begins or ends."""
        return Spans.cut([moment for each in self._bounds.values() for moment in (each.from_us, each.to_us)])

    @cached_property
    def direct(self) -> Mapping[int, Output]:
        """The counts and sums that are the values of an aggregate, by its number."""
        return {
            number: self._output(number, counted=each.definition.function is Function.COUNT)
            for number, each in self.aggregates.items()
            if each.definition.function is not Function.AVERAGE
        }

    @cached_property
    def further(self) -> tuple[Output, ...]:
        """Of means the sums; then the counts of these and of whatever is unknown of too few facts."""
        sums = [self._output(number, counted=False) for number in self._means]
        return *sums, *(self._output(number, counted=True) for number in self._counted)

    @cached_property
    def pairs(self) -> Pairs:
        """All facts of the owners, who are unknown as their accounts say."""
        return self.gathering.gathered(next(iter(self.aggregates.values()))).pairs

    @property
    def is_counting(self) -> bool:
        """Whether facts are counted, beside being summed."""
        return bool(self._counted) or any(each.counted for each in self.direct.values())

    def columns(self, found: CellSums) -> dict[int, Column]:
        """The values by number."""
        means = len(self._means)
        values = {**_rows(self.direct, found.direct), **_rows(self._means, self._averages(found.further))}
        counts = _rows(self._counted, found.further[means:])
        return {number: self._column(number, values[number], counts.get(number)) for number in self.aggregates}

    def _averages(self, further: Integers) -> npt.NDArray[Any]:
        """The means, in the order of `_means`, of sums and counts in the same order."""
        sums, counts = further[: len(self._means)], further[len(self._means) : 2 * len(self._means)]
        if self._is_money:
            return round_means(self.pairs, sums, counts)
        return sums / np.maximum(counts, 1)

    def _column(self, number: int, values: npt.NDArray[Any], counts: Integers | None) -> Column:
        aggregate, owners = self.aggregates[number], len(self.pairs)
        definition = aggregate.definition
        column: Column = FixedColumn(aggregate.type, values[:owners])
        if definition.function is Function.COUNT and definition.min_count:
            counts = values
        if counts is not None:
            least = max(definition.min_count, definition.function is Function.AVERAGE)
            column = known_only(column, counts[:owners] >= least)
        known = self._known(aggregate)
        return column if known is None else known_only(column, known)

    def _known(self, aggregate: CompiledAggregate) -> Truths | None:
        """The owners that are not unknown whatever their facts say, None where all are."""
        if not aggregate.definition.window.demand_coverage:
            return self._whole
        self.gathering.find_bounds((aggregate,))
        known: Truths = ranges_of(self.gathering, aggregate).unknown == 0
        return known

    @cached_property
    def _whole(self) -> Truths | None:
        """The owners of whom it is known which accounts count, None where all are."""
        return self.pairs.unknown == 0 if self.pairs.unknown.any() else None

    def _output(self, number: int, *, counted: bool) -> Output:
        bounds = self._bounds[number]
        start, stop = self.spans.first_from(bounds.from_us), self.spans.first_from(bounds.to_us)
        return Output(self.classes[number], start, stop, counted)

    @cached_property
    def _bounds(self) -> Mapping[int, Bounds]:
        return {number: self.gathering.bounds(each) for number, each in self.aggregates.items()}

    @cached_property
    def _means(self) -> tuple[int, ...]:
        return tuple(n for n, each in self.aggregates.items() if each.definition.function is Function.AVERAGE)

    @cached_property
    def _counted(self) -> tuple[int, ...]:
        """Those of whose facts the number tells whether they are known, and is not the value."""
        sums = (n for n, each in self.direct.items() if not each.counted)
        return *self._means, *(n for n in sums if self.aggregates[n].definition.min_count)

    @property
    def _is_money(self) -> bool:
        return any(self.aggregates[number].type.kind is Kind.DECIMAL for number in self._means)


def _rows(numbers: Iterable[int], rows: npt.NDArray[Any]) -> dict[int, npt.NDArray[Any]]:
    return dict(zip(numbers, rows, strict=False))
