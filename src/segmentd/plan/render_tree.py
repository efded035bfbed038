"""Typed trees as text, for people."""

from __future__ import annotations

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
        case ItemsQuantifier():
            return render_macro(node.items, node.quantifier, node.predicate)


def render_macro(items: str, quantifier: Quantifier, predicate: Node) -> str:
    """A macro over items, `accounts.exists(equals(kind, 'SAVINGS'))`."""
    if quantifier is not Quantifier.COUNT:
        return f"{items}.{quantifier}({render_tree(predicate)})"
    every = isinstance(predicate, Constant) and predicate.value is True
    return f"{items}.size()" if every else f"{items}.filter({render_tree(predicate)}).size()"
