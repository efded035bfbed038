"""Thresholds: the bounds that a circuit compares columns with, as cuts between the values that it tells apart.

A cut is a value that others are at least or not: `x > 5` of integers has the cut 6, `x == 5` the cuts 5 and 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from segmentd.plan.circuit import Circuit, Gate
from segmentd.plan.operations import Flag, Op, Predicate
from segmentd.plan.sources import AttributeColumn, CodeColumn, Constants, Table

INT64_MAX: Final = 2**63 - 1

_COMPARISONS: Final = frozenset({Op.COMPARE_INT, Op.COMPARE_DOUBLE})
_LOADS: Final = frozenset({Op.LOAD_INT, Op.LOAD_DOUBLE})


@dataclass(frozen=True, slots=True)
class Span:
    """The values from a cut to before another: None: from the lowest, to the highest and with it. NaN is in none."""

    start: int | float | None
    stop: int | float | None

    @property
    def cuts(self) -> tuple[int | float, ...]:
        """The cuts that tell its values from the others."""
        return tuple(cut for cut in (self.start, self.stop) if cut is not None)


EMPTY: Final = Span(math.inf, -math.inf)
"""No value at all."""


@dataclass(frozen=True, slots=True)
class BoundedColumn:
    """A comparison of a column with constants: which values fulfil it."""

    attribute: str
    span: Span


def bounded_column(circuit: Circuit, gate: Gate) -> BoundedColumn | None:
    """The comparison as a span of values, if it is one of a column with a constant."""
    if gate.op not in _COMPARISONS:
        return None
    load = circuit.gates[gate.operands[0]]
    predicate, bound = gate.details
    if load.op not in _LOADS or not isinstance(bound, Constants) or not isinstance(predicate, Predicate):
        return None
    source = load.details[0]
    if not isinstance(source, AttributeColumn):
        return None
    value = bound.values[0]
    return BoundedColumn(
        source.attribute,
        _double_span(predicate, value) if load.op is Op.LOAD_DOUBLE else _int_span(predicate, int(value)),
    )


def _int_span(predicate: Predicate, bound: int) -> Span:
    above = None if bound == INT64_MAX else bound + 1
    match predicate:
        case Predicate.AT_LEAST:
            return Span(bound, None)
        case Predicate.LESS:
            return Span(None, bound)
        case Predicate.GREATER:
            return EMPTY if above is None else Span(above, None)
        case Predicate.AT_MOST:
            return Span(None, above)
        case Predicate.EQUAL:
            return Span(bound, above)


def _double_span(predicate: Predicate, bound: float) -> Span:
    if math.isnan(bound):
        return EMPTY
    cut = bound + 0.0  # -0.0 and 0.0 are equal, so they are one cut
    above = None if bound == math.inf else math.nextafter(bound, math.inf) + 0.0
    match predicate:
        case Predicate.AT_LEAST:
            return Span(cut, None)
        case Predicate.LESS:
            return Span(None, cut)
        case Predicate.GREATER:
            return EMPTY if above is None else Span(above, None)
        case Predicate.AT_MOST:
            return Span(None, above)
        case Predicate.EQUAL:
            return Span(cut, above)


@dataclass(frozen=True, slots=True)
class Distinctions:
    """What circuits tell apart: the cuts of each column, and the flags of what is tabulated over some attributes."""

    cuts: Mapping[str, frozenset[int | float]] = field(default_factory=dict)
    tables: Mapping[tuple[str, ...], frozenset[tuple[Table, Flag]]] = field(default_factory=dict)

    def joined(self, other: Distinctions) -> Distinctions:
        """What both tell apart."""
        cuts = {name: self.cuts.get(name, frozenset()) | values for name, values in other.cuts.items()}
        tables = {name: self.tables.get(name, frozenset()) | pairs for name, pairs in other.tables.items()}
        return Distinctions({**self.cuts, **cuts}, {**self.tables, **tables})

    def covers(self, other: Distinctions) -> bool:
        """Whether they tell apart all that the others do."""
        return all(values <= self.cuts.get(name, frozenset()) for name, values in other.cuts.items()) and all(
            pairs <= self.tables.get(name, frozenset()) for name, pairs in other.tables.items()
        )


def distinctions(circuit: Circuit) -> Distinctions:
    """What a circuit tells apart with constants."""
    cuts: dict[str, set[int | float]] = {}
    tables: dict[tuple[str, ...], set[tuple[Table, Flag]]] = {}
    for gate in circuit.gates:
        bounded = bounded_column(circuit, gate)
        if bounded is not None and bounded.span is not EMPTY:
            cuts.setdefault(bounded.attribute, set()).update(bounded.span.cuts)
        elif gate.op is Op.LOOKUP_BIT:
            column, table, flag = gate.details
            if isinstance(column, CodeColumn) and isinstance(table, Table) and isinstance(flag, Flag):
                tables.setdefault(column.attributes, set()).add((table, flag))
    return Distinctions(
        {name: frozenset(values) for name, values in cuts.items()},
        {name: frozenset(pairs) for name, pairs in tables.items()},
    )
