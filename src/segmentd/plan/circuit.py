"""The circuit: operations of all asked segments as a graph in which equal parts are one gate.

Gates are made through methods that simplify, so that what is built is small and canonical: a condition that two
segments share is one gate, and a row that cannot be unknown costs nothing. Negations are pulled up, towards the
outputs, where they meet and vanish.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from segmentd.plan.operations import Op, Register, register_of

GateId = int


@dataclass(frozen=True, slots=True)
class Gate:
    """An operation, its operand gates, and what else it needs (a column, a parameter, a predicate)."""

    op: Op
    operands: tuple[GateId, ...] = ()
    details: tuple[Hashable, ...] = ()

    @property
    def register(self) -> Register:
        """The register file of its result."""
        return register_of(self.op)


class Circuit:
    """Gates by number; equal gates have one number. `zeros` and `ones` are planes of every circuit."""

    def __init__(self) -> None:
        self.gates: list[Gate] = []
        # By their parts, which are hashed faster than gates: most gates that are asked for are there already.
        self._numbers: dict[tuple[Op, tuple[GateId, ...], tuple[Hashable, ...]], GateId] = {}
        self.zeros = self.make(Op.ZEROS)
        self.ones = self.make(Op.ONES)

    def make(self, op: Op, *operands: GateId, details: tuple[Hashable, ...] = ()) -> GateId:
        """The number of the gate of this operation, a new one if no equal gate is there."""
        key = op, operands, details
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.gates)
            self.gates.append(Gate(op, operands, details))
        return number

    def add(self, gate: Gate) -> GateId:
        """The number of an equal gate here."""
        return self.make(gate.op, *gate.operands, details=gate.details)

    def complement(self, plane: GateId) -> GateId:
        """Rows that are not in the plane."""
        if plane == self.zeros:
            return self.ones
        if plane == self.ones:
            return self.zeros
        gate = self.gates[plane]
        return gate.operands[0] if gate.op is Op.NOT else self.make(Op.NOT, plane)

    def both(self, left: GateId, right: GateId) -> GateId:
        """Rows in both planes."""
        if self.zeros in (left, right):
            return self.zeros
        if left in (self.ones, right):
            return right
        if right == self.ones:
            return left
        one, other = self.gates[left], self.gates[right]
        if _negates(one, right) or _negates(other, left):
            return self.zeros
        if other.op is Op.NOT:
            return self._difference(left, other.operands[0])
        if one.op is Op.NOT:
            return self._difference(right, one.operands[0])
        return self.make(Op.AND, min(left, right), max(left, right))

    def either(self, left: GateId, right: GateId) -> GateId:
        """Rows in one of the planes."""
        if self.ones in (left, right):
            return self.ones
        if left in (self.zeros, right):
            return right
        if right == self.zeros:
            return left
        one, other = self.gates[left], self.gates[right]
        if _negates(one, right) or _negates(other, left):
            return self.ones
        if one.op is Op.NOT:
            return self.complement(self.without(one.operands[0], right))
        if other.op is Op.NOT:
            return self.complement(self.without(other.operands[0], left))
        whole = self._joined(left, right)
        if whole is None:
            whole = self._joined(right, left)
        return self.make(Op.OR, min(left, right), max(left, right)) if whole is None else whole

    def all_of(self, *planes: GateId) -> GateId:
        """Rows in every plane."""
        result = self.ones
        for plane in planes:
            result = self.both(result, plane)
        return result

    def any_of(self, *planes: GateId) -> GateId:
        """Rows in some plane."""
        result = self.zeros
        for plane in planes:
            result = self.either(result, plane)
        return result

    def without(self, plane: GateId, removed: GateId) -> GateId:
        """Rows in the first plane and not in the second."""
        return self.both(plane, self.complement(removed))

    def _difference(self, plane: GateId, removed: GateId) -> GateId:
        gate, other = self.gates[plane], self.gates[removed]
        if gate.op is Op.NOT:
            return self.complement(self.either(gate.operands[0], removed))
        if other.op is Op.AND_NOT and other.operands[0] == plane:
            return self.both(plane, other.operands[1])
        if other.op is Op.AND and plane in other.operands:
            return self._difference(plane, other.operands[other.operands[0] == plane])
        return self.make(Op.AND_NOT, plane, removed)

    def _joined(self, kept: GateId, other: GateId) -> GateId | None:
        """`kept | other` where the second adds to the first in a simpler way, or nothing.

        `(a & b) | (a & ~b)` is `a`: the true and the false rows of a comparison are those that have a value.
        """
        first, second = self.gates[kept], self.gates[other]
        if second.op is Op.AND and kept in second.operands:
            return kept
        if second.op is not Op.AND_NOT:
            return None
        plane, removed = second.operands
        if removed == kept:
            return self.either(kept, plane)
        if plane == kept:
            return kept
        return plane if first.op is Op.AND and set(first.operands) == {plane, removed} else None


def _negates(gate: Gate, other: GateId) -> bool:
    return gate.op is Op.NOT and gate.operands[0] == other
