"""What a function of an aggregate works on: facts, which of them are in the window and count, what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.column import FixedColumn
from segmentd.columns.planes import Plane
from segmentd.engine.facts.aggregates_ranges import ALL_ROWS, Integers, Ranges
from segmentd.facts.aggregates.columns import fixed_column
from segmentd.facts.aggregates.filters import Verdict
from segmentd.facts.aggregates.gathering import Gathered
from segmentd.facts.aggregates.measures import AMOUNT, BALANCE_AFTER, Measure, both, either, measure_of
from segmentd.facts.aggregates.owners import Accounts
from segmentd.facts.aggregates.standpoint import KIND, Standpoint
from segmentd.facts.aggregates.windows import Bounds, bounds_of
from segmentd.ledger.aggregates import Aggregate, Function, Source
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import DataType

Truths = npt.NDArray[np.bool_]

BALANCES: Final = (Function.AVERAGE_DAILY_BALANCE, Function.MONTHS_BELOW)
"""Functions of balances at the ends of days."""
_RANKED = (Function.MIN, Function.MAX, Function.MEDIAN, Function.PERCENTILE, Function.RECURRING)


@dataclass(frozen=True, eq=False)
class Whole:
    """An aggregate, the facts of its owners, and the verdict of its filter, None where all count."""

    aggregate: CompiledAggregate
    standpoint: Standpoint
    gathered: Gathered
    accounts: Accounts
    verdict: Verdict | None

    @property
    def definition(self) -> Aggregate:
        """What is asked."""
        return self.aggregate.definition

    @property
    def bounds(self) -> Bounds:
        """The window."""
        return bounds_of(self.definition.window.span, self.standpoint.now_us, self.standpoint.zone)

    @property
    def type(self) -> DataType:
        """The type of the values."""
        return self.aggregate.type

    @cached_property
    def measure(self) -> Measure | None:
        """What is aggregated of the facts; None where they are counted, or their times looked at."""
        name = self.definition.measure
        if self.definition.function in BALANCES:
            name = BALANCE_AFTER if self.definition.source is Source.TRANSACTIONS else AMOUNT
        if not name:
            return None
        return measure_of(self.gathered.items.batch, KIND[self.definition.source], name, self.aggregate.measured)

    @property
    def measured(self) -> Measure:
        """What is aggregated of the facts, of a function that aggregates something."""
        if self.measure is None:
            raise TypeError(f"{self.definition.function} measures nothing")
        return self.measure

    @cached_property
    def kept(self) -> Plane:
        """The rows that count; empty where all do."""
        true = None if self.verdict is None else self.verdict.true
        kept = both(true, None if self.measure is None else self.measure.present)
        return ALL_ROWS if kept is None else kept

    @cached_property
    def poison(self) -> Plane:
        """The rows that make the value unknown, where they are in the window; empty where none does.

        They are those for which the filter is unknown, and those for which it is true and the measure unknown: an
        amount without a rate, and NaN where values are put in order.
        """
        unknown = None
        if self.measure is not None:
            unknown = self.measure.unknown
            if self.definition.function in _RANKED:
                unknown = either(unknown, self.measure.not_numbers())
        if self.verdict is not None:
            unknown = self.verdict.unknown if unknown is None else self.verdict.unknown | (unknown & self.verdict.true)
        return ALL_ROWS if unknown is None else unknown

    def enough(self, counts: Integers, least: int) -> Truths:
        """For which owners there are as many facts as the function and the definition ask for."""
        return counts >= max(least, self.definition.min_count)

    def column(self, values: npt.NDArray[np.generic], known: Truths) -> tuple[FixedColumn, Truths]:
        """A function's result."""
        return fixed_column(self.type, values, known), known


@dataclass(frozen=True, eq=False)
class Scope(Whole):
    """The same with the facts in the aggregate's window."""

    ranges: Ranges
