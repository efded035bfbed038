"""From the official checked tree to the typed tree; what is outside of the supported subset is refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from segmentd.language.cel_types import data_type
from segmentd.language.celtree_pb2 import CheckedExpr, Expr
from segmentd.language.extent import MAX_NODES, node_count, placed, presence_of
from segmentd.language.identifiers import SEGMENTS
from segmentd.language.issues import ExpressionError, Issue
from segmentd.language.official import NOW
from segmentd.language.overloads import SUPPORTED, ZONED_GETTERS
from segmentd.language.refusals import (
    Refusal,
    bare_subject,
    decimal_misuse,
    list_of_others,
    misfit,
    null_element,
    other_use_of_segments,
    passed_on,
    too_many_nodes,
    unsupported,
    unsupported_call,
    unsupported_construct,
)
from segmentd.language.source import Source
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ListLiteral,
    Node,
    Now,
    Position,
    Presence,
    SegmentVerdict,
)
from segmentd.language.typing_rules import DecimalMisuse, common_type, result_type
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, NULL, STRING, AttributeSpec, DataType, Kind, Schema


@dataclass(frozen=True)
class CheckedText:
    """A text that passed the official check: its tree, where its nodes stand in the text, and its decimal literals."""

    source: Source
    checked: CheckedExpr
    positions: Mapping[int, int]
    amounts: Mapping[int, DataType]


class _Refused(Exception):  # noqa: N818 - control flow inside this module, not an error of its callers
    """A part of the tree was refused; `issues` of the translator says why."""


class Translator:
    """Translates one checked text. `issues` and `attributes` fill up as it goes.

    `computed` holds the trees of the computed attributes that the text reads, to be pasted in, or why there is none.
    """

    def __init__(self, text: CheckedText, schema: Schema, computed: Mapping[str, Node | ExpressionError]) -> None:
        self._text = text
        self._schema = schema
        self._computed = computed
        self._room = MAX_NODES
        self.issues: list[Issue] = []
        self.attributes: set[str] = set()

    def translate(self) -> Node | None:
        """The typed tree; None if parts of it were refused, which `issues` then says, in no order."""
        return self._translate(self._text.checked.expr)

    def _translate(self, expr: Expr) -> Node | None:
        try:
            return self._node(expr)
        except _Refused:
            return None

    def _node(self, expr: Expr) -> Node:
        match expr.WhichOneof("expr_kind"):
            case "const_expr":
                return self._constant(expr)
            case "ident_expr":
                return self._variable(expr)
            case "select_expr":
                return self._selection(expr)
            case "call_expr":
                return self._call(expr)
            case "list_expr":
                return self._text_list(expr)
            case _:
                raise self._refused(expr, unsupported_construct(expr, self._text.source.name_at(self._offset(expr))))

    def _constant(self, expr: Expr) -> Node:
        constant, position = expr.const_expr, self._position(expr)
        match constant.WhichOneof("constant_kind"):
            case "null_value":
                return Constant(None, NULL, position)
            case "bool_value":
                return Constant(constant.bool_value, BOOL, position)
            case "int64_value":
                return Constant(constant.int64_value, self._text.amounts.get(expr.id, INT64), position)
            case "double_value":
                return Constant(constant.double_value, DOUBLE, position)
            case "string_value":
                return Constant(constant.string_value, STRING, position)
            case kind:
                raise self._refused(expr, unsupported("uint literal" if kind == "uint64_value" else "bytes literal"))

    def _variable(self, expr: Expr) -> Node:
        name = expr.ident_expr.name
        if name == NOW:
            return Now(self._position(expr))
        if name == self._schema.variable:
            raise self._refused(expr, bare_subject(self._schema))
        raise self._refused(expr, unsupported(f"type {name}"))

    def _selection(self, expr: Expr) -> Node:
        select = expr.select_expr
        spec = self._schema.get(select.field)
        if select.operand.ident_expr.name != self._schema.variable:
            raise self._refused(expr, unsupported("field of a map or message"))
        if spec is None:
            raise self._refused(expr, other_use_of_segments(self._schema))
        self.attributes.add(spec.id)
        if spec.expression is not None:
            return self._pasted(expr, spec)
        if select.test_only:
            return Presence(spec.id, spec.type, spec.required, self._position(expr))
        return AttributeRead(spec.id, spec.type, spec.required, self._position(expr))

    def _pasted(self, expr: Expr, spec: AttributeSpec) -> Node:
        tree = self._computed[spec.id]
        if isinstance(tree, ExpressionError):
            raise self._refused(expr, passed_on(spec.id, tree))
        self._room -= node_count(tree)
        if self._room < 0:
            raise self._refused(expr, too_many_nodes(MAX_NODES))
        tree = placed(tree, self._position(expr))
        return presence_of(tree) if expr.select_expr.test_only else tree

    def _call(self, expr: Expr) -> Node:
        call = expr.call_expr
        if call.function == "@in" and self._is_segments(call.args[1]):
            return self._verdict(expr)
        overloads = self._text.checked.reference_map[expr.id].overload_id
        operands = [*([call.target] if call.HasField("target") else []), *call.args]
        if len(overloads) != 1 or overloads[0] not in SUPPORTED:
            types = [data_type(self._text.checked.type_map[operand.id]) for operand in operands]
            raise self._refused(expr, unsupported_call(call.function, overloads, types))
        if overloads[0] == "in_list" and operands[1].WhichOneof("expr_kind") == "list_expr":
            return self._among(expr, operands)
        return self._typed_call(expr, overloads[0], self._nodes(operands))

    def _typed_call(self, expr: Expr, overload: str, arguments: tuple[Node, ...]) -> Node:
        types = [argument.type for argument in arguments]
        if overload in ZONED_GETTERS and types[0].kind is Kind.DATE:
            overload = ZONED_GETTERS[overload]
            arguments = (*arguments, Constant(self._schema.time_zone, STRING, self._position(expr)))
        if overload == "int64_to_double" and types[0].kind is Kind.DECIMAL:
            overload = "decimal_to_double"
        official = data_type(self._text.checked.type_map[expr.id])
        if isinstance(official, str):
            raise self._refused(expr, unsupported(f"{official} value"))
        if official == NULL:
            raise self._refused(expr, unsupported("ternary between null and null"))
        try:
            return Call(overload, arguments, result_type(overload, types, official), self._position(expr))
        except DecimalMisuse as misuse:
            raise self._refused(expr, decimal_misuse(str(misuse), types)) from None

    def _among(self, expr: Expr, operands: Sequence[Expr]) -> Node:
        """`x in [a, b]`, whose elements may be of any type, as long as it is that of `x`."""
        exprs = list(operands[1].list_expr.elements)
        member, *elements = self._nodes([operands[0], *exprs])
        for element, element_expr in zip(elements, exprs, strict=True):
            if element.type == NULL:
                raise self._refused(element_expr, null_element())
            if element.type == LIST:
                raise self._refused(element_expr, list_of_others(LIST))
            if common_type(member.type, element.type) is None:
                raise self._refused(element_expr, misfit(member.type, element.type))
        literal = ListLiteral(tuple(elements), LIST, self._position(operands[1]))
        return Call("in_list", (member, literal), BOOL, self._position(expr))

    def _text_list(self, expr: Expr) -> Node:
        """A list as a value: of text only."""
        exprs = list(expr.list_expr.elements)
        elements = self._nodes(exprs)
        for element, element_expr in zip(elements, exprs, strict=True):
            if element.type == NULL:
                raise self._refused(element_expr, null_element())
            if element.type != STRING:
                raise self._refused(element_expr, list_of_others(element.type))
        return ListLiteral(elements, LIST, self._position(expr))

    def _verdict(self, expr: Expr) -> Node:
        member, segments = expr.call_expr.args
        if member.const_expr.WhichOneof("constant_kind") != "string_value":
            raise self._refused(segments, other_use_of_segments(self._schema))
        return SegmentVerdict(member.const_expr.string_value, self._position(member))

    def _is_segments(self, expr: Expr) -> bool:
        select = expr.select_expr
        return select.field == SEGMENTS and select.operand.ident_expr.name == self._schema.variable

    def _nodes(self, exprs: Sequence[Expr]) -> tuple[Node, ...]:
        """All of them, or none after every one has had its say."""
        nodes = [self._translate(expr) for expr in exprs]
        whole = tuple(node for node in nodes if node is not None)
        if len(whole) != len(nodes):
            raise _Refused
        return whole

    def _refused(self, expr: Expr, refusal: Refusal) -> _Refused:
        issue = self._text.source.error(self._offset(expr), refusal.reason, refusal.message, **refusal.metadata)
        self.issues.append(issue)
        return _Refused()

    def _offset(self, expr: Expr) -> int:
        return self._text.source.to_name(self._text.positions[expr.id])

    def _position(self, expr: Expr) -> Position:
        return self._text.source.position(self._offset(expr))
