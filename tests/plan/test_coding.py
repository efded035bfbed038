"""Programs over codes: comparisons of one column become sets of its codes, and as few operations as these need."""

from __future__ import annotations

import math
from collections.abc import Hashable
from itertools import pairwise, product

import pytest

from segmentd.columns.coding import Layout, Ranges, Truths
from segmentd.plan import Program
from segmentd.plan.coding import CodedCircuit, codes_between, run_count, runs
from segmentd.plan.operations import Op
from segmentd.plan.parts import Part
from segmentd.plan.sources import SlicedCodes
from segmentd.plan.thresholds import Distinctions, Span
from tests.plan.test_compile import operations, plan


def coded(program: Program, *, missing: bool = True, nan: bool = True) -> Program:
    """The program for columns coded by its own cuts."""
    layouts: dict[Hashable, Layout] = {
        (name,): Ranges(tuple(sorted(cuts)), missing, nan) for name, cuts in program.distinctions.cuts.items()
    }
    return program.for_batch(layouts, frozenset())


@pytest.mark.parametrize("members", range(1 << 6))
def test_runs_of_a_set(members: int) -> None:
    """The runs are the maximal ranges of a set's codes, and as many as are counted."""
    found = list(runs(members))
    assert sum((1 << stop) - (1 << start) for start, stop in found) == members
    assert all(stop < start for (_, stop), (start, _) in pairwise(found))
    assert run_count(members) == len(found)


def test_a_comparison_with_its_unknowns_is_two_operations() -> None:
    """Where a value is missing is a set of the column's codes as well: no plane of validity is read."""
    program = coded(plan(a="customer.income >= 3.0"))
    assert operations(program) == [Op.CODE_AT_LEAST, Op.CODE_AT_LEAST, Op.NOT, Op.EMIT_SEGMENT]


def test_a_range_of_one_column_is_one_set() -> None:
    """Two bounds of one column, both required, are a range of codes, however they are written."""
    first = coded(plan(a="customer.age >= 18 && customer.age < 30"))
    second = coded(plan(a="!(customer.age < 18) && !(customer.age > 29) && customer.age >= 18"))
    for program in (first, second):
        assert operations(program) == [Op.CODE_AT_LEAST, Op.CODE_AT_LEAST, Op.AND_NOT, Op.EMIT_SEGMENT]


def test_what_contradicts_itself_is_nobody() -> None:
    """A column that is at least 5 and below 3 is read for nothing."""
    program = coded(plan(a="customer.age >= 5 && customer.age < 3"))
    assert operations(program) == [Op.ZEROS, Op.EMIT_SEGMENT]


def test_a_bound_that_codes_lack_is_compared_with_the_column() -> None:
    """New thresholds run on the raw column until it is coded anew; the others run on codes."""
    old = plan(a="customer.income >= 3.0")
    new = plan(a="customer.income >= 3.0", b="customer.income >= 4.0")
    layouts: dict[Hashable, Layout] = {
        ("income",): Ranges(tuple(sorted(old.distinctions.cuts["income"])), has_missing=True, has_nan=False)
    }
    program = new.for_batch(layouts, frozenset())
    assert {Op.COMPARE_DOUBLE, Op.CODE_AT_LEAST} <= set(operations(program))


@pytest.mark.parametrize(
    ("text", "cuts"),
    [
        ("customer.age >= 5", {5}),
        ("customer.age > 5", {6}),
        ("customer.age < 5", {5}),
        ("customer.age <= 5", {6}),
        ("customer.age == 5", {5, 6}),
        ("customer.age > 9223372036854775807", set()),
        ("customer.age == 9223372036854775807", {2**63 - 1}),
        ("customer.income >= 5.0", {5.0}),
        ("customer.income > 5.0", {math.nextafter(5.0, math.inf)}),
        ("customer.income == -0.0", {0.0, 5e-324}),
        ("customer.income <= 1.7976931348623157e308", {math.inf}),
    ],
)
def test_cuts_of_comparisons(text: str, cuts: set[float]) -> None:
    """A comparison is told apart by the values at which its answer changes."""
    found = plan(a=text).distinctions.cuts
    assert set(*found.values()) == cuts if cuts else not found


def test_moving_bounds_have_no_cuts() -> None:
    """What is compared with `now` changes with every request and is no threshold."""
    program = plan(a='timestamp(customer.age) < now - duration("24h")', b="customer.income >= 1.0")
    assert set(program.distinctions.cuts) == {"income"}
    assert not program.distinctions.values


def test_computed_values_and_their_failures_are_kept() -> None:
    """A sum that is compared with bounds has cuts of its own, and where it overflows is a plane of its own."""
    program = plan(a="customer.age + 1 >= 5", b="customer.age + 1 >= 9")
    (part,) = program.distinctions.values
    assert part.op is Op.ADD_INT
    assert program.distinctions.values[part] == {5, 9}
    assert {each.op for each in program.distinctions.planes} == {Op.FAILED}
    layouts: dict[Hashable, Layout] = {part: Ranges((5, 9), has_missing=False, has_nan=False)}
    layouts.update((each, Truths(is_empty=True)) for each in program.distinctions.planes)
    variant = program.for_batch(layouts, frozenset())
    assert set(operations(variant)) == {Op.CODE_AT_LEAST, Op.EMIT_SEGMENT}


def test_equal_parts_are_equal_whoever_asks() -> None:
    """A sum in two programs is one part, so what is kept of it serves both."""
    first = plan(a="customer.age + 1 >= 5").distinctions
    second = plan(b="customer.age + 1 >= 7 || customer.income > 3.0").distinctions
    assert set(first.values) == set(second.values)
    joined = first.joined(second)
    assert joined.values == {part: first.values[part] | second.values[part] for part in first.values}
    assert joined.planes == first.planes | second.planes
    assert joined.within({"income"}) == Distinctions(
        {"income": frozenset({math.nextafter(3.0, math.inf)})}, schema=second.schema
    )


def test_sets_of_one_column_are_what_logic_says() -> None:
    """Every set of four codes, joined with every other by both operations, has the plane of the resulting set."""
    codes = SlicedCodes(("a",), ("a",), Ranges((1, 2, 3), has_missing=False, has_nan=False))
    circuit = CodedCircuit()
    for left, right in product(range(16), repeat=2):
        one, other = circuit.plane(codes, left), circuit.plane(codes, right)
        assert circuit.both(one, other) == circuit.plane(codes, left & right)
        assert circuit.either(one, other) == circuit.plane(codes, left | right)
        assert circuit.complement(one) == circuit.plane(codes, 15 ^ left)


def test_codes_between_cuts() -> None:
    """A span of values is the codes of its ranges, without those of missing rows and NaN."""
    layout = Ranges((10, 20, 30), has_missing=True, has_nan=True)
    assert codes_between(layout, Span(10, 30)) == 0b011000
    assert codes_between(layout, Span(None, 20)) == 0b001100
    assert codes_between(layout, Span(20, None)) == 0b110000
    assert codes_between(layout, Span(15, None)) is None


def test_a_part_is_what_it_reads() -> None:
    """A part knows the attributes below it."""
    (part,) = plan(a="customer.age * 2 > 5").distinctions.values
    assert isinstance(part, Part)
    assert part.attributes == {"age"}
    assert part.is_stable
