"""How large trees are, and parts of them at another place."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from segmentd.language.tree import Call, Constant, ItemsQuantifier, ListLiteral, Node, Position, parts, walk_all
from segmentd.schema import BOOL, INT64, LIST, NULL

MAX_NODES: Final = 4_096
MAX_DEPTH: Final = 128
"""Of a tree with its computed attributes pasted in: what evaluates trees is recursive."""


def node_count(tree: Node) -> int:
    """How many nodes a tree has, with those inside of macros."""
    return sum(1 for _ in walk_all(tree))


def depth(tree: Node) -> int:
    """How many nodes stand above each other."""
    return 1 + max(map(depth, parts(tree)), default=0)


def placed(tree: Node, position: Position) -> Node:
    """The tree with every node at one position, that of the attribute it is pasted in for."""
    match tree:
        case Call():
            return replace(tree, arguments=tuple(placed(node, position) for node in tree.arguments), position=position)
        case ListLiteral():
            return replace(tree, elements=tuple(placed(node, position) for node in tree.elements), position=position)
        case ItemsQuantifier():
            return replace(tree, predicate=placed(tree.predicate, position), position=position)
        case _:
            return replace(tree, position=position)


def presence_of(tree: Node) -> Node:
    """`has()` of a computed attribute: whether its value is there; of a list, whether it has elements."""
    if tree.type == LIST:
        size = Call("size_list", (tree,), INT64, tree.position)
        return Call("greater_int64", (size, Constant(0, INT64, tree.position)), BOOL, tree.position)
    return Call("not_equals", (tree, Constant(None, NULL, tree.position)), BOOL, tree.position)
