"""Missing values: decided in equality, membership and `has`, undecided in everything else."""

from __future__ import annotations

from itertools import product

import pytest

from segmentd.engine import Engine
from segmentd.language.tree import Value
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
from tests.oracle.edges import INT64_MAX
from tests.oracle.evaluator import UNKNOWN
from tests.oracle.judge import Judge

SAMPLES: dict[DataType, tuple[Value, Value]] = {
    BOOL: (False, True),
    INT64: (-1, 7),
    DOUBLE: (-1.5, 2.0),
    DataType(Kind.DECIMAL, 2, "EUR"): (0, 99),
    STRING: ("", "a"),
    TIMESTAMP: (0, 1_000_000),
    DATE: (0, 86_400_000_000),
}


@pytest.mark.parametrize("kind", SAMPLES, ids=str)
def test_equality_matrix(engine: Engine, kind: DataType) -> None:
    """Equality of two attributes is always decided: nulls equal each other and no value."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("a", kind), AttributeSpec("b", kind)))
    pairs = list(product((None, *SAMPLES[kind]), repeat=2))
    judge = Judge(engine, schema, [{"a": a, "b": b} for a, b in pairs])
    assert judge.verdicts("customer.a == customer.b") == [a == b for a, b in pairs]
    assert judge.verdicts("customer.a != customer.b") == [a != b for a, b in pairs]
    assert judge.verdicts("!(customer.a == customer.b)") == [a != b for a, b in pairs]
    assert judge.verdicts("customer.a == null") == [a is None for a, _ in pairs]
    assert judge.verdicts("null != customer.b") == [b is not None for _, b in pairs]
    assert judge.verdicts("has(customer.a)") == [a is not None for a, _ in pairs]
    assert judge.verdicts("customer.a in [customer.b, customer.b]") == [a == b for a, b in pairs]


@pytest.mark.parametrize("kind", list(SAMPLES), ids=str)
def test_orderings_of_missing_values_are_unknown(engine: Engine, kind: DataType) -> None:
    """An ordering with a missing side is unknown, and so is its negation."""
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("a", kind), AttributeSpec("b", kind)))
    low, high = SAMPLES[kind]
    judge = Judge(engine, schema, [{"a": a, "b": b} for a, b in ((low, high), (None, high), (low, None), (None, None))])
    assert judge.verdicts("customer.a < customer.b") == [True, None, None, None]
    assert judge.verdicts("!(customer.a < customer.b)") == [False, None, None, None]
    assert judge.verdicts("has(customer.a) && customer.a < customer.b") == [True, False, None, False]
    assert judge.verdicts("!has(customer.a) || customer.a >= customer.b") == [False, True, None, True]


MIXED = Schema(
    Subject.CUSTOMER,
    (AttributeSpec("n", INT64), AttributeSpec("s", STRING), AttributeSpec("flag", BOOL), AttributeSpec("tags", LIST)),
)
ROWS: list[dict[str, Value]] = [
    {"n": 1, "s": "a", "flag": True, "tags": ("a", "b")},
    {"n": None, "s": None, "flag": None, "tags": ()},
    {"n": INT64_MAX, "s": "z", "flag": False, "tags": ("z",)},
]


@pytest.fixture
def judge(engine: Engine) -> Judge:
    """A judge over a full row, an empty one, and one that overflows."""
    return Judge(engine, MIXED, ROWS)


def test_null_is_in_no_list_of_values(judge: Judge) -> None:
    """`in` of a missing value is false, never unknown; of a present one it is decided."""
    assert judge.verdicts("customer.n in [1, 2]") == [True, False, False]
    assert judge.verdicts("!(customer.n in [1, 2])") == [False, True, True]
    assert judge.verdicts('customer.s in ["a", "b"]') == [True, False, False]
    assert judge.verdicts("customer.s in customer.tags") == [True, False, True]
    assert judge.verdicts('"b" in customer.tags') == [True, False, False]
    assert judge.verdicts("customer.flag in [true]") == [True, False, False]


def test_a_failing_element_fails_the_list(judge: Judge) -> None:
    """A list literal is built first: one unknown element makes `in` unknown, found or not."""
    assert judge.verdicts("1 in [1, customer.n + 1]") == [True, None, None]
    assert judge.verdicts("customer.n in [1, customer.n + 1]") == [True, None, None]
    assert judge.verdicts("customer.n in [customer.n]") == [True, True, True]
    assert judge.verdicts("customer.n + 1 in [2]") == [True, None, None]


def test_a_missing_list_is_empty(judge: Judge) -> None:
    """A list is never missing: it has no elements, and `has` says no."""
    assert judge.verdicts("has(customer.tags)") == [True, False, True]
    assert judge.values("customer.tags.size()") == [2, 0, 1]
    assert judge.verdicts('customer.tags[1] == "b"') == [True, None, None]
    assert judge.verdicts('customer.tags == ["z"]') == [False, False, True]


def test_a_missing_condition_chooses_nothing(judge: Judge) -> None:
    """A ternary over a missing condition is unknown; its branches may be missing values."""
    assert judge.values("customer.flag ? 1 : 2") == [1, UNKNOWN, 2]
    assert judge.values("has(customer.flag) ? customer.n : customer.n") == [1, None, INT64_MAX]
    assert judge.values('has(customer.s) ? customer.s : "none"') == ["a", "none", "z"]


def test_a_missing_truth_value_is_neither(judge: Judge) -> None:
    """A segment that is just a missing attribute is unknown; its negation too."""
    assert judge.verdicts("customer.flag") == [True, None, False]
    assert judge.verdicts("!customer.flag") == [False, None, True]
    assert judge.verdicts("customer.flag == true") == [True, False, False]
    assert judge.verdicts("customer.flag != true") == [False, True, True]


def test_a_computed_attribute_carries_null_and_unknown(engine: Engine) -> None:
    """Reading a computed attribute means its expression: null stays null, unknown stays unknown, also in `has`."""
    computed = (
        AttributeSpec("copy", INT64, expression="customer.n"),
        AttributeSpec("next", INT64, expression="customer.n + 1"),
        AttributeSpec("words", LIST, expression="customer.tags"),
        AttributeSpec("later", INT64, expression="customer.next + 1"),
    )
    judge = Judge(engine, Schema(Subject.CUSTOMER, (*MIXED.attributes, *computed)), ROWS)
    assert judge.values("customer.copy") == [1, None, INT64_MAX]
    assert judge.values("customer.next") == [2, UNKNOWN, UNKNOWN]
    assert judge.values("customer.later") == [3, UNKNOWN, UNKNOWN]
    assert judge.verdicts("has(customer.copy)") == [True, False, True]
    assert judge.verdicts("has(customer.next)") == [True, None, None]
    assert judge.verdicts("has(customer.words)") == [True, False, True]
    assert judge.verdicts("customer.copy == null") == [False, True, False]
    assert judge.verdicts("customer.next == null") == [False, None, None]
