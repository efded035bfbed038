"""Programs that compute parts of others, for what is kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from segmentd.plan.linear import Emission, linearize
from segmentd.plan.operations import Op, Register, register_of
from segmentd.plan.parts import Part, rebuild
from segmentd.plan.program import Origin, Program
from segmentd.schema import Schema

_EMISSIONS: Final = {Register.PLANE: Op.EMIT_PLANE, Register.INT: Op.EMIT_INT, Register.DOUBLE: Op.EMIT_DOUBLE}


def program_of_parts(parts: Sequence[Part], schema: Schema) -> Program:
    """The program whose outputs are the values of these parts, in this order. What they read is not checked."""
    circuit, gates = rebuild(parts)
    outputs = tuple(_EMISSIONS[register_of(part.op)] for part in parts)
    emissions = tuple(
        Emission(operation, number, (gate,))
        for number, (operation, gate) in enumerate(zip(outputs, gates, strict=True))
    )
    line = linearize(circuit, emissions)
    return Program(
        schema=schema,
        segments=(),
        computed=(),
        attributes={},
        columns=tuple(line.columns),
        parameters=tuple(line.parameters),
        tables=tuple(line.tables),
        instructions=tuple(line.instructions),
        registers=line.registers,
        outputs=outputs,
        origin=Origin(circuit, emissions),
    )
