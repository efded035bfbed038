"""From the official checked tree to the typed tree; what is outside of the supported subset is refused here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.cel_types import data_type
from segmentd.language.celtree_pb2 import CheckedExpr, Expr
from segmentd.language.extent import placed, presence_of
from segmentd.language.identifiers import SEGMENTS
from segmentd.language.issues import ExpressionError, Issue
from segmentd.language.official import NOW
from segmentd.language.overloads import SUPPORTED, ZONED_GETTERS
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
from segmentd.language.unsupported import describe_call, name_of
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, NULL, STRING, AttributeSpec, DataType, Kind, Schema

_SEGMENTS_HINT: Final = 'the only use of {field} is "id" in {field}, with the id of a segment as a literal'


@dataclass(frozen=True)
class CheckedText:
    """A text that passed the official check: its tree, where its nodes stand in the text, and its decimal literals."""

    source: Source
    checked: CheckedExpr
    positions: Mapping[int, int]
    amounts: Mapping[int, DataType]


class Translator:
    """Translates one checked text. `issues` and `attributes` fill up as it goes.

    `computed` gives the tree of a computed attribute, which is pasted in, or raises ExpressionError.
    """

    def __init__(self, text: CheckedText, schema: Schema, computed: Callable[[str], Node]) -> None:
        self._text = text
        self._schema = schema
        self._computed = computed
        self._failed: set[str] = set()
        self.issues: list[Issue] = []
        self.attributes: set[str] = set()

    def translate(self, expr: Expr) -> Node | None:
        """The typed tree; None if a part of it was refused, which `issues` then says."""
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
                return self._refuse(expr, name_of(expr, self._text.source, self._offset(expr)))

    def _constant(self, expr: Expr) -> Node | None:
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
                return self._refuse(expr, "uint literal" if kind == "uint64_value" else "bytes literal")

    def _variable(self, expr: Expr) -> Node | None:
        name = expr.ident_expr.name
        if name == NOW:
            return Now(self._position(expr))
        if name == self._schema.subject:
            message = f"{name} is no value by itself; read one of its attributes, as in {name}.id"
            return self._issue(expr, ErrorReason.UNSUPPORTED_OPERATION, message, operation=name)
        return self._refuse(expr, f"type {name}")

    def _selection(self, expr: Expr) -> Node | None:
        select = expr.select_expr
        spec = self._schema.get(select.field)
        if select.operand.ident_expr.name != self._schema.subject:
            return self._refuse(expr, "field of a map or message")
        if spec is None:
            return self._refuse_segments(expr)
        self.attributes.add(spec.id)
        if spec.expression is not None:
            return self._paste(expr, spec)
        if select.test_only:
            return Presence(spec.id, spec.type, spec.required, self._position(expr))
        return AttributeRead(spec.id, spec.type, spec.required, self._position(expr))

    def _paste(self, expr: Expr, spec: AttributeSpec) -> Node | None:
        if spec.id in self._failed:
            return None
        try:
            tree = placed(self._computed(spec.id), self._position(expr))
        except ExpressionError as error:
            self._failed.add(spec.id)
            return self._pass_on(expr, spec.id, error)
        return presence_of(tree) if expr.select_expr.test_only else tree

    def _pass_on(self, expr: Expr, attribute_id: str, error: ExpressionError) -> None:
        cause = error.issues[0]
        message = f"attribute {attribute_id!r} is computed by an expression that cannot be used: {cause.message}"
        if error.reason is ErrorReason.ATTRIBUTE_CYCLE:
            message = cause.message
        self._issue(expr, error.reason, message, **cause.metadata)

    def _call(self, expr: Expr) -> Node | None:
        call = expr.call_expr
        if call.function == "@in" and self._is_segments(call.args[1]):
            return self._verdict(expr)
        overloads = self._text.checked.reference_map[expr.id].overload_id
        operands = [*([call.target] if call.HasField("target") else []), *call.args]
        if len(overloads) != 1 or (overloads[0] not in SUPPORTED):
            return self._refuse_call(expr, operands, overloads)
        if overloads[0] == "in_list" and operands[1].WhichOneof("expr_kind") == "list_expr":
            return self._among(expr, operands)
        arguments = self._translate_all(operands)
        return self._typed_call(expr, overloads[0], arguments) if arguments is not None else None

    def _typed_call(self, expr: Expr, overload: str, arguments: tuple[Node, ...]) -> Node | None:
        types = [argument.type for argument in arguments]
        if overload in ZONED_GETTERS and types[0].kind is Kind.DATE:
            overload = ZONED_GETTERS[overload]
            arguments = (*arguments, Constant(self._schema.time_zone, STRING, self._position(expr)))
        if overload == "int64_to_double" and types[0].kind is Kind.DECIMAL:
            overload = "decimal_to_double"
        official = data_type(self._text.checked.type_map[expr.id])
        if isinstance(official, str):
            return self._refuse(expr, f"{official} value")
        try:
            type_ = result_type(overload, types, official)
        except DecimalMisuse as misuse:
            given = {"left": types[0], "right": types[-1]}
            return self._issue(expr, ErrorReason.DECIMAL_MISUSE, str(misuse), **given)
        return Call(overload, arguments, type_, self._position(expr))

    def _among(self, expr: Expr, operands: Sequence[Expr]) -> Node | None:
        """`x in [a, b]`, whose elements may be of any type, as long as it is that of `x`."""
        member = self.translate(operands[0])
        elements = self._translate_all(list(operands[1].list_expr.elements))
        if member is None or elements is None:
            return None
        literal = ListLiteral(elements, LIST, self._position(operands[1]))
        for element, element_expr in zip(elements, operands[1].list_expr.elements, strict=True):
            if element.type == NULL:
                return self._null_element(element_expr)
            if common_type(member.type, element.type) is None:
                return self._misfit(element_expr, member.type, element.type)
        return Call("in_list", (member, literal), BOOL, self._position(expr))

    def _text_list(self, expr: Expr) -> Node | None:
        """A list as a value: of text only."""
        elements = self._translate_all(list(expr.list_expr.elements))
        if elements is None:
            return None
        for element, element_expr in zip(elements, expr.list_expr.elements, strict=True):
            if element.type == NULL:
                return self._null_element(element_expr)
            if element.type != STRING:
                message = f"a list of {element.type} can only stand to the right of in; elsewhere lists hold STRING"
                return self._issue(
                    element_expr, ErrorReason.UNSUPPORTED_OPERATION, message, operation=f"list of {element.type}"
                )
        return ListLiteral(elements, LIST, self._position(expr))

    def _null_element(self, expr: Expr) -> None:
        message = "null in a list is not supported; compare with null beside it, as in x == null || x in [...]"
        self._issue(expr, ErrorReason.UNSUPPORTED_OPERATION, message, operation="null in a list")

    def _misfit(self, expr: Expr, wanted: DataType, given: DataType) -> None:
        decimal = Kind.DECIMAL in (wanted.kind, given.kind)
        reason = ErrorReason.DECIMAL_MISUSE if decimal else ErrorReason.EXPRESSION_TYPE
        hint = "; write 3.0 for 3" if (wanted, given) == (DOUBLE, INT64) else ""
        message = f"{wanted} is looked for among {given}; the elements have to be of its type{hint}"
        self._issue(expr, reason, message, left=wanted, right=given)

    def _verdict(self, expr: Expr) -> Node | None:
        literal = expr.call_expr.args[0].const_expr
        if literal.WhichOneof("constant_kind") != "string_value":
            return self._refuse_segments(expr.call_expr.args[1])
        return SegmentVerdict(literal.string_value, self._position(expr.call_expr.args[0]))

    def _is_segments(self, expr: Expr) -> bool:
        select = expr.select_expr
        return select.field == SEGMENTS and select.operand.ident_expr.name == self._schema.subject

    def _refuse_segments(self, expr: Expr) -> None:
        field = f"{self._schema.subject}.{SEGMENTS}"
        self._issue(expr, ErrorReason.UNSUPPORTED_OPERATION, _SEGMENTS_HINT.format(field=field), operation=field)

    def _refuse_call(self, expr: Expr, operands: Sequence[Expr], overloads: Sequence[str]) -> None:
        types = [data_type(self._text.checked.type_map[operand.id]) for operand in operands]
        message = describe_call(expr.call_expr.function, types)
        operation = overloads[0] if len(overloads) == 1 else expr.call_expr.function
        self._issue(expr, ErrorReason.UNSUPPORTED_OPERATION, message, operation=operation)

    def _refuse(self, expr: Expr, operation: str) -> None:
        self._issue(expr, ErrorReason.UNSUPPORTED_OPERATION, f"{operation} is not supported", operation=operation)

    def _translate_all(self, exprs: Sequence[Expr]) -> tuple[Node, ...] | None:
        """All or nothing, after every one has had its say."""
        nodes = [self.translate(expr) for expr in exprs]
        whole = tuple(node for node in nodes if node is not None)
        return whole if len(whole) == len(nodes) else None

    def _issue(self, expr: Expr, reason: ErrorReason, message: str, **metadata: object) -> None:
        self.issues.append(self._text.source.error(self._offset(expr), reason, message, **metadata))

    def _offset(self, expr: Expr) -> int:
        return self._text.source.to_name(self._text.positions[expr.id])

    def _position(self, expr: Expr) -> Position:
        return self._text.source.position(self._offset(expr))
