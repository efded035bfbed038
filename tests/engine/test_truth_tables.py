"""The complete truth tables of CEL's logic, through the engine, with both kinds of unknown."""

from __future__ import annotations

from itertools import product

import pytest

from segmentd.engine import Engine
from segmentd.schema import BOOL, INT64, AttributeSpec, Schema, Subject
from tests.oracle.edges import INT64_MAX
from tests.oracle.judge import Judge

T, F, U = True, False, None
VALUES = (T, F, U)

AND = {(T, T): T, (T, F): F, (T, U): U, (F, T): F, (F, F): F, (F, U): F, (U, T): U, (U, F): F, (U, U): U}
OR = {(T, T): T, (T, F): T, (T, U): T, (F, T): T, (F, F): F, (F, U): U, (U, T): T, (U, F): U, (U, U): U}
NOT = {T: F, F: T, U: U}


Truth = bool | None


def ternary(operands: tuple[Truth, ...]) -> Truth:
    """CEL's conditional: the chosen branch alone counts, and an unknown condition chooses none."""
    condition, chosen, other = operands
    return {T: chosen, F: other, U: U}[condition]


NAMES = ("first", "second", "third")
SCHEMA = Schema(
    Subject.CUSTOMER,
    tuple(AttributeSpec(name, BOOL) for name in NAMES) + tuple(AttributeSpec(f"{name}Number", INT64) for name in NAMES),
)
NUMBERS = {T: 5, F: -5, U: INT64_MAX}
ROWS = [
    dict(zip(NAMES, values, strict=True))
    | {f"{name}Number": NUMBERS[value] for name, value in zip(NAMES, values, strict=True)}
    for values in product(VALUES, repeat=3)
]
OPERANDS = {
    "missing attributes": "customer.{}",
    "overflow": "(customer.{}Number + 1 > 0)",
    "negated missing attributes": "!!customer.{}",
}


@pytest.fixture(params=list(OPERANDS.values()), ids=list(OPERANDS))
def operands(request: pytest.FixtureRequest) -> list[str]:
    """Three conditions that run through all combinations of true, false and unknown over `ROWS`."""
    return [str(request.param).format(name) for name in NAMES]


@pytest.fixture
def judge(engine: Engine) -> Judge:
    """A judge over the 27 combinations."""
    return Judge(engine, SCHEMA, ROWS)


def rows_of(*names: str) -> list[tuple[Truth, ...]]:
    """The truth values of the named operands, row by row."""
    return [tuple(row[name] for name in names) for row in ROWS]  # type: ignore[misc]


def test_the_operands_are_themselves(judge: Judge, operands: list[str]) -> None:
    """Each operand is true, false and unknown where it is meant to be."""
    for name, operand in zip(NAMES, operands, strict=True):
        assert judge.verdicts(operand) == [row[0] for row in rows_of(name)]


def test_conjunction(judge: Judge, operands: list[str]) -> None:
    """`&&` is false beside any false, whatever else is unknown."""
    found = judge.verdicts(f"{operands[0]} && {operands[1]}")
    assert found == [AND[pair] for pair in rows_of("first", "second")]  # type: ignore[index]


def test_disjunction(judge: Judge, operands: list[str]) -> None:
    """`||` is true beside any true, whatever else is unknown."""
    found = judge.verdicts(f"{operands[0]} || {operands[1]}")
    assert found == [OR[pair] for pair in rows_of("first", "second")]  # type: ignore[index]


def test_negation(judge: Judge, operands: list[str]) -> None:
    """`!` leaves unknown unknown."""
    assert judge.verdicts(f"!({operands[0]})") == [NOT[row[0]] for row in rows_of("first")]


def test_conditional(judge: Judge, operands: list[str]) -> None:
    """`?:` is what its chosen branch is; the other may be unknown."""
    found = judge.verdicts(f"{operands[0]} ? {operands[1]} : {operands[2]}")
    assert found == [ternary(row) for row in rows_of(*NAMES)]


@pytest.mark.parametrize("outer", ["{0} && ({1} || {2})", "!({0} && {1}) || {2}", "!({0} ? {1} : {2})"])
def test_nested_logic(judge: Judge, operands: list[str], outer: str) -> None:
    """Compositions follow from the tables of their parts."""
    rules = {
        "{0} && ({1} || {2})": lambda a, b, c: AND[a, OR[b, c]],
        "!({0} && {1}) || {2}": lambda a, b, c: OR[NOT[AND[a, b]], c],
        "!({0} ? {1} : {2})": lambda a, b, c: NOT[ternary((a, b, c))],
    }
    assert judge.verdicts(outer.format(*operands)) == [rules[outer](*row) for row in rows_of(*NAMES)]


def test_equality_of_truth_values(judge: Judge) -> None:
    """`==` of two missing truth values is true; of an overflowed one it is unknown."""
    assert judge.verdicts("customer.first == customer.second") == [a is b for a, b in rows_of("first", "second")]
    strict = judge.verdicts("(customer.firstNumber + 1 > 0) == (customer.secondNumber + 1 > 0)")
    assert strict == [None if None in (a, b) else a is b for a, b in rows_of("first", "second")]


def test_segments_in_logic(judge: Judge) -> None:
    """Another segment's verdict is an operand like any other, unknown included."""
    found = judge.together(
        {
            "one": "customer.first",
            "two": "customer.secondNumber + 1 > 0",
            "both": '"one" in customer.segments && "two" in customer.segments',
            "either": '"one" in customer.segments || "two" in customer.segments',
            "neither": '!("one" in customer.segments) && !("two" in customer.segments)',
            "chosen": '"one" in customer.segments ? "two" in customer.segments : customer.third',
        }
    )
    pairs = rows_of("first", "second")
    assert found["both"] == [AND[pair] for pair in pairs]  # type: ignore[index]
    assert found["either"] == [OR[pair] for pair in pairs]  # type: ignore[index]
    assert found["neither"] == [AND[NOT[a], NOT[b]] for a, b in pairs]
    assert found["chosen"] == [ternary(row) for row in rows_of(*NAMES)]


def test_inactive_segments_are_false(judge: Judge) -> None:
    """Membership in an inactive segment is false, never unknown."""
    found = judge.together({"off": None, "in": '"off" in customer.segments', "out": '!("off" in customer.segments)'})
    assert set(found["in"]) == {False}
    assert set(found["out"]) == {True}
