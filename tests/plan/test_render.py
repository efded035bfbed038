"""Programs as text: codes are shown as the values that they stand for."""

from __future__ import annotations

import re
from collections.abc import Hashable

import pytest

from segmentd.columns.coding import Layout, Ranges, Truths
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.plan.coding import Classes
from segmentd.plan.operations import Op
from segmentd.plan.parts import Part
from segmentd.plan.render import render_program
from segmentd.plan.render_codes import render_bound, render_codes
from segmentd.plan.sources import AttributeColumn, CodeColumn, SlicedCodes, int_constants
from segmentd.plan.traffic import bytes_per_row, uncoded_bytes
from segmentd.schema import DATE, DOUBLE, INT64, STRING, AttributeSpec, DataType, Kind, Schema, Subject

SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("income", DOUBLE),
        AttributeSpec("age", INT64),
        AttributeSpec("balance", DataType(Kind.DECIMAL, scale=2, currency="EUR")),
        AttributeSpec("since", DATE),
        AttributeSpec("country", STRING),
    ),
)


def coded(text: str, *, missing: bool = True, nan: bool = False) -> Program:
    """The program of one segment, over codes of all columns that it compares."""
    tree = Environment(SCHEMA).compile(text).tree
    program = compile_program(["one"], [], {"one": tree}, SCHEMA)
    layouts: dict[Hashable, Layout] = {
        (name,): Ranges(tuple(sorted(cuts)), missing, nan) for name, cuts in program.distinctions.cuts.items()
    }
    return program.for_batch(layouts, frozenset())


def bounds(program: Program) -> set[str]:
    """What the comparisons of codes are said to mean."""
    return set(re.findall(r"= code_at_least\(c0, \d+\)  # (.*)", program.render()))


@pytest.mark.parametrize(
    ("expression", "meanings"),
    [
        ("customer.income >= 3000.0", {"has(income)", "income >= 3000.0"}),
        ("customer.income > 3000.0", {"has(income)", "income > 3000.0"}),
        ("customer.income <= 0.1", {"has(income)", "income > 0.1"}),
        ("customer.age > 30", {"has(age)", "age >= 31"}),
        ("customer.age == 30", {"age >= 30", "age >= 31"}),
        ("customer.balance >= 12.50", {"has(balance)", "balance >= 12.50"}),
        ("customer.since < date('2020-01-01')", {"has(since)", "since >= 2020-01-01T00:00:00+00:00"}),
    ],
)
def test_bounds_are_shown_as_values(expression: str, meanings: set[str]) -> None:
    """The text of a program says which values have a code of at least the bound: amounts in major units, moments."""
    assert bounds(coded(expression)) == meanings


def test_nan_is_told_from_numbers() -> None:
    """Where there is NaN, the first range of numbers begins after its code."""
    assert bounds(coded("customer.income < 3000.0", nan=True)) == {
        "has(income)",
        "income is a number",
        "income >= 3000.0",
    }


@pytest.mark.parametrize(
    ("missing", "nan", "bound", "meaning"),
    [
        (True, True, 1, "has(x)"),
        (True, True, 2, "x is a number"),
        (True, True, 3, "x >= 1.5"),
        (True, True, 4, "x >= 3000.0"),
        (True, False, 1, "has(x)"),
        (True, False, 2, "x >= 1.5"),
        (False, True, 1, "x is a number"),
        (False, True, 3, "x >= 3000.0"),
        (False, False, 1, "x >= 1.5"),
    ],
)
def test_each_code_has_a_meaning(*, missing: bool, nan: bool, bound: int, meaning: str) -> None:
    """Missing rows come first, then NaN, then the numbers below the first threshold, then those from each one on."""
    codes = SlicedCodes(("x",), ("x",), Ranges((1.5, 3_000.0), has_missing=missing, has_nan=nan))
    assert render_bound(codes, bound, SCHEMA) == meaning


def test_a_column_of_codes_says_what_it_spares() -> None:
    """Twenty-one thresholds and missing values are 23 codes, which five bits tell apart."""
    expression = " || ".join(f"customer.income == {number}.0" for number in range(10))
    program = coded(f"{expression} || customer.income >= 500.0")
    line = "c0 = codes of income, 5 bits for 21 thresholds (0.625 bytes a row instead of"
    assert f"{line} 8.125)" in program.render()
    assert f"{line} 4.125)" in render_program(program, {"income": 4})


def test_what_codes_spare_has_its_validity_where_it_needs_one() -> None:
    """Of a number that may be missing a bit is read besides; not of a required one, nor of a text."""
    schema = Schema(Subject.CUSTOMER, (*SCHEMA.attributes, AttributeSpec("visits", INT64, required=True)))
    program = compile_program([], [], {}, schema)
    codes = (SlicedCodes((name,), (name,), Classes(2, {}, frozenset())) for name in ("age", "visits", "country"))
    assert [uncoded_bytes(program, each, {"visits": 2}) for each in codes] == [8 + 1 / 8, 2, 4]


def test_codes_of_text_and_of_computed_values_are_named() -> None:
    """What is coded is named by its attributes, or by the calls that compute it."""
    part = Part(Op.ADD_INT, (Part(Op.LOAD_INT, (), (AttributeColumn("age"),)),), (int_constants(0, 9),))
    ranges = SlicedCodes(part, ("age",), Ranges((7,), has_missing=False, has_nan=False))
    assert render_codes(ranges) == "codes of add_int(age, 0, 9), 1 bit for 1 threshold"
    assert render_bound(ranges, 1, SCHEMA) == "add_int(age, 0, 9) >= 7"
    plane = SlicedCodes(part, ("age",), Truths(is_empty=False))
    assert render_bound(plane, 1, SCHEMA) == "add_int(age, 0, 9)"
    classes = SlicedCodes(("city", "country"), ("city", "country"), Classes(6, {}, frozenset()))
    assert render_codes(classes) == "codes of (city, country), 3 bits for 6 classes of values"
    assert render_bound(classes, 4, SCHEMA) == "class 4 or above of (city, country)"


def test_the_bytes_of_a_row_are_those_that_are_read() -> None:
    """A number is eight bytes or its width, its presence a bit, a text its place, a code its bits."""
    both = "customer.income >= 3000.0 && customer.country == 'DE'"
    tree = Environment(SCHEMA).compile(both).tree
    raw = compile_program(["one"], [], {"one": tree}, SCHEMA)
    assert dict(zip(map(str, raw.columns), bytes_per_row(raw, {}), strict=True)) == {
        str(AttributeColumn("income")): 8 + 1 / 8,
        str(CodeColumn(("country",))): 4,
    }
    assert sum(bytes_per_row(raw, {"income": 4})) == 4 + 1 / 8 + 4
    assert sum(bytes_per_row(coded(both), {})) == 2 / 8 + 4


def test_values_are_not_read_where_only_their_presence_is_asked_for() -> None:
    """Of an attribute in `has` alone a bit a row is read."""
    tree = Environment(SCHEMA).compile("has(customer.income)").tree
    assert bytes_per_row(compile_program(["one"], [], {"one": tree}, SCHEMA), {}) == (1 / 8,)
