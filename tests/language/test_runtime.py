"""Evaluating parts of trees on plain values: every kind of value in and out, null and unknown."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator, Unknown
from segmentd.language.tree import (
    AttributeRead,
    Call,
    Constant,
    ListLiteral,
    Node,
    Now,
    Presence,
    SegmentVerdict,
    Value,
)
from segmentd.schema import BOOL, DATE, DOUBLE, DURATION, INT64, LIST, NULL, STRING, TIMESTAMP, DataType
from tests.language.schemas import EUR

ROUND_TRIPS: list[tuple[DataType, Value]] = [
    (BOOL, True),
    (BOOL, False),
    (INT64, 0),
    (INT64, -(2**63)),
    (INT64, 2**63 - 1),
    (EUR, 12_345),
    (DOUBLE, 0.1),
    (DOUBLE, math.inf),
    (DOUBLE, -math.inf),
    (DOUBLE, 5e-324),
    (STRING, ""),
    (STRING, "čeština 😀"),
    (STRING, "nul\0inside"),
    (STRING, "UNKNOWN: no error"),
    (TIMESTAMP, 0),
    (TIMESTAMP, -1),
    (TIMESTAMP, -62_135_596_800_000_000),
    (TIMESTAMP, 253_402_300_799_999_999),
    (DATE, 1_593_554_400_000_000),
    (LIST, ()),
    (LIST, ("", "ß", "nul\0inside")),
    (STRING, None),
    (DOUBLE, None),
    (TIMESTAMP, None),
]


def evaluate(
    node: Node, inputs: tuple[str, ...] = (), *rows: tuple[Value, ...], now_us: int | None = None
) -> list[object]:
    """The node's value per row, in the zone of Prague."""
    return list(SubtreeEvaluator(node, inputs, "Europe/Prague").evaluate(rows or [()], now_us))


def read(id_: str, type_: DataType) -> AttributeRead:
    """A nullable attribute."""
    return AttributeRead(id_, type_, required=False)


@pytest.mark.parametrize(("type_", "value"), ROUND_TRIPS, ids=repr)
def test_inputs_come_back(type_: DataType, value: Value) -> None:
    """An attribute's value is the value given for it, of the same Python type."""
    (result,) = evaluate(read("x", type_), ("x",), (value,))
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("type_", "value"), [pair for pair in ROUND_TRIPS if pair[1] is not None], ids=repr)
def test_constants_come_back(type_: DataType, value: Value) -> None:
    """A constant's value is its own."""
    assert evaluate(Constant(value, type_)) == [value]


def test_nan() -> None:
    """NaN passes in both directions."""
    (result,) = evaluate(read("x", DOUBLE), ("x",), (math.nan,))
    assert isinstance(result, float)
    assert math.isnan(result)


def test_zero_keeps_its_sign() -> None:
    """-0.0 stays negative."""
    (result,) = evaluate(read("x", DOUBLE), ("x",), (-0.0,))
    assert math.copysign(1.0, result) == -1.0 if isinstance(result, float) else False


def test_durations() -> None:
    """Durations are microseconds, negative ones too."""
    assert evaluate(Constant(-1_500_001, DURATION)) == [-1_500_001]
    difference = Call("subtract_timestamp_timestamp", (Now(), Constant(5, TIMESTAMP)), DURATION)
    assert evaluate(difference, now_us=2) == [-3]


def test_null_is_none_and_errors_are_unknown() -> None:
    """A missing value equals null, and an ordering of it is unknown; the two are told apart."""
    equals = Call("equals", (read("x", INT64), Constant(None, NULL)), BOOL)
    less = Call("less_int64", (read("x", INT64), Constant(1, INT64)), BOOL)
    assert evaluate(equals, ("x",), (None,), (3,)) == [True, False]
    assert evaluate(less, ("x",), (None,), (3,), (0,)) == [UNKNOWN, False, True]
    assert evaluate(Constant(None, NULL)) == [None]


def test_presence() -> None:
    """A scalar is there when it is not null, a list when it is not empty."""
    assert evaluate(Presence("x", STRING, required=False), ("x",), ("",), (None,)) == [True, False]
    assert evaluate(Presence("x", LIST, required=False), ("x",), ((),), (("",),)) == [False, True]


def test_text_may_hold_nul() -> None:
    """Text is seen as a whole, also behind a NUL, in attributes, in elements of lists and in comparisons."""
    assert evaluate(Call("size_string", (read("x", STRING),), INT64), ("x",), ("a\0b",)) == [3]
    member = Call("in_list", (read("x", STRING), read("xs", LIST)), BOOL)
    assert evaluate(member, ("x", "xs"), ("a\0b", ("a\0b",)), ("a", ("a\0b",))) == [True, False]


def test_a_list_that_holds_null_is_unknown() -> None:
    """A list value has no place for a missing element."""
    assert evaluate(ListLiteral((read("x", STRING),), LIST), ("x",), ("a",), (None,)) == [("a",), UNKNOWN]


def test_now_alone() -> None:
    """A part without inputs is evaluated on `now`, once per row that is given."""
    year = Call("timestamp_to_year", (Now(),), INT64)
    assert evaluate(year, (), (), (), now_us=1_582_934_400_000_000) == [2020, 2020]


def test_now_must_be_given() -> None:
    """Without a moment for `now`, what depends on it is unknown."""
    assert evaluate(Call("timestamp_to_year", (Now(),), INT64)) == [UNKNOWN]


def test_calendar_functions_are_in_the_zone() -> None:
    """23:30 in UTC is the next day in Prague."""
    days = Call("days_between_timestamp_timestamp", (read("a", TIMESTAMP), read("b", TIMESTAMP)), INT64)
    half_past_23 = 23 * 3_600_000_000 + 1_800_000_000
    assert evaluate(days, ("a", "b"), (0, half_past_23), (half_past_23, 0), (None, 0)) == [1, -1, UNKNOWN]


def test_decimals_become_major_units() -> None:
    """double() of a decimal is the division of its minor units by a power of ten."""
    assert evaluate(Call("decimal_to_double", (read("x", EUR),), DOUBLE), ("x",), (1_999,), (None,)) == [19.99, UNKNOWN]


def test_inputs_that_are_not_read() -> None:
    """Inputs may be more than the part reads."""
    assert evaluate(read("b", INT64), ("a", "b"), ("text", 5)) == [5]


def test_verdicts_are_refused() -> None:
    """A segment's verdict is no value of the subject."""
    with pytest.raises(ValueError, match="verdict of segment 'premium'"):
        SubtreeEvaluator(SegmentVerdict("premium"), (), "UTC")


def test_threads_share_an_evaluator() -> None:
    """Several threads may evaluate at once."""
    call = Call("starts_with_string", (read("x", STRING), Constant("D", STRING)), BOOL)
    evaluator = SubtreeEvaluator(call, ("x",), "UTC")
    rows: list[tuple[Value, ...]] = [("DE",), ("CZ",), (None,)] * 2_000
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: evaluator.evaluate(rows), range(8)))
    assert results == [[True, False, Unknown.UNKNOWN] * 2_000] * 8
