"""From the official checked tree to the typed tree; what is outside of the supported subset is refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segmentd.language.cel_types import data_type
from segmentd.language.celtree_pb2 import CheckedExpr, Expr
from segmentd.language.extent import MAX_NODES, node_count, placed, presence_of
from segmentd.language.identifiers import SEGMENTS
from segmentd.language.issues import ExpressionError, Issue
from segmentd.language.macros import FILTER, Macro, macro_of
from segmentd.language.official import NOW
from segmentd.language.overloads import SUPPORTED, ZONED_GETTERS
from segmentd.language.reading import as_read_inside, unfit_inside
from segmentd.language.refusals import (
    Refusal,
    bare_item,
    bare_subject,
    decimal_misuse,
    list_of_others,
    macro_in_macro,
    macro_of_others,
    misfit,
    null_element,
    other_use_of_items,
    other_use_of_segments,
    passed_on,
    segments_in_macro,
    taken_variable,
    too_many_nodes,
    unfinished_filter,
    unfit_in_macro,
    unsupported,
    unsupported_call,
    unsupported_construct,
)
from segmentd.language.scope import Read, Scope
from segmentd.language.source import Source
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Now,
    Position,
    Presence,
    Quantifier,
    SegmentVerdict,
)
from segmentd.language.typing_rules import DecimalMisuse, common_type, result_type
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, NULL, OWNER_ROLE, STRING, DataType, Kind, Subject


@dataclass(frozen=True)
class CheckedText:
    """A text that passed the official check: its tree, where its nodes stand in the text, and its decimal literals."""

    source: Source
    checked: CheckedExpr
    positions: Mapping[int, int]
    amounts: Mapping[int, DataType]


class _Refused(Exception):  # noqa: N818 - control flow inside this module, not an error of its callers
    """A part of the tree was refused; `issues` of the translator says why."""


Computed = Mapping[tuple[Subject, str], Node | ExpressionError]
"""The trees of computed attributes by subject and id, to be pasted in, or why there is none."""

_SIZES: Final = frozenset({"list_size", "size_list"})


class Translator:
    """Translates one checked text. `issues`, `attributes` and `item_attributes` fill up as it goes.

    `computed` are those that the text reads.
    """

    def __init__(self, text: CheckedText, scope: Scope, computed: Computed) -> None:
        self._text = text
        self._scope = scope
        self._computed = computed
        self._room = MAX_NODES
        self.issues: list[Issue] = []
        self.attributes: set[str] = set()
        self.item_attributes: set[tuple[Subject, str]] = set()

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
            case "comprehension_expr":
                return self._macro(expr)
            case _:
                raise self._refused(expr, self._construct(expr))

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
        schema = self._scope.schema_of(expr)
        if schema is not None and schema is self._scope.item:
            raise self._refused(expr, bare_item(name, schema))
        if schema is not None:
            raise self._refused(expr, bare_subject(schema))
        raise self._refused(expr, unsupported(f"type {name}"))

    def _construct(self, expr: Expr) -> Refusal:
        return unsupported_construct(expr, self._text.source.name_at(self._offset(expr)))

    def _selection(self, expr: Expr) -> Node:
        read = self._scope.read(expr)
        if read is None:
            if self._scope.items:
                self._node(expr.select_expr.operand)  # an item that no macro gave, `customer.accounts[0]`, is refused
            raise self._refused(expr, unsupported("field of a map or message"))
        if read.spec is None:
            return self._other_field(expr, read)
        if read.schema is self._scope.own:
            self.attributes.add(read.id)
        else:
            self.item_attributes.add((read.schema.subject, read.id))
        tree = self._read(expr, read)
        if self._scope.item is None or read.schema is self._scope.item:
            return tree
        return as_read_inside(tree, read.schema.subject)

    def _read(self, expr: Expr, read: Read) -> Node:
        spec, position = read.spec, self._position(expr)
        assert spec is not None  # noqa: S101 - its caller looked
        if spec.expression is not None:
            return self._pasted(expr, read)
        id_ = OWNER_ROLE if spec.linked else spec.id
        if expr.select_expr.test_only:
            return Presence(id_, spec.type, spec.required, position)
        return AttributeRead(id_, spec.type, spec.required, position)

    def _other_field(self, expr: Expr, read: Read) -> Node:
        """`has(customer.accounts)`; the other fields that are no attributes have uses of their own."""
        path = f"{expr.select_expr.operand.ident_expr.name}.{read.id}"
        if self._scope.items_of(expr) is not None:
            if not expr.select_expr.test_only:
                raise self._refused(expr, other_use_of_items(path))
            none = Constant(0, INT64, self._position(expr))
            return Call("greater_int64", (self._count(expr, expr, None), none), BOOL, self._position(expr))
        if self._scope.item is not None:
            raise self._refused(expr, segments_in_macro(path))
        raise self._refused(expr, other_use_of_segments(read.schema))

    def _pasted(self, expr: Expr, read: Read) -> Node:
        tree = self._computed[read.schema.subject, read.id]
        if isinstance(tree, ExpressionError):
            raise self._refused(expr, passed_on(read.id, tree))
        if self._scope.item is not None and (what := unfit_inside(tree)) is not None:
            raise self._refused(expr, unfit_in_macro(f"{expr.select_expr.operand.ident_expr.name}.{read.id}", what))
        self._room -= node_count(tree)
        if self._room < 0:
            raise self._refused(expr, too_many_nodes(MAX_NODES))
        tree = placed(tree, self._position(expr))
        return presence_of(tree) if expr.select_expr.test_only else tree

    def _macro(self, expr: Expr) -> Node:
        """`exists`, `all` or `exists_one` over items; `filter` stands in `size()` only."""
        macro = macro_of(expr)
        if macro is None:
            raise self._refused(expr, self._construct(expr))
        inside = self._inside(expr, macro)
        if macro.name == FILTER:
            raise self._refused(expr, unfinished_filter(self._path(macro.items), macro.variable))
        return self._quantified(expr, macro, inside, Quantifier(macro.name))

    def _count(self, expr: Expr, items: Expr, macro: Macro | None) -> Node:
        """The size of a subject's items, or of those that a filter leaves."""
        if macro is not None:
            return self._quantified(expr, macro, self._inside(items, macro), Quantifier.COUNT)
        subject = self._scope.items_of(items)
        assert subject is not None  # noqa: S101 - its caller looked
        if self._scope.item is not None:
            raise self._refused(expr, macro_in_macro(f"over {items.select_expr.field}"))
        every = Constant(True, BOOL, self._position(expr))
        field = items.select_expr.field
        return ItemsQuantifier(field, subject.subject, Quantifier.COUNT, every, self._position(expr))

    def _inside(self, expr: Expr, macro: Macro) -> Scope:
        inside = self._scope.inside(macro)
        if inside is None:
            raise self._refused(expr, macro_of_others(macro.name, self._scope.own, self._scope.items))
        if self._scope.item is not None:
            raise self._refused(expr, macro_in_macro(macro.name))
        if macro.variable in (NOW, self._scope.own.variable):
            raise self._refused(expr, taken_variable(macro.variable, macro.name))
        return inside

    def _quantified(self, expr: Expr, macro: Macro, inside: Scope, quantifier: Quantifier) -> Node:
        outside, self._scope = self._scope, inside
        try:
            predicate = self._node(macro.predicate)
        finally:
            self._scope = outside
        subject = inside.item.subject if inside.item else outside.own.subject
        return ItemsQuantifier(macro.items.select_expr.field, subject, quantifier, predicate, self._position(expr))

    def _path(self, items: Expr) -> str:
        return f"{items.select_expr.operand.ident_expr.name}.{items.select_expr.field}"

    def _call(self, expr: Expr) -> Node:
        call = expr.call_expr
        if call.function == "@in" and self._is_segments(call.args[1]):
            return self._verdict(expr)
        overloads = self._text.checked.reference_map[expr.id].overload_id
        operands = [*([call.target] if call.HasField("target") else []), *call.args]
        if len(overloads) != 1 or overloads[0] not in SUPPORTED:
            types = [data_type(self._text.checked.type_map[operand.id]) for operand in operands]
            raise self._refused(expr, unsupported_call(call.function, overloads, types))
        if overloads[0] in _SIZES and (sized := self._sized(expr, operands[0])) is not None:
            return sized
        if overloads[0] == "in_list" and operands[1].WhichOneof("expr_kind") == "list_expr":
            return self._among(expr, operands)
        return self._typed_call(expr, overloads[0], self._nodes(operands))

    def _sized(self, expr: Expr, operand: Expr) -> Node | None:
        """The size of items, or of a filter of them; None of everything else."""
        macro = macro_of(operand)
        is_filter = macro is not None and macro.name == FILTER
        if not is_filter and (self._scope.items_of(operand) is None or operand.select_expr.test_only):
            return None
        return self._count(expr, operand, macro)

    def _typed_call(self, expr: Expr, overload: str, arguments: tuple[Node, ...]) -> Node:
        types = [argument.type for argument in arguments]
        if overload in ZONED_GETTERS and types[0].kind is Kind.DATE:
            overload = ZONED_GETTERS[overload]
            arguments = (*arguments, Constant(self._scope.own.time_zone, STRING, self._position(expr)))
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
            raise self._refused(segments, other_use_of_segments(self._scope.own))
        return SegmentVerdict(member.const_expr.string_value, self._position(member))

    def _is_segments(self, expr: Expr) -> bool:
        schema = self._scope.schema_of(expr.select_expr.operand)
        return self._scope.item is None and expr.select_expr.field == SEGMENTS and schema is self._scope.own

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
