"""Bounds of the texts that an expression makes: never too small, and constant parts are held to them."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.errors import ErrorReason
from segmentd.language import Environment, ExpressionError
from segmentd.language.overloads import SUPPORTED
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator
from segmentd.language.text_size import text_bound, value_bound, value_size
from segmentd.language.tree import AttributeRead, Call, Constant, ListLiteral, Node, Presence, Value
from segmentd.schema import BOOL, INT64, LIST, STRING, DataType
from tests.language.schemas import SCHEMA

TEXTS: Final = st.text('ab "\0😀', max_size=6)

TYPES: Final[dict[str, tuple[DataType, st.SearchStrategy[Value]]]] = {
    "BOOL": (BOOL, st.booleans()),
    "INT64": (INT64, st.integers(-1, 6) | st.sampled_from([-(2**63), 2**63 - 1])),
    "STRING": (STRING, TEXTS),
    "LIST": (LIST, st.lists(TEXTS, max_size=5).map(tuple)),
}


def kinds_of(overload: str, any_type: str) -> list[str]:
    """The types in an operation's signature, its result's last."""
    names: list[str] = re.findall(r"\b[A-Z][A-Z0-9]*\b", SUPPORTED[overload].signature)
    return [any_type if name == "T" else name for name in names]


CASES: Final = sorted(
    {
        (overload, tuple(kinds))
        for overload in SUPPORTED
        for kinds in (kinds_of(overload, "STRING"), kinds_of(overload, "LIST"))
        if kinds and kinds[-1] in ("STRING", "LIST")
    }
)


def longest(values: list[Value]) -> int:
    """The size of the longest of some values of an attribute."""
    return max(map(value_size, values))


@pytest.mark.parametrize(("overload", "kinds"), CASES)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_operation_makes_more_than_its_bound(overload: str, kinds: tuple[str, ...], data: st.DataObject) -> None:
    """Whichever of its operands are literals and which are attributes."""
    *operands, result = kinds
    rows = data.draw(st.lists(st.tuples(*(TYPES[kind][1] for kind in operands)), min_size=1, max_size=20))
    literal = data.draw(st.tuples(*(st.booleans() for _ in operands)))
    rows = [tuple(rows[0][i] if literal[i] else value for i, value in enumerate(row)) for row in rows]
    arguments = tuple(
        Constant(rows[0][i], TYPES[kind][0]) if literal[i] else AttributeRead(f"a{i}", TYPES[kind][0], required=True)
        for i, kind in enumerate(operands)
    )
    node = Call(overload, arguments, TYPES[result][0])
    names = tuple(f"a{i}" for i in range(len(operands)))
    sizes = {name: longest([row[i] for row in rows]) for i, name in enumerate(names)}
    for value in SubtreeEvaluator(node, names, "UTC").evaluate(rows):
        assert value is UNKNOWN or value_size(value) <= value_bound(node, sizes)


def test_every_operation_that_makes_text_has_a_bound() -> None:
    """Twenty-one operations of CEL's, one of them on text and on lists."""
    assert len({overload for overload, _ in CASES}) == 21
    assert len(CASES) == 22


A: Final = AttributeRead("a", STRING, required=True)
TAGS: Final = AttributeRead("tags", LIST, required=False)


def replaced(text: Node, old: Node, new: Node, *limit: int) -> Call:
    """`text.replace(old, new)`."""
    overload = "string_replace_string_string_int" if limit else "string_replace_string_string"
    return Call(overload, (text, old, new, *(Constant(count, INT64) for count in limit)), STRING)


@pytest.mark.parametrize(
    ("node", "bound"),
    [
        (Constant("čaj", STRING), 4),
        (Constant(("ab", ""), LIST), 4),
        (ListLiteral((A, Constant("b", STRING)), LIST), 13),
        (replaced(A, Constant("", STRING), Constant("xy", STRING)), 10 + 11 * 2),
        (replaced(A, Constant("abc", STRING), Constant("xyz12", STRING)), 10 + 3 * 2),
        (replaced(A, Constant("", STRING), Constant("xy", STRING), 2), 10 + 2 * 2),
        (replaced(A, Constant("abc", STRING), Constant("x", STRING)), 10),
        (Call("list_join_string", (Constant(("ab", "c"), LIST), A), STRING), 3 + 10),
        (Call("string_split_string", (A, Constant("", STRING)), LIST), 21),
        (Call("string_split_string", (A, Constant(",", STRING)), LIST), 11),
    ],
)
def test_bounds_follow_from_literals(node: Node, bound: int) -> None:
    """A text attribute of up to 10 bytes."""
    assert value_bound(node, {"a": 10}) == bound


def test_the_bound_of_a_truth_value_is_that_of_the_texts_below() -> None:
    """What is read, made on the way, or compared with."""
    doubled = Call("add_string", (A, A), STRING)
    assert text_bound(Call("equals", (doubled, Constant("x", STRING)), BOOL), {"a": 10}) == 20
    assert text_bound(Call("equals", (A, Constant("x" * 30, STRING)), BOOL), {"a": 10}) == 30
    assert value_bound(Call("equals", (doubled, A), BOOL), {"a": 10}) == 0
    assert text_bound(Presence("tags", LIST, required=False), {}) == 0


def test_a_bound_of_many_products_stays_a_machine_integer() -> None:
    """It would have thousands of digits."""
    node: Node = A
    for _ in range(100):
        node = replaced(node, TAGS, Call("list_join_string", (TAGS, A), STRING))
    assert text_bound(node, {"a": 1_000_000, "tags": 1_000_000}) == 2**62


def refusal(text: str) -> ExpressionError:
    """Why the expression is refused."""
    with pytest.raises(ExpressionError) as caught:
        Environment(SCHEMA).compile(text)
    return caught.value


def test_a_constant_that_multiplies_is_refused_before_it_is_made() -> None:
    """Ten steps would take 10 GB; the fifth passes the limit."""
    text = "customer.name == 'a'" + ".replace('a', 'aaaaaaaaaa')" * 10
    error = refusal(text)
    assert error.reason is ErrorReason.EXPRESSION_TOO_LONG
    assert "100000 bytes" in error.message
    assert error.metadata["limit"] == "65536"
    (issue,) = error.issues
    assert (issue.position.line, issue.position.column) == (1, text.index(".replace") + 4 * 27 + 2)


def test_lists_that_multiply_are_refused_too() -> None:
    """8,000 elements with ten bytes between each two."""
    spread = "'" + "x" * 8000 + "'.split('').join('0123456789')"
    assert refusal(f"customer.name == {spread}").reason is ErrorReason.EXPRESSION_TOO_LONG


def test_a_constant_of_the_limit_is_allowed() -> None:
    """65,536 bytes, and not one more."""
    made = "'aaaaaaaa'" + ".replace('a', 'aaaaaaaa')" * 4
    compiled = Environment(SCHEMA).compile(f"customer.name == {made}.substring(0) && size({made}) == 32768")
    assert compiled.tree is not None
    assert refusal(f"customer.name == {made} + {made} + 'aaa'").reason is ErrorReason.EXPRESSION_TOO_LONG
