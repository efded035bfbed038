"""Parts of a tree that read text: which of them become tables, and how the others are rearranged until they can.

A table is evaluated once per distinct tuple of the attributes below it. A text function over a ternary whose
condition cannot be tabulated is distributed, `f(c ? a : b)` = `c ? f(a) : f(b)`: CEL's functions fail when an
argument fails, and so does a ternary when its condition does.
"""

from __future__ import annotations

from typing import Final

from segmentd.errors import ErrorReason, SegmentdError
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ListLiteral,
    Node,
    Position,
    Presence,
    children,
    walk,
)
from segmentd.schema import DataType, Kind

CONDITIONAL: Final = "conditional"
MAX_DISTRIBUTED_NODES: Final = 16_384

_TEXT_KINDS: Final = frozenset({Kind.STRING, Kind.LIST})
_TABULATED_KINDS: Final = frozenset({Kind.STRING, Kind.LIST, Kind.BOOL, Kind.INT64})


class PlanTooLargeError(SegmentdError):
    """Distributing text functions over ternaries makes the expression too large. `position`: of one such function."""

    reason = ErrorReason.EXPRESSION_TOO_DEEP

    def __init__(self, position: Position) -> None:
        super().__init__(
            f"ternaries inside text functions multiply to more than {MAX_DISTRIBUTED_NODES} parts; "
            "compute the text in fewer ternaries",
            limit=MAX_DISTRIBUTED_NODES,
        )
        self.position = position


def is_text(data_type: DataType) -> bool:
    """Whether values of the type are text or lists of it."""
    return data_type.kind in _TEXT_KINDS


def is_text_call(node: Node) -> bool:
    """Whether the node is an operation on text, or one that makes text: it has no kernel."""
    if not isinstance(node, Call) or node.overload == CONDITIONAL or node.overload.startswith("timestamp_to_"):
        return False
    return is_text(node.type) or any(_holds_text(argument) for argument in node.arguments)


def _holds_text(node: Node) -> bool:
    if isinstance(node, ListLiteral):
        return any(_holds_text(element) for element in node.elements)
    return is_text(node.type)


def can_be_tabulated(node: Node) -> bool:
    """Whether the node is decided by attributes of few distinct values: text, lists, truth values and integers."""
    return all(
        part.type.kind in _TABULATED_KINDS
        if isinstance(part, AttributeRead)
        else part.type_read.kind in _TABULATED_KINDS
        if isinstance(part, Presence)
        else isinstance(part, Call | Constant | ListLiteral)
        for part in walk(node)
    )


def attributes_of(node: Node) -> tuple[str, ...]:
    """The attributes that the node reads, sorted."""
    return tuple(sorted({part.id for part in walk(node) if isinstance(part, AttributeRead | Presence)}))


def can_be_null(node: Node) -> bool:
    """Whether the node's value can be null; a function's cannot."""
    match node:
        case AttributeRead():
            return not node.required and node.type.kind is not Kind.LIST
        case Constant():
            return node.value is None
        case Call() if node.overload == CONDITIONAL:
            return any(can_be_null(branch) for branch in node.arguments[1:])
        case _:
            return False


def distribute(call: Call) -> Call:
    """The call with ternaries moved out of its arguments, so that what remains inside can be tabulated."""
    size = sum(1 for _ in walk(call))
    result = _distributed(call, size)
    return result if isinstance(result, Call) else call


def _distributed(node: Node, size: int) -> Node:
    if not isinstance(node, Call | ListLiteral) or can_be_tabulated(node):
        return node
    if isinstance(node, Call) and node.overload == CONDITIONAL:
        condition, first, second = node.arguments
        branches = (condition, _distributed(first, size), _distributed(second, size))
        return Call(CONDITIONAL, branches, node.type, node.position)
    parts = tuple(_distributed(part, size) for part in children(node))
    for index, part in enumerate(parts):
        if isinstance(part, Call) and part.overload == CONDITIONAL:
            if size > MAX_DISTRIBUTED_NODES:
                raise PlanTooLargeError(node.position)
            condition, first, second = part.arguments
            one, other = (_with_part(node, parts, index, branch) for branch in (first, second))
            split = (condition, _distributed(one, 2 * size), _distributed(other, 2 * size))
            return Call(CONDITIONAL, split, node.type, node.position)
    return node


def _with_part(node: Call | ListLiteral, parts: tuple[Node, ...], index: int, part: Node) -> Node:
    replaced = (*parts[:index], part, *parts[index + 1 :])
    if isinstance(node, ListLiteral):
        return ListLiteral(replaced, node.type, node.position)
    return Call(node.overload, replaced, node.type, node.position)
