"""The typed tree: what an expression means, after the official checker and before planning.

Nodes are compared by meaning, not by place: two conditions written in two segments are equal.
Values of constants: BOOL bool, INT64 int, DOUBLE float, DECIMAL int (minor units), STRING str,
TIMESTAMP and DATE int (microseconds since 1970-01-01T00:00:00Z; a DATE is the start of its day in the
ledger's zone), DURATION int (microseconds), LIST tuple of str, NULL None.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, unique

from segmentd.schema import BOOL, INT64, TIMESTAMP, DataType, Subject

Value = bool | int | float | str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the text: line and column count from 1, columns in code points."""

    line: int
    column: int


UNPLACED = Position(1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A literal, or a part without variables that was evaluated at definition time.

    Doubles are equal when they are the same double: -0.0 is not 0.0, and NaN equals itself.
    """

    value: Value
    type: DataType
    position: Position = UNPLACED

    def _identity(self) -> tuple[object, DataType]:
        return (self.value.hex() if isinstance(self.value, float) else self.value), self.type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())


@dataclass(frozen=True, slots=True)
class Now:
    """The request's `now`."""

    position: Position = field(default=UNPLACED, compare=False)

    @property
    def type(self) -> DataType:
        """Always TIMESTAMP."""
        return TIMESTAMP


@dataclass(frozen=True, slots=True)
class AttributeRead:
    """The value of a given attribute of the subject; null where it is missing (an empty list for LIST)."""

    id: str
    type: DataType
    required: bool
    position: Position = field(default=UNPLACED, compare=False)


@dataclass(frozen=True, slots=True)
class Presence:
    """`has(customer.id)` of a given attribute. For a LIST: not empty, as CEL says of repeated fields."""

    id: str
    type_read: DataType
    required: bool
    position: Position = field(default=UNPLACED, compare=False)

    @property
    def type(self) -> DataType:
        """Always BOOL."""
        return BOOL


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """`"id" in customer.segments`: that segment's verdict on the same subject, unknown included."""

    segment: str
    position: Position = field(default=UNPLACED, compare=False)

    @property
    def type(self) -> DataType:
        """Always BOOL."""
        return BOOL


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, b, c]`. Unknown when an element is (CEL builds the list first)."""

    elements: tuple[Node, ...]
    type: DataType
    position: Position = field(default=UNPLACED, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operation on its arguments (a method's receiver first), by overload id of `language/overloads.py`."""

    overload: str
    arguments: tuple[Node, ...]
    type: DataType
    position: Position = field(default=UNPLACED, compare=False)


@unique
class Quantifier(StrEnum):
    """What a macro says of its items; the value is its name.

    EXISTS: some item fulfils the predicate; true wins over unknown. ALL: every one does; false wins over unknown.
    EXISTS_ONE: exactly one does. COUNT, `filter(...).size()`: how many do. The last two are unknown where any is.
    """

    EXISTS = "exists"
    ALL = "all"
    EXISTS_ONE = "exists_one"
    COUNT = "size"


@dataclass(frozen=True, slots=True)
class ItemsQuantifier:
    """A macro over a subject's items, `customer.accounts.exists(a, ...)`. Without items: false, true, false and 0.

    `items` is the field that they are read from and `subject` what they are. The predicate reads attributes of the item
    by their ids, and those of the subject outside of the macro by its name and their ids, `customer.income`. It has
    no segments and no macros in it, and is no child: what it reads is of others.
    """

    items: str
    subject: Subject
    quantifier: Quantifier
    predicate: Node
    position: Position = field(default=UNPLACED, compare=False)

    @property
    def type(self) -> DataType:
        """INT64 of a count, else BOOL."""
        return INT64 if self.quantifier is Quantifier.COUNT else BOOL


Node = Constant | Now | AttributeRead | Presence | SegmentVerdict | ListLiteral | Call | ItemsQuantifier


def children(node: Node) -> tuple[Node, ...]:
    """The node's operands, in order."""
    match node:
        case Call():
            return node.arguments
        case ListLiteral():
            return node.elements
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first; not what stands inside of macros."""
    yield node
    for child in children(node):
        yield from walk(child)


def walk_all(node: Node) -> Iterator[Node]:
    """The node and everything below it, parents first, with the predicates of macros."""
    yield node
    for child in parts(node):
        yield from walk_all(child)


def parts(node: Node) -> tuple[Node, ...]:
    """The node's operands, or the predicate of a macro."""
    return (node.predicate,) if isinstance(node, ItemsQuantifier) else children(node)


__all__ = [
    "AttributeRead",
    "Call",
    "Constant",
    "ItemsQuantifier",
    "ListLiteral",
    "Node",
    "Now",
    "Position",
    "Presence",
    "Quantifier",
    "SegmentVerdict",
    "Value",
    "children",
    "parts",
    "walk",
    "walk_all",
]
