"""Typed trees back to CEL's parse trees, so that the official runtime evaluates parts of them on plain values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from google.protobuf.struct_pb2 import NULL_VALUE

from segmentd.language.celtree_pb2 import Constant as CelConstant
from segmentd.language.celtree_pb2 import Expr, ParsedExpr
from segmentd.language.official import NOW
from segmentd.language.overloads import SUPPORTED
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Now,
    Presence,
    SegmentVerdict,
    Value,
)
from segmentd.schema import Kind


def render(node: Node, variables: Mapping[str, str]) -> ParsedExpr:
    """The parse tree of a typed tree; an attribute becomes the variable that `variables` names for it.

    Raises ValueError on a segment's verdict or a macro, which are no values of the subject alone.
    """
    return ParsedExpr(expr=_Renderer(variables).render(node))


class _Renderer:
    """Gives every node of a parse tree an id of its own, as the runtime requires."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._ids = count(1)

    def render(self, node: Node) -> Expr:
        match node:
            case Constant():
                return self._constant(node.value, node.type.kind)
            case Now():
                return self._ident(NOW)
            case AttributeRead():
                return self._ident(self._variables[node.id])
            case Presence():
                return self._presence(node)
            case ListLiteral():
                return self._list([self.render(element) for element in node.elements])
            case Call():
                return self._call_of(node)
            case SegmentVerdict():
                raise ValueError(f"the verdict of segment {node.segment!r} is no value of the subject")
            case ItemsQuantifier():
                raise ValueError(f"a macro over {node.items} is no value of the subject alone")

    def _presence(self, node: Presence) -> Expr:
        value = self._ident(self._variables[node.id])
        if node.type_read.kind is Kind.LIST:
            return self._call("_!=_", [value, self._list([])])
        return self._call("_!=_", [value, self._constant(None, Kind.NULL)])

    def _call_of(self, node: Call) -> Expr:
        overload = SUPPORTED[node.overload]
        arguments = [self.render(argument) for argument in node.arguments]
        if node.overload == "decimal_to_double":
            scale = self._constant(10.0 ** node.arguments[0].type.scale, Kind.DOUBLE)
            return self._call("_/_", [self._call("double", arguments), scale])
        if overload.receiver:
            return self._call(overload.function, arguments[1:], arguments[0])
        namespace, _, function = overload.function.rpartition(".")
        return self._call(function, arguments, self._ident(namespace) if namespace else None)

    def _call(self, function: str, arguments: list[Expr], target: Expr | None = None) -> Expr:
        return Expr(id=next(self._ids), call_expr=Expr.Call(target=target, function=function, args=arguments))

    def _list(self, elements: list[Expr]) -> Expr:
        return Expr(id=next(self._ids), list_expr=Expr.CreateList(elements=elements))

    def _ident(self, name: str) -> Expr:
        return Expr(id=next(self._ids), ident_expr=Expr.Ident(name=name))

    def _constant(self, value: Value, kind: Kind) -> Expr:
        if isinstance(value, tuple):
            return self._list([self._constant(element, Kind.STRING) for element in value])
        return Expr(id=next(self._ids), const_expr=_constant(value, kind))


def _constant(value: Value, kind: Kind) -> CelConstant:
    constant = CelConstant()
    match value, kind:
        case None, _:
            constant.null_value = NULL_VALUE
        case bool(), _:
            constant.bool_value = value
        case int(), Kind.TIMESTAMP | Kind.DATE:
            constant.timestamp_value.FromMicroseconds(value)
            constant.timestamp_value.SetInParent()
        case int(), Kind.DURATION:
            constant.duration_value.FromMicroseconds(value)
            constant.duration_value.SetInParent()
        case int(), _:
            constant.int64_value = value
        case float(), _:
            constant.double_value = value
        case str(), _:
            constant.string_value = value
        case _:
            raise ValueError(f"{value!r} is no constant of kind {kind}")
    return constant
