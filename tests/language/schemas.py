"""The schema that the tests of the language share, and trees as text."""

from __future__ import annotations

from typing import Final

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
)
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
    Subject,
)

EUR: Final = DataType(Kind.DECIMAL, 2, "EUR")
EUR_4: Final = DataType(Kind.DECIMAL, 4, "EUR")

GIVEN: Final = (
    AttributeSpec("vip", BOOL),
    AttributeSpec("age", INT64),
    AttributeSpec("visits", INT64, required=True),
    AttributeSpec("income", DOUBLE),
    AttributeSpec("balance", EUR),
    AttributeSpec("fee", EUR_4),
    AttributeSpec("country", STRING),
    AttributeSpec("name", STRING),
    AttributeSpec("opened", TIMESTAMP),
    AttributeSpec("born", DATE),
    AttributeSpec("tags", LIST),
)

COMPUTED: Final = (
    AttributeSpec("tier", STRING, expression="customer.balance > 100 ? 'gold' : 'basic'"),
    AttributeSpec("isAdult", BOOL, expression="yearsBetween(customer.born, now) >= 18"),
    AttributeSpec("labels", LIST, expression="customer.tags + [customer.tier]"),
    AttributeSpec("surplus", EUR, expression="customer.balance - 0.5"),
    AttributeSpec("broken", BOOL, expression="customer.nothing > 1"),
    AttributeSpec("chicken", BOOL, expression="!customer.egg"),
    AttributeSpec("egg", BOOL, expression="customer.chicken && customer.vip"),
)

SCHEMA: Final = Schema(Subject.CUSTOMER, GIVEN + COMPUTED, "Europe/Prague")


ACCOUNTS: Final = Schema(
    Subject.ACCOUNT,
    (
        AttributeSpec("kind", STRING),
        AttributeSpec("balance", EUR),
        AttributeSpec("external", BOOL),
        AttributeSpec("opened", DATE),
        AttributeSpec("rank", INT64, required=True),
        AttributeSpec("labels", LIST),
        AttributeSpec("rich", BOOL, expression="account.balance > 1000"),
        AttributeSpec("joint", BOOL, expression="account.owners.size() > 1"),
        AttributeSpec("listed", BOOL, expression="'black' in account.segments"),
        AttributeSpec("wrong", BOOL, expression="account.nothing > 1"),
    ),
    "Europe/Prague",
)
"""What the macros of customers go over."""

SAVER: Final = AttributeSpec("saver", BOOL, expression="customer.accounts.exists(a, a.kind == 'SAVINGS')")
SCHEMA_WITH_ACCOUNTS: Final = Schema(Subject.CUSTOMER, (*GIVEN, *COMPUTED, SAVER), "Europe/Prague")


def tree_text(node: Node) -> str:
    """A tree in one line: `less_int64(age, 18)`; decimals as minor units with their type, moments in microseconds."""
    match node:
        case Constant():
            return _constant_text(node)
        case Now():
            return "now"
        case AttributeRead():
            return node.id
        case Presence():
            return f"has({node.id})"
        case SegmentVerdict():
            return f"segment({node.segment})"
        case ListLiteral():
            return f"[{', '.join(map(tree_text, node.elements))}]"
        case Call():
            return f"{node.overload}({', '.join(map(tree_text, node.arguments))})"
        case ItemsQuantifier():
            return f"{node.items}.{node.quantifier}({tree_text(node.predicate)})"


def _constant_text(node: Constant) -> str:
    if node.type.kind in (Kind.INT64, Kind.DOUBLE, Kind.STRING, Kind.BOOL, Kind.NULL):
        return "null" if node.value is None else repr(node.value)
    return f"{node.value} {node.type}"
