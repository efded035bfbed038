"""Instructions come in an order that keeps what they read in the first cache."""

from __future__ import annotations

from itertools import groupby

from segmentd.language import Environment
from segmentd.plan import compile_program
from segmentd.plan.linear import COMPARED_TOGETHER, Instruction
from segmentd.plan.operations import Op
from segmentd.plan.program import Program
from segmentd.schema import DOUBLE, AttributeSpec, Schema, Subject

SCHEMA = Schema(Subject.CUSTOMER, tuple(AttributeSpec(name, DOUBLE, required=True) for name in ("a", "b", "c")))


def program(count: int) -> Program:
    """So many segments, each with a condition of its own on each of three columns."""
    environment = Environment(SCHEMA)
    text = "customer.a > {0} && customer.b > {0} && customer.c > {0}"
    trees = {f"s{number}": environment.compile(text.format(f"{number}.5")).tree for number in range(count)}
    return compile_program(list(trees), [], trees, SCHEMA)


def runs(instructions: tuple[Instruction, ...]) -> list[tuple[int | str, int]]:
    """The columns that are compared one after the other, with how many times in a row."""
    columns = [instruction.operands[1] for instruction in instructions if instruction.op is Op.COMPARE_DOUBLE]
    return [(column, len(list(same))) for column, same in groupby(columns)]


def test_a_column_is_compared_with_all_bounds_at_once() -> None:
    """Ten segments that ask for the same three columns read each of them in one run."""
    assert sorted(runs(program(10).instructions)) == [(~2, 10), (~1, 10), (~0, 10)]


def test_comparisons_come_in_groups_of_bounded_size() -> None:
    """Many segments' comparisons are not all made before the first is used: their planes would fill the caches."""
    found = runs(program(200).instructions)
    assert sum(times for _, times in found) == 600
    assert len(found) == 9
    assert max(times for _, times in found) <= COMPARED_TOGETHER // 3 + 1
