"""The circuit's simplifications change no answer, and leave nothing that can be left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from segmentd.plan.circuit import Circuit, GateId
from segmentd.plan.operations import Op

ALL: Final = 0xFFFF
VARIABLES: Final = (0xAAAA, 0xCCCC, 0xF0F0, 0xFF00)
"""Four planes of 16 rows that between them have every combination of truth values."""

Formula = int | tuple[str, "Formula"] | tuple[str, "Formula", "Formula"]

FORMULAS: Final = st.recursive(
    st.integers(0, len(VARIABLES) + 1),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner), st.tuples(st.sampled_from(["and", "or", "without"]), inner, inner)
    ),
    max_leaves=24,
)


def truth(formula: Formula) -> int:
    """The formula's rows, by the definition of the operations."""
    match formula:
        case int():
            return (0, ALL, *VARIABLES)[formula]
        case ("not", inner):
            return ALL & ~truth(inner)
        case (name, left, right):
            first, second = truth(left), truth(right)
            return {"and": first & second, "or": first | second, "without": first & ~second}[name]
    raise AssertionError(formula)


def build(circuit: Circuit, formula: Formula) -> GateId:
    """The formula as a gate of the circuit."""
    match formula:
        case int():
            if formula < 2:
                return (circuit.zeros, circuit.ones)[formula]
            return circuit.make(Op.VALIDITY, details=(formula - 2,))
        case ("not", inner):
            return circuit.complement(build(circuit, inner))
        case (name, left, right):
            make: Callable[[GateId, GateId], GateId] = {
                "and": circuit.both,
                "or": circuit.either,
                "without": circuit.without,
            }[name]
            return make(build(circuit, left), build(circuit, right))
    raise AssertionError(formula)


def evaluate(circuit: Circuit, number: GateId) -> int:
    """The gate's rows, by the definition of its operation."""
    gate = circuit.gates[number]
    operands = [evaluate(circuit, operand) for operand in gate.operands]
    match gate.op:
        case Op.ZEROS:
            return 0
        case Op.ONES:
            return ALL
        case Op.VALIDITY:
            index = gate.details[0]
            assert isinstance(index, int)
            return VARIABLES[index]
        case Op.NOT:
            return ALL & ~operands[0]
        case Op.AND:
            return operands[0] & operands[1]
        case Op.OR:
            return operands[0] | operands[1]
        case _:
            return operands[0] & ~operands[1]


@given(FORMULAS)
def test_simplification_keeps_every_answer(formula: Formula) -> None:
    """Any formula of and, or, not and without has the rows of its definition, on all combinations of four planes."""
    circuit = Circuit()
    assert evaluate(circuit, build(circuit, formula)) == truth(formula)


@given(FORMULAS)
def test_true_and_false_rows_of_a_decided_formula_join_to_all(formula: Formula) -> None:
    """A plane or its complement is every row, and both is none, without computing anything."""
    circuit = Circuit()
    plane = build(circuit, formula)
    assert circuit.either(plane, circuit.complement(plane)) == circuit.ones
    assert circuit.both(plane, circuit.complement(plane)) == circuit.zeros
