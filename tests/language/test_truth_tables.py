"""Three-valued logic, complete: the official runtime on the checked text and on the typed tree."""

from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from segmentd.language import Environment
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator
from segmentd.language.tree import Value
from segmentd.schema import BOOL, INT64, AttributeSpec, Schema, Subject
from tests.language.reference import reference_environment

T: Final = "customer.yes"
F: Final = "customer.no"
U: Final = "customer.nothing > 0"
M: Final = "customer.missing"
"""A missing BOOL: null, which is no truth value."""

SCHEMA: Final = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("yes", BOOL),
        AttributeSpec("no", BOOL),
        AttributeSpec("missing", BOOL),
        AttributeSpec("nothing", INT64),
    ),
)
ROW: Final[dict[str, Value]] = {"yes": True, "no": False, "missing": None, "nothing": None}

AND: Final = {
    (T, T): True, (T, F): False, (T, U): UNKNOWN, (T, M): UNKNOWN,
    (F, T): False, (F, F): False, (F, U): False, (F, M): False,
    (U, T): UNKNOWN, (U, F): False, (U, U): UNKNOWN, (U, M): UNKNOWN,
    (M, T): UNKNOWN, (M, F): False, (M, U): UNKNOWN, (M, M): UNKNOWN,
}  # fmt: skip
OR: Final = {
    (T, T): True, (T, F): True, (T, U): True, (T, M): True,
    (F, T): True, (F, F): False, (F, U): UNKNOWN, (F, M): UNKNOWN,
    (U, T): True, (U, F): UNKNOWN, (U, U): UNKNOWN, (U, M): UNKNOWN,
    (M, T): True, (M, F): UNKNOWN, (M, U): UNKNOWN, (M, M): UNKNOWN,
}  # fmt: skip
NOT: Final = {(T,): False, (F,): True, (U,): UNKNOWN, (M,): UNKNOWN}
VALUES: Final = {T: True, F: False, U: UNKNOWN, M: None}
CONDITIONAL: Final = {
    (condition, then, other): {T: VALUES[then], F: VALUES[other], U: UNKNOWN, M: UNKNOWN}[condition]
    for condition, then, other in product(VALUES, repeat=3)
}

TABLES: Final = [
    *((f"({left}) && ({right})", value) for (left, right), value in AND.items()),
    *((f"({left}) || ({right})", value) for (left, right), value in OR.items()),
    *((f"!({operand})", value) for (operand,), value in NOT.items()),
    *((f"({a}) ? ({b}) : ({c})", value) for (a, b, c), value in CONDITIONAL.items()),
]


def test_tables_are_complete() -> None:
    """Each table has a row for every combination of true, false, unknown and missing."""
    assert (len(AND), len(OR), len(NOT), len(CONDITIONAL)) == (16, 16, 4, 64)


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The environment of four attributes."""
    return Environment(SCHEMA)


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_official(environment: Environment, text: str, expected: object) -> None:
    """The official evaluator agrees with the table."""
    reference = reference_environment(SCHEMA)
    expression = reference.deserialize(environment.compile(text).checked)
    assert expression.evaluate(reference.message(ROW), 0) is expected


@pytest.mark.parametrize(("text", "expected"), TABLES)
def test_tree(environment: Environment, text: str, expected: object) -> None:
    """The typed tree, evaluated on plain values, agrees with the table."""
    tree = environment.compile(text).tree
    assert SubtreeEvaluator(tree, tuple(ROW), "UTC").evaluate([tuple(ROW.values())]) == [expected]
