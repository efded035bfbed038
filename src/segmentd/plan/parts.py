"""Parts of circuits by value: a gate with everything below it, equal wherever it occurs, so that results can be kept.

What reads columns alone has the same value for a row whoever asks: a sum that segments compare with bounds, rows in
which it overflows, a pattern that a text matches. What reads `now` has not.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

from segmentd.plan.circuit import Circuit, GateId
from segmentd.plan.operations import Op
from segmentd.plan.sources import AttributeColumn, CodeColumn, ItemsColumn, Uniform

MAX_GATES: Final = 64
"""Gates of a part that is kept: larger ones are rare, and would be made at length."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A gate, the parts that are its operands, and what else it needs.

    `attributes` are those that it reads; `gates` how many it has, those that occur twice counted twice; `is_stable`:
    its value depends on the row's columns alone.
    """

    op: Op
    operands: tuple[Part, ...]
    details: tuple[Hashable, ...]
    attributes: frozenset[str] = field(init=False)
    gates: int = field(init=False)
    is_stable: bool = field(init=False)
    _hash: int = field(init=False)

    def __post_init__(self) -> None:
        own = [name for detail in self.details for name in _attributes(detail)]
        below = [operand.attributes for operand in self.operands]
        stable = not any(isinstance(detail, Uniform | ItemsColumn) for detail in self.details)
        object.__setattr__(self, "attributes", frozenset(own).union(*below))
        object.__setattr__(self, "gates", 1 + sum(operand.gates for operand in self.operands))
        object.__setattr__(self, "is_stable", stable and all(operand.is_stable for operand in self.operands))
        object.__setattr__(self, "_hash", hash((self.op, self.operands, self.details)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Part)
            and self._hash == other._hash
            and (self.op, self.operands, self.details) == (other.op, other.operands, other.details)
        )

    @property
    def can_be_kept(self) -> bool:
        """Whether it is worth keeping, and stays true."""
        return self.is_stable and bool(self.attributes) and self.gates <= MAX_GATES


def _attributes(detail: Hashable) -> tuple[str, ...]:
    match detail:
        case AttributeColumn():
            return (detail.attribute,)
        case CodeColumn():
            return detail.attributes
        case _:
            return ()


class Parts:
    """The parts of a circuit's gates, each made once."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._known: dict[GateId, Part | None] = {}

    def of(self, gate: GateId) -> Part | None:
        """The gate's part; None for one of too many gates. Chains of segments may be long, so no recursion."""
        stack = [gate]
        while stack:
            missing = [operand for operand in self._circuit.gates[stack[-1]].operands if operand not in self._known]
            if missing:
                stack += missing
            else:
                top = stack.pop()
                self._known[top] = self._make(top)
        return self._known[gate]

    def _make(self, gate: GateId) -> Part | None:
        here = self._circuit.gates[gate]
        operands = [self._known[operand] for operand in here.operands]
        known = tuple(operand for operand in operands if operand is not None)
        if len(known) < len(operands) or sum(operand.gates for operand in known) >= MAX_GATES:
            return None
        return Part(here.op, known, here.details)


def rebuild(parts: Sequence[Part]) -> tuple[Circuit, list[GateId]]:
    """A circuit of these parts, and the gate of each."""
    circuit = Circuit()
    made: dict[Part, GateId] = {}

    def gate_of(part: Part) -> GateId:  # not deep: a part has at most MAX_GATES
        if part not in made:
            made[part] = circuit.make(part.op, *map(gate_of, part.operands), details=part.details)
        return made[part]

    return circuit, [gate_of(part) for part in parts]
