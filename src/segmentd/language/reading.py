"""Trees of the subject as they are read inside of a macro over its items: its attributes get its name in front."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from segmentd.language.tree import (
    AttributeRead,
    Call,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Presence,
    SegmentVerdict,
    walk,
    walk_all,
)
from segmentd.schema import OWNER_ROLE, Subject


def as_read_inside(tree: Node, subject: Subject) -> Node:
    """The tree with the subject's name in front of the attributes that it reads."""
    match tree:
        case AttributeRead() | Presence():
            return replace(tree, id=f"{subject}.{tree.id}")
        case Call():
            return replace(tree, arguments=tuple(as_read_inside(node, subject) for node in tree.arguments))
        case ListLiteral():
            return replace(tree, elements=tuple(as_read_inside(node, subject) for node in tree.elements))
        case _:
            return tree


def unfit_inside(tree: Node) -> str | None:
    """What of a tree cannot stand inside of a macro, None where all of it can."""
    for node in walk(tree):
        if isinstance(node, ItemsQuantifier):
            return "a macro"
        if isinstance(node, SegmentVerdict):
            return "a segment"
    return None


def own_reads(tree: Node, subject: Subject) -> frozenset[str]:
    """The given attributes of the subject that a tree reads, inside of macros too."""
    outside = {node.id for node in walk(tree) if isinstance(node, AttributeRead | Presence)}
    return frozenset(outside.union(*(read_of_subject(each.predicate, subject) for each in quantifiers(tree))))


def quantifiers(tree: Node) -> Iterable[ItemsQuantifier]:
    """The macros in a tree."""
    return (node for node in walk(tree) if isinstance(node, ItemsQuantifier))


def read_of_subject(predicate: Node, subject: Subject) -> frozenset[str]:
    """The attributes that a macro's predicate reads of the subject outside of it."""
    front = f"{subject}."
    reads = (node.id for node in walk_all(predicate) if isinstance(node, AttributeRead | Presence))
    return frozenset(id_.removeprefix(front) for id_ in reads if id_.startswith(front))


def is_about_pairs(predicate: Node, subject: Subject) -> bool:
    """Whether a macro's predicate says something of an item and of whose it is together, not of the item alone."""
    reads = (node.id for node in walk_all(predicate) if isinstance(node, AttributeRead | Presence))
    return any(id_ == OWNER_ROLE or id_.startswith(f"{subject}.") for id_ in reads)
