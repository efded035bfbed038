"""Typed tree → circuit: one case a kind of node, with CEL's three values.

Every part gets the planes of its rows that are true, false, null or present; nothing is computed that no output
needs, because the circuit keeps only what is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segmentd.language.extent import node_count
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Now,
    Presence,
    Quantifier,
    SegmentVerdict,
    children,
)
from segmentd.plan.circuit import Circuit, GateId
from segmentd.plan.lowered import Lowered, Quantity, Sort, Truth, sort_of
from segmentd.plan.operations import Flag, Op
from segmentd.plan.sources import (
    AttributeColumn,
    CodeColumn,
    Constants,
    ItemsColumn,
    ParameterKind,
    Table,
    Uniform,
    double_constant,
    int_constants,
)
from segmentd.plan.text import (
    CONDITIONAL,
    PlanTooLargeError,
    attributes_of,
    can_be_null,
    can_be_tabulated,
    distribute,
    is_text,
    is_text_call,
)
from segmentd.schema import BOOL, NULL

Handler = Callable[["Lowering", Call], Lowered]

_VALUE_KINDS = {Sort.INT: ParameterKind.INT, Sort.DOUBLE: ParameterKind.DOUBLE, Sort.TEXT: ParameterKind.POOL}


class Lowering:
    """Lowers the trees of one program into one circuit. `verdicts` are the segments that are lowered already.

    `room` is how many nodes may come from distributing text functions over ternaries, all together; without it only
    one function's are limited.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        zone: str,
        room: int | None = None,
    ) -> None:
        self.circuit = Circuit()
        self.verdicts: dict[str, Truth] = {}
        self.zone = zone
        self._room = room
        self._handlers = handlers
        self._done: dict[int, tuple[Node, Lowered]] = {}
        self._about_subject: dict[int, tuple[Node, bool]] = {}
        self._read_already: dict[tuple[str, bool], Lowered] = {}

    def truth(self, node: Node) -> Truth:
        """The planes of a node of type BOOL or NULL."""
        if node.type == NULL:
            return Truth(self.circuit.zeros, self.circuit.zeros, self.circuit.ones)
        lowered = self.lower(node)
        if not isinstance(lowered, Truth):
            raise TypeError(f"{node.type} is no truth value")
        return lowered

    def quantity(self, node: Node, sort: Sort | None = None) -> Quantity:
        """Value and planes of a node of any other type; a null literal becomes a null of the given sort."""
        if node.type == NULL:
            zero = self.constant(Constant(0.0 if sort is Sort.DOUBLE else 0, NULL), sort or Sort.INT)
            return Quantity(zero, self.circuit.zeros, self.circuit.ones)
        lowered = self.lower(node)
        if not isinstance(lowered, Quantity):
            raise TypeError("a truth value is no quantity")
        return lowered

    def lower(self, node: Node) -> Lowered:
        """The node in the circuit. A node that occurs twice as the same object is looked at once."""
        done = self._done.get(id(node))
        if done is None:
            done = self._done[id(node)] = (node, self._lower(node))
        return done[1]

    def _lower(self, node: Node) -> Lowered:
        match node:
            case Call():
                return self._call(node)
            case Constant():
                return self._constant(node)
            case SegmentVerdict():
                return self.verdicts[node.segment]
            case AttributeRead() | Presence() if is_text(node.type_read if isinstance(node, Presence) else node.type):
                return self._tabulated(node)
            case AttributeRead():
                return self._read(node)
            case Presence():
                present = self.validity(node.id, required=node.required)
                return Truth(present, self.circuit.complement(present), self.circuit.zeros)
            case ListLiteral():
                return self._tabulated(node)
            case Now():
                return self._uniform(node)
            case ItemsQuantifier():
                return self._quantified(node)
        raise TypeError(f"{type(node).__name__} is no node")

    def _call(self, node: Call) -> Lowered:
        if not self._reads_subject(node):
            return self._uniform(node)
        if node.overload == CONDITIONAL:
            return self._conditional(node)
        if not is_text_call(node):
            return self._handlers[node.overload](self, node)
        return self._tabulated(node) if can_be_tabulated(node) else self.lower(self._distributed(node))

    def _distributed(self, node: Call) -> Call:
        rearranged = distribute(node)
        if rearranged.overload != CONDITIONAL:
            raise TypeError(f"{node.overload} at {node.position} reads what cannot be tabulated")
        if self._room is not None:
            self._room -= node_count(rearranged)
            if self._room < 0:
                raise PlanTooLargeError(node.position)
        return rearranged

    def validity(self, attribute: str, *, required: bool) -> GateId:
        """Rows in which an attribute of fixed width or of truth values has a value."""
        if required:
            return self.circuit.ones
        return self.circuit.make(Op.VALIDITY, details=(AttributeColumn(attribute),))

    def presence(self, node: Node) -> GateId:
        """The rows in which a node, not of type BOOL, has a value. No gate is made of a constant for that."""
        if isinstance(node, Constant) and node.value is not None:
            return self.circuit.ones
        return self.quantity(node).present

    def constant(self, node: Constant, sort: Sort) -> GateId:
        """A value register filled with a constant."""
        if sort is Sort.DOUBLE:
            return self.circuit.make(Op.FILL_DOUBLE, details=(double_constant(float(node.value)),))  # type: ignore[arg-type]
        if sort is Sort.TEXT:
            return self.circuit.make(Op.FILL_INT, details=(Uniform(ParameterKind.POOL, node),))
        return self.circuit.make(Op.FILL_INT, details=(int_constants(int(node.value or 0)),))  # type: ignore[arg-type]

    def parameter(self, node: Node, sort: Sort) -> Constants | Uniform | None:
        """The node as a parameter, if it has one value a request; None otherwise."""
        if isinstance(node, Constant) and node.value is not None:
            return double_constant(float(node.value)) if sort is Sort.DOUBLE else int_constants(int(node.value))  # type: ignore[arg-type]
        return None if self._reads_subject(node) else Uniform(_VALUE_KINDS[sort], node)

    def _reads_subject(self, node: Node) -> bool:
        """Whether the node depends on who is looked at; otherwise it has one value a request."""
        if not isinstance(node, Call | ListLiteral):
            return not isinstance(node, Constant | Now)
        known = self._about_subject.get(id(node))
        if known is None:
            found = any(self._reads_subject(part) for part in children(node))
            known = self._about_subject[id(node)] = (node, found)
        return known[1]

    def _constant(self, node: Constant) -> Lowered:
        zeros, ones = self.circuit.zeros, self.circuit.ones
        if node.type == BOOL:
            return Truth(ones, zeros, zeros) if node.value else Truth(zeros, ones, zeros)
        return Quantity(self.constant(node, sort_of(node.type)), ones, zeros)

    def _read(self, node: AttributeRead) -> Lowered:
        key = node.id, node.required
        known = self._read_already.get(key)
        if known is None:
            known = self._read_already[key] = self._load(node)
        return known

    def _load(self, node: AttributeRead) -> Lowered:
        column = (AttributeColumn(node.id),)
        valid = self.validity(node.id, required=node.required)
        missing = self.circuit.complement(valid)
        if node.type == BOOL:
            bits = self.circuit.make(Op.COLUMN_BITS, details=column)
            return Truth(self.circuit.both(bits, valid), self.circuit.without(valid, bits), missing)
        load = Op.LOAD_DOUBLE if sort_of(node.type) is Sort.DOUBLE else Op.LOAD_INT
        return Quantity(self.circuit.make(load, details=column), valid, missing)

    def _quantified(self, node: ItemsQuantifier) -> Lowered:
        """A column that binding makes; where it has no value the macro is unknown, for a macro is never null."""
        circuit = self.circuit
        source = items_column(node)
        column = (source,)
        known = circuit.make(Op.VALIDITY, details=column)
        if node.quantifier is Quantifier.COUNT:
            return Quantity(circuit.make(Op.LOAD_INT, details=column), known, circuit.zeros)
        bits = circuit.make(Op.COLUMN_BITS, details=column)
        return Truth(circuit.both(bits, known), circuit.without(known, bits), circuit.zeros)

    def _uniform(self, node: Node) -> Lowered:
        sort = sort_of(node.type)

        def flag(bit: Flag) -> GateId:
            return self.circuit.make(Op.PARAMETER_BIT, details=(Uniform(ParameterKind.FLAGS, node), bit))

        null = flag(Flag.NULL) if can_be_null(node) else self.circuit.zeros
        if sort is Sort.TRUTH:
            return Truth(flag(Flag.TRUE), flag(Flag.FALSE), null)
        fill = Op.FILL_DOUBLE if sort is Sort.DOUBLE else Op.FILL_INT
        value = self.circuit.make(fill, details=(Uniform(_VALUE_KINDS[sort], node),))
        return Quantity(value, flag(Flag.PRESENT), null)

    def _tabulated(self, node: Node) -> Lowered:
        if not self._reads_subject(node):
            return self._uniform(node)
        attributes = attributes_of(node)
        codes = CodeColumn(attributes)
        sort = sort_of(node.type)

        def flag(bit: Flag) -> GateId:
            table = Table(ParameterKind.FLAGS, node, attributes)
            return self.circuit.make(Op.LOOKUP_BIT, details=(codes, table, bit))

        null = flag(Flag.NULL) if can_be_null(node) else self.circuit.zeros
        if sort is Sort.TRUTH:
            return Truth(flag(Flag.TRUE), flag(Flag.FALSE), null)
        lookup = Op.LOOKUP_DOUBLE if sort is Sort.DOUBLE else Op.LOOKUP_INT
        value = self.circuit.make(lookup, details=(codes, Table(_VALUE_KINDS[sort], node, attributes)))
        return Quantity(value, flag(Flag.PRESENT), null)

    def _conditional(self, node: Call) -> Lowered:
        condition = self.truth(node.arguments[0])
        if sort_of(node.type) is Sort.TRUTH and node.type != NULL:
            first, second = self.truth(node.arguments[1]), self.truth(node.arguments[2])
            return Truth(
                self._chosen(condition, first.true, second.true),
                self._chosen(condition, first.false, second.false),
                self._chosen(condition, first.null, second.null),
            )
        sort = sort_of(node.type)
        one, other = self.quantity(node.arguments[1], sort), self.quantity(node.arguments[2], sort)
        select = Op.SELECT_DOUBLE if sort is Sort.DOUBLE else Op.SELECT_INT
        return Quantity(
            self.circuit.make(select, condition.true, one.value, other.value),
            self._chosen(condition, one.present, other.present),
            self._chosen(condition, one.null, other.null),
        )

    def _chosen(self, condition: Truth, first: GateId, second: GateId) -> GateId:
        return self.circuit.either(self.circuit.both(condition.true, first), self.circuit.both(condition.false, second))


def items_column(node: ItemsQuantifier) -> ItemsColumn:
    """The column that a macro becomes."""
    return ItemsColumn(node.items, node.subject, node.quantifier, node.predicate)
