"""Whether the value of an expression is of the type that its place needs."""

from __future__ import annotations

from segmentd.errors import ErrorReason
from segmentd.language.issues import expression_error
from segmentd.language.source import Source
from segmentd.language.tree import Call, Constant, Node
from segmentd.schema import DATE, DOUBLE, INT64, TIMESTAMP, DataType, Kind


def check_result(tree: Node, wanted: DataType | None, source: Source) -> Node:
    """The tree, as a value of the wanted type; None: of any type that attributes have. Raises ExpressionError.

    A DATE is taken for a TIMESTAMP, as the moment at which its day starts.
    """
    if wanted is None:
        return _check_any(tree, source)
    if tree.type == wanted:
        return tree
    if wanted == TIMESTAMP and tree.type == DATE:
        return Call("timestamp_to_timestamp", (tree,), TIMESTAMP, tree.position)
    decimal = Kind.DECIMAL in (wanted.kind, tree.type.kind)
    reason = ErrorReason.DECIMAL_MISUSE if decimal else ErrorReason.EXPRESSION_TYPE
    message = f"the value is of type {_shown(tree.type)}, and {wanted} is needed{_hint(tree, wanted)}"
    offset = source.offset(tree.position.line, tree.position.column)
    raise expression_error([source.error(offset, reason, message, left=tree.type, right=wanted)])


def _check_any(tree: Node, source: Source) -> Node:
    if tree.type.kind not in (Kind.DURATION, Kind.NULL):
        return tree
    message = f"the value is of type {_shown(tree.type)}, which no attribute has"
    offset = source.offset(tree.position.line, tree.position.column)
    raise expression_error([source.error(offset, ErrorReason.EXPRESSION_TYPE, message, left=tree.type)])


def _shown(type_: DataType) -> str:
    return "null" if type_.kind is Kind.NULL else str(type_)


def _hint(tree: Node, wanted: DataType) -> str:
    if wanted == DOUBLE and tree.type == INT64:
        return f"; write {tree.value}.0" if isinstance(tree, Constant) else "; write double(...)"
    if wanted == DOUBLE and tree.type.kind is Kind.DECIMAL:
        return "; write double(...), which gives major units"
    return ""
