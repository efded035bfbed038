"""A circuit over columns becomes one over codes: comparisons are sets of codes, and sets of one column are one set.

What the rows say of a single column, however many conditions say it, is a set of that column's codes: comparisons,
their negations, whether a value is missing, and everything that logic makes of these. A set costs a comparison
with a bound at each of its ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segmentd.columns.coding import Layout, Ranges, Truths
from segmentd.plan.circuit import Circuit, Gate, GateId
from segmentd.plan.linear import Emission
from segmentd.plan.operations import Flag, Op
from segmentd.plan.parts import Part, Parts
from segmentd.plan.sources import AttributeColumn, CodeColumn, SlicedCodes, Table
from segmentd.plan.thresholds import EMPTY, KEPT_PLANES, Span, bounded, loaded_attribute

MAX_RUNS: Final = 12
"""Runs of codes that one set may have; with more, the parts that it is made of are cheaper."""

Set = int
"""A set of codes: bit `i` stands for code `i`."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The codes of tuples of values that all tabulated conditions answer alike: `sets` says which fulfil one.

    Of the conditions that were `asked`, those whose sets have many runs are none of it.
    """

    size: int
    sets: Mapping[tuple[Table, Flag], Set]
    asked: frozenset[tuple[Table, Flag]]


class CodedCircuit(Circuit):
    """A circuit that knows which of its planes are sets of codes of one column, and joins those."""

    def __init__(self) -> None:
        super().__init__()
        self._sets: dict[GateId, tuple[SlicedCodes, Set]] = {}
        self._planes: dict[tuple[SlicedCodes, Set], GateId] = {}

    def plane(self, codes: SlicedCodes, members: Set) -> GateId:
        """The rows whose code is in a set."""
        everything = (1 << codes.layout.size) - 1
        if members == 0:
            return self.zeros
        if members == everything:
            return self.ones
        known = self._planes.get((codes, members))
        if known is not None:
            return known
        if members & 1:
            plane = super().complement(self.plane(codes, everything ^ members))
        else:
            plane = self._join([self._run(codes, start, stop) for start, stop in runs(members)])
        self._planes[codes, members] = plane
        self._sets[plane] = (codes, members)
        return plane

    def both(self, left: GateId, right: GateId) -> GateId:
        """Rows in both planes."""
        joined = self._joined_sets(left, right, unite=False)
        return super().both(left, right) if joined is None else joined

    def either(self, left: GateId, right: GateId) -> GateId:
        """Rows in one of the planes."""
        joined = self._joined_sets(left, right, unite=True)
        return super().either(left, right) if joined is None else joined

    def complement(self, plane: GateId) -> GateId:
        """Rows that are not in the plane."""
        known = self._sets.get(plane)
        if known is None:
            return super().complement(plane)
        codes, members = known
        return self.plane(codes, ((1 << codes.layout.size) - 1) ^ members)

    def _joined_sets(self, left: GateId, right: GateId, *, unite: bool) -> GateId | None:
        first, second = self._sets.get(left), self._sets.get(right)
        if first is None or second is None or first[0] != second[0]:
            return None
        members = first[1] | second[1] if unite else first[1] & second[1]
        return self.plane(first[0], members) if run_count(members) <= MAX_RUNS else None

    def _run(self, codes: SlicedCodes, start: int, stop: int) -> GateId:
        """The codes from `start`, which is not 0, to before `stop`."""
        lowest = self._at_least(codes, start)
        if stop == codes.layout.size:
            return lowest
        return self.make(Op.AND_NOT, lowest, self._at_least(codes, stop))

    def _at_least(self, codes: SlicedCodes, bound: int) -> GateId:
        zeros = (bound & -bound).bit_length() - 1
        return self.make(Op.CODE_AT_LEAST, details=(codes, zeros, bound >> zeros))

    def _join(self, planes: Sequence[GateId]) -> GateId:
        result = planes[0]
        for plane in planes[1:]:
            result = self.make(Op.OR, min(result, plane), max(result, plane))
        return result


def runs(members: Set) -> Iterator[tuple[int, int]]:
    """The codes of a set as ranges, each by its first code and the one after its last, ascending."""
    start = 0
    while members:
        skipped = (members & -members).bit_length() - 1
        members >>= skipped
        length = (~members & (members + 1)).bit_length() - 1
        start += skipped
        yield start, start + length
        members >>= length
        start += length


def run_count(members: Set) -> int:
    """How many ranges a set has."""
    return (members & ~(members << 1)).bit_count()


def recode(
    circuit: Circuit,
    emissions: Sequence[Emission],
    layouts: Mapping[Hashable, Layout],
    complete: frozenset[str],
) -> tuple[Circuit, list[Emission]]:
    """The circuit that answers the same from codes where it can; `complete` attributes have a value in every row."""
    return _Recoding(circuit, layouts, complete).run(emissions)


class _Recoding:
    """Makes each gate that an output needs anew."""

    def __init__(self, circuit: Circuit, layouts: Mapping[Hashable, Layout], complete: frozenset[str]) -> None:
        self._old = circuit
        self._new = CodedCircuit()
        self._parts = Parts(circuit)
        self._codes = {key: SlicedCodes(key, _attributes(key), layout) for key, layout in layouts.items()}
        self._kept = {key for key in layouts if isinstance(key, Part)}
        self._complete = complete
        self._made: dict[GateId, GateId] = {}

    def run(self, emissions: Sequence[Emission]) -> tuple[Circuit, list[Emission]]:
        """The new circuit and what it emits. Operands have lower numbers than their gates."""
        for number in sorted(self._reached(emissions)):
            self._made[number] = self._make(self._old.gates[number])
        return self._new, [Emission(each.op, each.number, self._emitted(each)) for each in emissions]

    def _emitted(self, emission: Emission) -> tuple[GateId | None, ...]:
        """The gates anew. A segment that turns out to be unknown for nobody has no such plane."""
        made = tuple(None if gate is None else self._made[gate] for gate in emission.gates)
        if emission.op is Op.EMIT_SEGMENT and made[1] == self._new.zeros:
            return (made[0], None)
        return made

    def _reached(self, emissions: Sequence[Emission]) -> set[GateId]:
        stack = [gate for emission in emissions for gate in emission.gates if gate is not None]
        reached: set[GateId] = set()
        while stack:
            gate = stack.pop()
            if gate not in reached:
                reached.add(gate)
                stack.extend(self._old.gates[gate].operands)
        return reached

    def _make(self, gate: Gate) -> GateId:  # noqa: C901  (a case a kind of gate)
        new = self._new
        operands = [self._made[operand] for operand in gate.operands]
        if gate.op in KEPT_PLANES and (kept := self._kept_plane(gate)) is not None:
            return kept
        match gate.op:
            case Op.ZEROS:
                return new.zeros
            case Op.ONES:
                return new.ones
            case Op.AND:
                return new.both(*operands)
            case Op.OR:
                return new.either(*operands)
            case Op.AND_NOT:
                return new.without(*operands)
            case Op.NOT:
                return new.complement(*operands)
            case Op.VALIDITY:
                return self._validity(gate)
            case Op.COMPARE_INT | Op.COMPARE_DOUBLE:
                return self._comparison(gate, operands)
            case Op.LOOKUP_BIT:
                return self._lookup(gate)
            case _:
                return new.make(gate.op, *operands, details=gate.details)

    def _validity(self, gate: Gate) -> GateId:
        source = gate.details[0]
        if isinstance(source, AttributeColumn):
            if source.attribute in self._complete:
                return self._new.ones
            codes = self._codes.get((source.attribute,))
            if codes is not None and isinstance(codes.layout, Ranges):
                missing = int(codes.layout.has_missing)
                return self._new.plane(codes, ((1 << codes.layout.size) - 1) ^ missing)
        return self._new.make(gate.op, details=gate.details)

    def _comparison(self, gate: Gate, operands: Sequence[GateId]) -> GateId:
        comparison = bounded(gate)
        if comparison is not None:
            if comparison.span is EMPTY:
                return self._new.zeros
            codes = self._codes_of(comparison.value)
            if codes is not None and isinstance(codes.layout, Ranges):
                members = codes_between(codes.layout, comparison.span)
                if members is not None:
                    return self._new.plane(codes, members)
        return self._new.make(gate.op, *operands, details=gate.details)

    def _codes_of(self, value: GateId) -> SlicedCodes | None:
        attribute = loaded_attribute(self._old, value)
        if attribute is not None:
            return self._codes.get((attribute,))
        part = self._parts.of(value) if self._kept else None
        return None if part is None else self._codes.get(part)

    def _lookup(self, gate: Gate) -> GateId:
        column, table, flag = gate.details
        if isinstance(column, CodeColumn) and isinstance(table, Table) and isinstance(flag, Flag):
            codes = self._codes.get(column.attributes)
            if codes is not None and isinstance(codes.layout, Classes):
                members = codes.layout.sets.get((table, flag))
                if members is not None:
                    return self._new.plane(codes, members)
        kept = self._kept_plane(gate)
        return self._new.make(gate.op, details=gate.details) if kept is None else kept

    def _kept_plane(self, gate: Gate) -> GateId | None:
        """The plane as it was kept, if it was."""
        if not self._kept:
            return None
        part = self._parts.of(self._old.add(gate))
        codes = None if part is None else self._codes.get(part)
        if codes is None or not isinstance(codes.layout, Truths):
            return None
        return self._new.zeros if codes.layout.is_empty else self._new.plane(codes, 0b10)


def _attributes(key: Hashable) -> tuple[str, ...]:
    match key:
        case Part():
            return tuple(sorted(key.attributes))
        case tuple():
            return key
        case _:
            raise TypeError(f"{key!r} is no key of codes")


def codes_between(layout: Ranges, span: Span) -> Set | None:
    """The codes of the values in a span, or None where the layout lacks one of its cuts."""
    start = layout.first_range if span.start is None else layout.find(span.start)
    stop = layout.size if span.stop is None else layout.find(span.stop)
    if start is None or stop is None:
        return None
    return (1 << stop) - (1 << start)
