"""How logic, equality, orderings and `in` are lowered."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segmentd.language.tree import Call, Constant, ListLiteral, Node
from segmentd.plan.circuit import Circuit, GateId
from segmentd.plan.lowered import Lowered, Quantity, Sort, Truth, sort_of
from segmentd.plan.lowering import Handler, Lowering
from segmentd.plan.operations import Op, Predicate
from segmentd.plan.sources import Constants, Uniform, double_constant, int_constants
from segmentd.schema import NULL

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EXACT_DOUBLES = 2.0**53
"""Integers up to here are doubles; larger ones may round to one, but never to one below."""

_MIRRORED = {
    Predicate.LESS: Predicate.GREATER,
    Predicate.AT_MOST: Predicate.AT_LEAST,
    Predicate.GREATER: Predicate.LESS,
    Predicate.AT_LEAST: Predicate.AT_MOST,
    Predicate.EQUAL: Predicate.EQUAL,
}


def conjunction(low: Lowering, call: Call) -> Lowered:
    """`a && b`: false where either is false, true where both are true, else unknown; null is unknown."""
    circuit = low.circuit
    planes = [low.truth(argument) for argument in call.arguments]
    return Truth(
        circuit.all_of(*(plane.true for plane in planes)),
        circuit.any_of(*(plane.false for plane in planes)),
        circuit.zeros,
    )


def disjunction(low: Lowering, call: Call) -> Lowered:
    """`a || b`: true where either is true, false where both are false, else unknown; null is unknown."""
    circuit = low.circuit
    planes = [low.truth(argument) for argument in call.arguments]
    return Truth(
        circuit.any_of(*(plane.true for plane in planes)),
        circuit.all_of(*(plane.false for plane in planes)),
        circuit.zeros,
    )


def negation(low: Lowering, call: Call) -> Lowered:
    """`!a`: true and false swapped; null is unknown."""
    truth = low.truth(call.arguments[0])
    return Truth(truth.false, truth.true, low.circuit.zeros)


def equality(low: Lowering, call: Call) -> Lowered:
    """`a == b`: a missing value is null, equal to null alone."""
    return _equal(low, call.arguments[0], call.arguments[1])


def inequality(low: Lowering, call: Call) -> Lowered:
    """`a != b`: the negation of `a == b`."""
    truth = _equal(low, call.arguments[0], call.arguments[1])
    return Truth(truth.false, truth.true, truth.null)


def _equal(low: Lowering, left: Node, right: Node) -> Truth:
    circuit = low.circuit
    typed = right if left.type == NULL else left
    one, other = _standing(low, left, typed), _standing(low, right, typed)
    both_null = circuit.both(one.null, other.null)
    same = circuit.all_of(one.present, other.present, _same_value(low, left, right))
    true = circuit.either(same, both_null)
    decided = circuit.both(circuit.either(one.present, one.null), circuit.either(other.present, other.null))
    return Truth(true, circuit.without(decided, true), circuit.zeros)


def _same_value(low: Lowering, left: Node, right: Node) -> GateId:
    if NULL in (left.type, right.type):
        return low.circuit.zeros
    if sort_of(left.type) is not Sort.TRUTH:
        return compare(low, Predicate.EQUAL, left, right)
    one, other = low.truth(left), low.truth(right)
    return low.circuit.either(low.circuit.both(one.true, other.true), low.circuit.both(one.false, other.false))


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a value of any sort is present, and where it is null."""

    present: GateId
    null: GateId


def _standing(low: Lowering, node: Node, typed: Node) -> _Standing:
    if sort_of(typed.type) is Sort.TRUTH and typed.type != NULL:
        truth = low.truth(node)
        return _Standing(low.circuit.either(truth.true, truth.false), truth.null)
    quantity = low.quantity(node, sort_of(typed.type))
    return _Standing(quantity.present, quantity.null)


def membership(low: Lowering, call: Call) -> Lowered:
    """`a in [b, c]`: whether `a` equals an element; unknown where `a` or any element is, as CEL builds the list."""
    value, elements = call.arguments
    if not isinstance(elements, ListLiteral | Constant):
        raise TypeError("only text has lists of other forms")
    circuit = low.circuit
    equal = [_equal(low, value, element) for element in _elements(elements, value)]
    decided = circuit.all_of(*(_decided(low, part, value) for part in (value, *_elements(elements, value))))
    true = circuit.both(decided, circuit.any_of(*(truth.true for truth in equal)))
    return Truth(true, circuit.without(decided, true), circuit.zeros)


def _elements(elements: ListLiteral | Constant, value: Node) -> tuple[Node, ...]:
    if isinstance(elements, ListLiteral):
        return elements.elements
    items = elements.value if isinstance(elements.value, tuple) else ()
    return tuple(Constant(item, value.type) for item in items)


def _decided(low: Lowering, node: Node, typed: Node) -> GateId:
    standing = _standing(low, node, typed)
    return low.circuit.either(standing.present, standing.null)


def ordering(predicate: Predicate) -> Handler:
    """`a < b` and its like: unknown where a value is missing; false comes before true."""

    def lower(low: Lowering, call: Call) -> Lowered:
        left, right = call.arguments
        circuit = low.circuit
        if sort_of(left.type) is Sort.TRUTH:
            return _truth_order(circuit, predicate, low.truth(left), low.truth(right))
        present = circuit.both(low.presence(left), low.presence(right))
        fulfilled = compare(low, predicate, left, right)
        return Truth(circuit.both(present, fulfilled), circuit.without(present, fulfilled), circuit.zeros)

    return lower


def _truth_order(circuit: Circuit, predicate: Predicate, left: Truth, right: Truth) -> Truth:
    if predicate in (Predicate.GREATER, Predicate.AT_LEAST):
        return _truth_order(circuit, _MIRRORED[predicate], right, left)
    present = circuit.both(circuit.either(left.true, left.false), circuit.either(right.true, right.false))
    below = circuit.both(left.false, right.true)
    if predicate is Predicate.AT_MOST:
        below = circuit.without(present, circuit.both(left.true, right.false))
    return Truth(below, circuit.without(present, below), circuit.zeros)


def compare(low: Lowering, predicate: Predicate, left: Node, right: Node) -> GateId:
    """The plane of `left <predicate> right`, meaningful where both are present."""
    sorts = sort_of(left.type), sort_of(right.type)
    if sorts[0] is sorts[1]:
        return _same_sort(low, predicate, left, right)
    if sorts[0] is Sort.DOUBLE:
        return _mixed(low, _MIRRORED[predicate], right, left)
    return _mixed(low, predicate, left, right)


def _same_sort(low: Lowering, predicate: Predicate, left: Node, right: Node) -> GateId:
    sort = sort_of(left.type)
    bound, reversed_bound = low.parameter(right, sort), low.parameter(left, sort)
    if bound is not None:
        return _with_bound(low, predicate, low.quantity(left), bound, sort)
    if reversed_bound is not None:
        return _with_bound(low, _MIRRORED[predicate], low.quantity(right), reversed_bound, sort)
    compare_pairs = _compare_doubles if sort is Sort.DOUBLE else _compare_ints
    return compare_pairs(low.circuit, predicate, low.quantity(left).value, low.quantity(right).value)


def _with_bound(low: Lowering, predicate: Predicate, value: Quantity, bound: Constants | Uniform, sort: Sort) -> GateId:
    if sort is Sort.DOUBLE:
        return low.circuit.make(Op.COMPARE_DOUBLE, value.value, details=(predicate, bound))
    return _int_with_bound(low.circuit, predicate, value.value, bound)


def _int_with_bound(circuit: Circuit, predicate: Predicate, value: GateId, bound: Constants | Uniform) -> GateId:
    """Integers have no NaN, so `<` is the negation of `>=`; with constants `>` is a `>=`: fewer distinct conditions."""
    if predicate is Predicate.LESS:
        return circuit.complement(_int_with_bound(circuit, Predicate.AT_LEAST, value, bound))
    if predicate is Predicate.AT_MOST:
        return circuit.complement(_int_with_bound(circuit, Predicate.GREATER, value, bound))
    if predicate is Predicate.GREATER and isinstance(bound, Constants):
        if bound.bits[0] == INT64_MAX:
            return circuit.zeros
        return _int_with_bound(circuit, Predicate.AT_LEAST, value, int_constants(bound.bits[0] + 1))
    if predicate is Predicate.AT_LEAST and bound == int_constants(INT64_MIN):
        return circuit.ones
    return circuit.make(Op.COMPARE_INT, value, details=(predicate, bound))


def _compare_ints(circuit: Circuit, predicate: Predicate, left: GateId, right: GateId) -> GateId:
    def make(kind: Predicate, one: GateId, other: GateId) -> GateId:
        return circuit.make(Op.COMPARE_INTS, one, other, details=(kind,))

    match predicate:
        case Predicate.EQUAL:
            return make(Predicate.EQUAL, min(left, right), max(left, right))
        case Predicate.AT_LEAST:
            return make(Predicate.AT_LEAST, left, right)
        case Predicate.AT_MOST:
            return make(Predicate.AT_LEAST, right, left)
        case Predicate.LESS:
            return circuit.complement(make(Predicate.AT_LEAST, left, right))
        case Predicate.GREATER:
            return circuit.complement(make(Predicate.AT_LEAST, right, left))


def _compare_doubles(circuit: Circuit, predicate: Predicate, left: GateId, right: GateId) -> GateId:
    if predicate in (Predicate.GREATER, Predicate.AT_LEAST):
        return _compare_doubles(circuit, _MIRRORED[predicate], right, left)
    return circuit.make(Op.COMPARE_DOUBLES, left, right, details=(predicate,))


def _mixed(low: Lowering, predicate: Predicate, whole: Node, real: Node) -> GateId:
    """An integer against a double, as its nearest double: so the official runtime compares them."""
    circuit = low.circuit
    if isinstance(real, Constant) and isinstance(real.value, float):
        return _int_with_real(circuit, predicate, low.quantity(whole).value, real.value)
    if isinstance(whole, Constant) and isinstance(whole.value, int):
        bound = double_constant(float(whole.value))
        return circuit.make(Op.COMPARE_DOUBLE, low.quantity(real).value, details=(_MIRRORED[predicate], bound))
    nearest = circuit.make(Op.INT_TO_DOUBLE, low.quantity(whole).value)
    return _compare_doubles(circuit, predicate, nearest, low.quantity(real).value)


def _int_with_real(circuit: Circuit, predicate: Predicate, value: GateId, real: float) -> GateId:
    """An integer against a double constant, where no rounding can matter as a comparison with an integer."""
    if math.isnan(real):
        return circuit.zeros
    if abs(real) >= EXACT_DOUBLES:
        nearest = circuit.make(Op.INT_TO_DOUBLE, value)
        return circuit.make(Op.COMPARE_DOUBLE, nearest, details=(predicate, double_constant(real)))
    if predicate is Predicate.EQUAL and not real.is_integer():
        return circuit.zeros
    rounded = math.floor if predicate in (Predicate.AT_MOST, Predicate.GREATER) else math.ceil
    return _int_with_bound(circuit, predicate, value, int_constants(rounded(real)))


LOGIC: dict[str, Handler] = {
    "logical_and": conjunction,
    "logical_or": disjunction,
    "logical_not": negation,
    "equals": equality,
    "not_equals": inequality,
    "in_list": membership,
    **{
        f"{name}_{types}": ordering(predicate)
        for name, predicate in (
            ("less", Predicate.LESS),
            ("less_equals", Predicate.AT_MOST),
            ("greater", Predicate.GREATER),
            ("greater_equals", Predicate.AT_LEAST),
        )
        for types in ("bool", "int64", "double", "int64_double", "double_int64", "timestamp", "duration")
    },
}
