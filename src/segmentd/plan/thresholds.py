"""Thresholds: the bounds that a circuit compares columns with, as cuts between the values that it tells apart.

A cut is a value that others are at least or not: `x > 5` of integers has the cut 6, `x == 5` the cuts 5 and 6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, TypeVar

from segmentd.plan.circuit import Circuit, Gate, GateId
from segmentd.plan.operations import Flag, Op, Predicate
from segmentd.plan.parts import Part, Parts
from segmentd.plan.sources import AttributeColumn, CodeColumn, Constants, Table
from segmentd.schema import Schema

INT64_MAX: Final = 2**63 - 1

_COMPARISONS: Final = frozenset({Op.COMPARE_INT, Op.COMPARE_DOUBLE})
_LOADS: Final = frozenset({Op.LOAD_INT, Op.LOAD_DOUBLE})

KEPT_PLANES: Final = frozenset({Op.COMPARE_INTS, Op.COMPARE_DOUBLES, Op.FAILED})
"""Planes that take longer to compute than to read: comparisons of values with each other, and where values fail."""

Key = TypeVar("Key")
Item = TypeVar("Item")


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
class Bounded:
    """A comparison with constants: which values of the operand fulfil it."""

    value: GateId
    span: Span


def bounded(gate: Gate) -> Bounded | None:
    """The comparison as a span of values, if it is one with a constant."""
    if gate.op not in _COMPARISONS:
        return None
    predicate, bound = gate.details
    if not isinstance(bound, Constants) or not isinstance(predicate, Predicate):
        return None
    value = bound.values[0]
    is_double = gate.op is Op.COMPARE_DOUBLE
    return Bounded(gate.operands[0], _double_span(predicate, value) if is_double else _int_span(predicate, int(value)))


def loaded_attribute(circuit: Circuit, gate: GateId) -> str | None:
    """The attribute whose column a gate loads, if that is what it does."""
    load = circuit.gates[gate]
    source = load.details[0] if load.op in _LOADS else None
    return source.attribute if isinstance(source, AttributeColumn) else None


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
    """What programs tell apart.

    For each column and each computed value the cuts, for attributes the flags of what is tabulated over them, and
    planes that take time to compute. `schema`: of a program that asks; those of others differ in nothing that matters.
    """

    cuts: Mapping[str, frozenset[int | float]] = field(default_factory=dict)
    tables: Mapping[tuple[str, ...], frozenset[tuple[Table, Flag]]] = field(default_factory=dict)
    values: Mapping[Part, frozenset[int | float]] = field(default_factory=dict)
    planes: frozenset[Part] = frozenset()
    schema: Schema | None = None

    def joined(self, other: Distinctions) -> Distinctions:
        """What either tells apart."""
        return Distinctions(
            _joined(self.cuts, other.cuts),
            _joined(self.tables, other.tables),
            _joined(self.values, other.values),
            self.planes | other.planes,
            other.schema or self.schema,
        )

    def within(self, attributes: AbstractSet[str]) -> Distinctions:
        """Those of them that read no other attributes."""
        return Distinctions(
            {name: cuts for name, cuts in self.cuts.items() if name in attributes},
            {names: flags for names, flags in self.tables.items() if attributes >= set(names)},
            {part: cuts for part, cuts in self.values.items() if part.attributes <= attributes},
            frozenset(part for part in self.planes if part.attributes <= attributes),
            self.schema,
        )


def _joined(left: Mapping[Key, frozenset[Item]], right: Mapping[Key, frozenset[Item]]) -> Mapping[Key, frozenset[Item]]:
    return {**left, **{key: left.get(key, frozenset()) | items for key, items in right.items()}}


def distinctions(circuit: Circuit, schema: Schema) -> Distinctions:
    """What a circuit tells apart with constants, and what of it is worth keeping."""
    return _Search(circuit).run(schema)


class _Search:
    """Looks at every gate."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._parts = Parts(circuit)
        self._cuts: dict[str, set[int | float]] = {}
        self._tables: dict[tuple[str, ...], set[tuple[Table, Flag]]] = {}
        self._values: dict[Part, set[int | float]] = {}
        self._planes: set[Part] = set()

    def run(self, schema: Schema) -> Distinctions:
        """What the circuit tells apart."""
        for number, gate in enumerate(self._circuit.gates):
            if gate.op is Op.LOOKUP_BIT:
                self._add_lookup(gate)
            elif gate.op in KEPT_PLANES:
                self._add_plane(number)
            elif (comparison := bounded(gate)) is not None and comparison.span is not EMPTY:
                self._add_cuts(comparison)
        return Distinctions(
            {name: frozenset(cuts) for name, cuts in self._cuts.items()},
            {names: frozenset(flags) for names, flags in self._tables.items()},
            {part: frozenset(cuts) for part, cuts in self._values.items()},
            frozenset(self._planes),
            schema,
        )

    def _add_lookup(self, gate: Gate) -> None:
        column, table, flag = gate.details
        if isinstance(column, CodeColumn) and isinstance(table, Table) and isinstance(flag, Flag):
            self._tables.setdefault(column.attributes, set()).add((table, flag))

    def _add_plane(self, gate: GateId) -> None:
        part = self._parts.of(gate)
        if part is not None and part.can_be_kept:
            self._planes.add(part)

    def _add_cuts(self, comparison: Bounded) -> None:
        attribute = loaded_attribute(self._circuit, comparison.value)
        if attribute is not None:
            self._cuts.setdefault(attribute, set()).update(comparison.span.cuts)
            return
        part = self._parts.of(comparison.value)
        if part is not None and part.can_be_kept:
            self._values.setdefault(part, set()).update(comparison.span.cuts)
