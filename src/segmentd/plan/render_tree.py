"""Typed trees as text, for people."""

from __future__ import annotations

from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ListLiteral,
    Node,
    Now,
    Presence,
    SegmentVerdict,
    children,
)


def render_tree(node: Node) -> str:
    """A tree in the form of calls, by overload id."""
    match node:
        case Constant():
            return repr(node.value)
        case Now():
            return "now"
        case AttributeRead():
            return node.id
        case Presence():
            return f"has({node.id})"
        case SegmentVerdict():
            return f"segment({node.segment})"
        case ListLiteral():
            return f"[{', '.join(map(render_tree, children(node)))}]"
        case Call():
            return f"{node.overload}({', '.join(map(render_tree, children(node)))})"
