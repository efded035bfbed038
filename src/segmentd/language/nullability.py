"""Warnings about missing values: `!=` selects them, which people do not expect."""

from __future__ import annotations

from collections.abc import Iterator

from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ItemsQuantifier,
    ListLiteral,
    Node,
    Position,
    Presence,
    children,
)
from segmentd.schema import Kind

_NEGATED = frozenset({"equals", "in_list"})

Surprise = tuple[Position, Position]
"""Where a comparison that a missing value makes true stands, and where the value that may be missing does."""


def surprises(node: Node, present: frozenset[str] = frozenset()) -> Iterator[Surprise]:
    """Comparisons that a missing value decides as true, unless `has()` of it stands in the same conjunction."""
    if isinstance(node, Call):
        if node.overload == "logical_and":
            present |= frozenset(_required_by(node))
        yield from _surprises_of(node, present)
    if isinstance(node, ItemsQuantifier):
        # What is known of the subject is known inside too, where its attributes have its name in front.
        yield from surprises(node.predicate)
    for child in children(node):
        yield from surprises(child, present)


def _surprises_of(node: Call, present: frozenset[str]) -> Iterator[Surprise]:
    compared: Node = node
    if node.overload == "logical_not":
        compared = node.arguments[0]
        if not isinstance(compared, Call) or compared.overload not in _NEGATED:
            return
    elif node.overload != "not_equals":
        return
    operands = children(compared)
    if any(isinstance(operand, Constant) and operand.value is None for operand in operands):
        return
    for operand in operands:
        missing = None if isinstance(operand, ListLiteral) else _may_be_null(operand, present)
        # A comparison in a pasted attribute stands where that attribute is read, and has been warned of there.
        if missing is not None and missing.position != node.position:
            yield node.position, missing.position
            return


def _may_be_null(node: Node, present: frozenset[str]) -> Node | None:
    """The part of a node that makes it null where a value is missing."""
    if isinstance(node, AttributeRead):
        certain = node.required or node.type.kind is Kind.LIST or node.id in present
        return None if certain else node
    if isinstance(node, Call) and node.overload == "conditional":
        found = [_may_be_null(branch, present) for branch in node.arguments[1:]]
        return next((branch for branch in found if branch is not None), None)
    return None


def _required_by(node: Node) -> Iterator[str]:
    """The attributes that are there wherever a conjunction is true."""
    if isinstance(node, Presence):
        yield node.id
    elif isinstance(node, Call) and node.overload == "logical_and":
        for argument in node.arguments:
            yield from _required_by(argument)
    elif isinstance(node, Call) and node.overload == "not_equals":
        read = [argument for argument in node.arguments if isinstance(argument, AttributeRead)]
        if len(read) == 1 and any(isinstance(a, Constant) and a.value is None for a in node.arguments):
            yield read[0].id
