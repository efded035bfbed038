"""Programs: what is shared, what is left out, and in which order things are computed."""

from __future__ import annotations

import pytest

from segmentd.errors import ErrorReason
from segmentd.language import Environment, ExpressionError
from segmentd.language.overloads import SUPPORTED, Evaluation
from segmentd.language.tree import Node
from segmentd.plan import Program, compile_plannable, compile_program
from segmentd.plan.compile import HANDLERS
from segmentd.plan.operations import OPERANDS, Op
from segmentd.plan.text import PlanTooLargeError
from segmentd.schema import BOOL, DOUBLE, INT64, STRING, AttributeSpec, Schema, Subject

SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("income", DOUBLE),
        AttributeSpec("age", INT64, required=True),
        AttributeSpec("country", STRING),
        AttributeSpec("city", STRING),
        AttributeSpec("student", BOOL),
    ),
)


def plan(**expressions: str | None) -> Program:
    """The program of segments given by their expressions, all asked for; None is inactive."""
    environment = Environment(SCHEMA)
    definitions: dict[str, Node | None] = {
        name: None if text is None else environment.compile(text).tree for name, text in expressions.items()
    }
    return compile_program(list(definitions), [], definitions, SCHEMA)


def operations(program: Program) -> list[Op]:
    """The operations of a program, in order."""
    return [instruction.op for instruction in program.instructions]


def test_every_operation_with_a_kernel_is_lowered() -> None:
    """Each overload that the language calls a kernel's has a handler, and no handler is for anything else."""
    kernels = {name for name, overload in SUPPORTED.items() if overload.evaluation is Evaluation.KERNEL}
    assert set(HANDLERS) | {"conditional"} == kernels


def test_every_operation_says_its_operands() -> None:
    """Rendering and encoding know the operands of every operation that can stand in a program."""
    assert {op for op in Op if op not in (Op.ZEROS, Op.ONES, Op.FAILED)} == set(OPERANDS)


def test_equal_conditions_of_two_segments_are_computed_once() -> None:
    """The same comparison in two segments, in whatever company, is one instruction."""
    program = plan(a="customer.income >= 3000.0", b="customer.age > 18 && customer.income >= 3000.0")
    assert operations(program).count(Op.COMPARE_DOUBLE) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer.age > 18", "customer.age >= 19"),
        ("customer.age < 19", "!(customer.age >= 19)"),
        ("customer.age <= 18", "!(customer.age > 18)"),
        ("18 < customer.age", "customer.age > 18"),
        ("customer.age > 18.5", "customer.age >= 19"),
    ],
)
def test_integer_orderings_that_mean_the_same_are_one_condition(one: str, other: str) -> None:
    """Integer comparisons are reduced to `>=` and its negation."""
    assert operations(plan(a=one, b=other)).count(Op.COMPARE_INT) == 1


def test_doubles_keep_their_orderings_apart() -> None:
    """With NaN `!(x < 3)` is not `x >= 3`, so they stay two conditions."""
    program = plan(a="!(customer.income < 3.0)", b="customer.income >= 3.0")
    assert operations(program).count(Op.COMPARE_DOUBLE) == 2


def test_a_segment_that_cannot_be_unknown_has_no_unknown_plane() -> None:
    """Only required attributes and presence are read: nothing is computed for unknowns."""
    program = plan(a="customer.age > 18 && has(customer.income)")
    emission = program.instructions[-1]
    assert emission.op is Op.EMIT_SEGMENT
    assert emission.operands[1] == -1


def test_the_unknowns_of_a_comparison_are_the_rows_without_a_value() -> None:
    """True and false rows join to the validity, so the unknown plane is its negation and nothing else."""
    program = plan(a="customer.income >= 3.0")
    assert sorted(operations(program)) == sorted([Op.VALIDITY, Op.COMPARE_DOUBLE, Op.AND, Op.NOT, Op.EMIT_SEGMENT])


def test_attributes_without_missing_values_need_no_validity() -> None:
    """For rows in which a nullable attribute has values throughout, it is as good as a required one."""
    program = plan(a="customer.income >= 3.0 && customer.student")
    variant = program.for_batch({}, frozenset({"income", "student"}))
    assert Op.VALIDITY in operations(program)
    assert Op.VALIDITY not in operations(variant)
    assert variant.instructions[-1].operands[1] == -1
    assert program.for_batch({}, frozenset({"income", "student"})) is variant


def test_an_inactive_segment_is_false_wherever_it_is_referred_to() -> None:
    """`"off" in customer.segments` of an inactive segment is false, and its negation true."""
    program = plan(off=None, other='!("off" in customer.segments)')
    assert operations(program) == [Op.ZEROS, Op.EMIT_SEGMENT, Op.ONES, Op.EMIT_SEGMENT]


def test_a_referred_segment_is_lowered_once_for_all() -> None:
    """Five segments that refer to one compute its conditions once."""
    others = {f"s{index}": f'"base" in customer.segments && customer.age > {index}' for index in range(5)}
    program = plan(base="customer.income >= 3.0 && customer.student", **others)
    assert operations(program).count(Op.COMPARE_DOUBLE) == 1
    assert operations(program).count(Op.COLUMN_BITS) == 1


def test_a_chain_of_a_thousand_segments_is_planned() -> None:
    """References are followed without recursion."""
    chain = {f"s{index}": f'"s{index - 1}" in customer.segments && customer.age > {index}' for index in range(1, 1000)}
    program = plan(s0="customer.student", **chain)
    assert len(program.segments) == 1000


def test_a_text_function_is_distributed_over_a_ternary_that_cannot_be_tabulated() -> None:
    """`f(c ? a : b)` becomes `c ? f(a) : f(b)`, each tabulated by one column."""
    program = plan(a="(customer.income > 1.0 ? customer.country : customer.city).startsWith('P')")
    assert {getattr(table, "attributes", None) for table in program.tables} == {("country",), ("city",)}


def test_distribution_is_bounded() -> None:
    """Ternaries that would multiply beyond measure are refused instead of planned."""
    ternaries = " + ".join(f"(customer.income > {index}.0 ? customer.country : 'x')" for index in range(14))
    with pytest.raises(PlanTooLargeError, match="multiply"):
        plan(a=f"({ternaries}) == 'y'")


def test_an_expression_without_a_plan_is_refused_when_it_is_compiled() -> None:
    """With the place of a text function that would multiply; others are as the environment compiles them."""
    text = "true &&\n(" + "+".join(f"(customer.income > {i}.0 ? 'a' : 'b')" for i in range(20)) + ") == 'c'"
    with pytest.raises(ExpressionError, match="multiply") as caught:
        compile_plannable(Environment(SCHEMA), text)
    (issue,) = caught.value.issues
    assert issue.reason is ErrorReason.EXPRESSION_TOO_DEEP
    assert issue.position.line == 2
    assert issue.snippet.split("\n")[1].endswith("^")
    assert caught.value.metadata["limit"] == "16384"


def test_functions_that_multiply_a_little_are_refused_where_they_are_many() -> None:
    """Each would make 1,084 parts of itself: fifteen stay within the limit, sixteen do not."""

    def six(start: int) -> str:
        parts = (f"(customer.income > {start + i}.0 ? customer.city : 'x')" for i in range(6))
        return f"{'+'.join(parts)} == 'y'"

    functions = [six(10 * count) for count in range(16)]
    environment = Environment(SCHEMA)
    assert compile_plannable(environment, " || ".join(functions[:15])).type == BOOL
    with pytest.raises(ExpressionError, match="multiply"):
        compile_plannable(environment, " || ".join(functions))


def test_an_expression_is_planned_alone_whatever_it_refers_to() -> None:
    """Segments that it refers to need not exist for that."""
    compiled = compile_plannable(Environment(SCHEMA), '"nowhere" in customer.segments && customer.age > 3')
    assert compiled.segments == {"nowhere"}


def test_attributes_name_who_needs_them() -> None:
    """Each attribute read, also through a referred segment, comes with the asked segments that need it."""
    program = plan(base="customer.student", top='"base" in customer.segments && customer.age > 3')
    assert program.attributes == {"age": ("top",), "student": ("base", "top")}


def test_render_shows_what_is_read_and_computed() -> None:
    """The text form names columns, parameters, tables and every instruction."""
    text = plan(a="customer.income >= 3000.0 && customer.country == 'DE'").render()
    assert text.splitlines()[0] == (
        "1 segment, 0 computed attributes asked for, 2 attributes, 3 distinct conditions, 11 instructions, "
        "registers: 5 planes, 0 integers, 0 doubles"
    )
    assert "k0 = 3000.0" in text
    assert "t0 = flags of equals(country, 'DE'), once per distinct (country)" in text
    assert "compare_double(>=, c0, k0)" in text
