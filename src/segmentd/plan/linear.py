"""Circuit → instructions: gates in the order of the outputs that need them, each in a register until its last use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from segmentd.plan.circuit import Circuit, Gate, GateId
from segmentd.plan.operations import FALLIBLE, Op, Register
from segmentd.plan.sources import (
    AttributeColumn,
    CodeColumn,
    ColumnSource,
    Constants,
    Parameter,
    SlicedCodes,
    Table,
    TableSource,
    Uniform,
    ZoneTable,
)

NO_PLANE = -1


@dataclass(frozen=True, slots=True)
class Instruction:
    """An operation, its destination register (or output), its operands, and the plane of its failed rows or -1.

    Operands by operation are described in `kernels/opcodes.py`; predicates, flags and calendar fields stand as text.
    """

    op: Op
    destination: int
    operands: tuple[int | str, ...]
    failed: int = -1


@dataclass(frozen=True, slots=True)
class Emission:
    """An output: its operation, its number, and the gates it writes (None: nothing)."""

    op: Op
    number: int
    gates: tuple[GateId | None, ...]


@dataclass(slots=True)
class Line:
    """The instructions so far, and what they read."""

    columns: dict[ColumnSource, int] = field(default_factory=dict)
    parameters: dict[Parameter, int] = field(default_factory=dict)
    tables: dict[TableSource, int] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    registers: dict[Register, int] = field(default_factory=lambda: dict.fromkeys(Register, 0))


def linearize(circuit: Circuit, emissions: Sequence[Emission]) -> Line:
    """The instructions that compute and emit what is asked, in one pass over registers that are used again."""
    steps = _schedule(circuit, emissions)
    return _Allocation(circuit, _last_uses(circuit, steps)).run(steps)


Step = GateId | Emission


def _schedule(circuit: Circuit, emissions: Iterable[Emission]) -> list[Step]:
    """Gates after their operands, right before the first output that needs them."""
    steps: list[Step] = []
    placed: set[GateId] = set()
    for emission in emissions:
        for gate in emission.gates:
            if gate is not None:
                _place(circuit, gate, placed, steps)
        steps.append(emission)
    return steps


def _place(circuit: Circuit, root: GateId, placed: set[GateId], steps: list[Step]) -> None:
    stack = [(root, False)]
    while stack:
        gate, ready = stack.pop()
        if gate in placed:
            continue
        if ready:
            placed.add(gate)
            steps.append(gate)
            continue
        stack.append((gate, True))
        stack.extend((operand, False) for operand in reversed(_needed(circuit, gate)) if operand not in placed)


def _needed(circuit: Circuit, gate: GateId) -> tuple[GateId, ...]:
    """The operands that must be in registers: a comparison with a bound reads a column where it lies."""
    here = circuit.gates[gate]
    if _reads_column(circuit, here):
        return ()
    return here.operands


def _reads_column(circuit: Circuit, gate: Gate) -> bool:
    if gate.op not in (Op.COMPARE_INT, Op.COMPARE_DOUBLE):
        return False
    return circuit.gates[gate.operands[0]].op in (Op.LOAD_INT, Op.LOAD_DOUBLE)


def _last_uses(circuit: Circuit, steps: Sequence[Step]) -> dict[GateId, int]:
    last: dict[GateId, int] = {}
    for index, step in enumerate(steps):
        used = step.gates if isinstance(step, Emission) else (step, *_needed(circuit, step))
        last.update((gate, index) for gate in used if gate is not None)
    return last


class _Allocation:
    """Gives every gate a register and frees it after its last use."""

    def __init__(self, circuit: Circuit, last_uses: dict[GateId, int]) -> None:
        self.circuit = circuit
        self.line = Line()
        self._last_uses = last_uses
        self._places: dict[GateId, int] = {}
        self._failed: dict[GateId, int] = {}
        self._watched = {circuit.gates[gate].operands[0] for gate in last_uses if circuit.gates[gate].op is Op.FAILED}
        self._free: dict[Register, list[int]] = {register: [] for register in Register}

    def run(self, steps: Sequence[Step]) -> Line:
        """One instruction a step; `failed` gates are the second result of the operation before them."""
        for index, step in enumerate(steps):
            if isinstance(step, Emission):
                planes = tuple(NO_PLANE if gate is None else self._places[gate] for gate in step.gates)
                self.line.instructions.append(Instruction(step.op, step.number, planes))
                self._release((gate for gate in step.gates if gate is not None), index)
            else:
                self._emit_gate(step, index)
        return self.line

    def _emit_gate(self, number: GateId, index: int) -> None:
        gate = self.circuit.gates[number]
        needed = _needed(self.circuit, number)
        if gate.op is Op.FAILED:
            self._places[number] = self._failed.pop(gate.operands[0])
            self._release(needed, index)
            return
        operands = self._operands(gate)
        failed = self._take(Register.PLANE) if gate.op in FALLIBLE else NO_PLANE
        self._places[number] = destination = self._take(gate.register)
        if failed != NO_PLANE:
            self._keep_failed(number, failed)
        self.line.instructions.append(Instruction(gate.op, destination, operands, failed))
        self._release((*needed, number), index)

    def _keep_failed(self, number: GateId, failed: int) -> None:
        if number in self._watched:
            self._failed[number] = failed
        else:
            self._free[Register.PLANE].append(failed)

    def _operands(self, gate: Gate) -> tuple[int | str, ...]:
        operands: list[int | str] = []
        details = list(gate.details)
        if gate.details and isinstance(gate.details[0], str) and gate.op.value.startswith("compare"):
            operands.append(str(details.pop(0)))  # the predicate comes first
        if _reads_column(self.circuit, gate):
            load = self.circuit.gates[gate.operands[0]]
            operands.append(~self._column(load.details[0]))
        else:
            operands.extend(self._places[operand] for operand in gate.operands)
        operands.extend(self._detail(detail) for detail in details)
        return tuple(operands)

    def _detail(self, detail: object) -> int | str:
        if isinstance(detail, AttributeColumn | CodeColumn | SlicedCodes):
            return self._column(detail)
        if isinstance(detail, int):
            return detail
        if isinstance(detail, Constants | Uniform):
            return self.line.parameters.setdefault(detail, len(self.line.parameters))
        if isinstance(detail, Table | ZoneTable):
            return self.line.tables.setdefault(detail, len(self.line.tables))
        return str(detail)

    def _column(self, source: object) -> int:
        if not isinstance(source, AttributeColumn | CodeColumn | SlicedCodes):
            raise TypeError(f"{source!r} is no column")
        return self.line.columns.setdefault(source, len(self.line.columns))

    def _take(self, register: Register) -> int:
        if self._free[register]:
            return self._free[register].pop()
        self.line.registers[register] += 1
        return self.line.registers[register] - 1

    def _release(self, gates: Iterable[GateId], index: int) -> None:
        for gate in set(gates):
            if self._last_uses.get(gate) == index:
                self._free[self.circuit.gates[gate].register].append(self._places[gate])
