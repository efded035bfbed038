"""What expressions compile to, and what is said about those that do not compile, as text."""

from __future__ import annotations

import pytest

from segmentd.language import Environment, ExpressionError
from tests.language.cases import FOLDER, Case, read_cases
from tests.language.schemas import ACCOUNTS, SCHEMA, SCHEMA_WITH_ACCOUNTS, tree_text

CASES = [case for file in sorted(FOLDER.glob("*.txt")) for case in read_cases(file.name)]

MACROS = [case for file in sorted((FOLDER / "macros").glob("*.txt")) for case in read_cases(f"macros/{file.name}")]


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The environment of the shared schema."""
    return Environment(SCHEMA)


@pytest.fixture(scope="module")
def with_accounts() -> Environment:
    """The environment of customers who have accounts."""
    return Environment(SCHEMA_WITH_ACCOUNTS, {"accounts": ACCOUNTS})


def outcome(environment: Environment, expression: str) -> str:
    """Type, tree and warnings, or the reason, place and words of every issue."""
    try:
        compiled = environment.compile(expression, result=None)
    except ExpressionError as error:
        return "\n".join(f"{issue.reason} {issue}" for issue in error.issues)
    return "\n".join([f"{compiled.type} {tree_text(compiled.tree)}", *(f"warning {w}" for w in compiled.warnings)])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outcome(environment: Environment, case: Case) -> None:
    """An expression of a fixture compiles to the text below it."""
    assert outcome(environment, case.expression) == case.expected


@pytest.mark.parametrize("case", MACROS, ids=str)
def test_outcome_of_macros(with_accounts: Environment, case: Case) -> None:
    """An expression over accounts compiles to the text below it, and so do refusals of what macros lack."""
    assert outcome(with_accounts, case.expression) == case.expected


@pytest.mark.parametrize("case", [case for case in CASES if "^" in case.expected], ids=str)
def test_nothing_of_ours_leaks(environment: Environment, case: Case) -> None:
    """Messages name neither the message type, nor the file name that the parser makes up, nor its wrappers."""
    said = outcome(environment, case.expression)
    lines = [line for line in said.split("\n") if line not in case.expression.split("\n")]
    for word in ("ledger.", "<input>", "wrapper(", "container", "google.protobuf", "INVALID_ARGUMENT"):
        if word not in case.expression:
            assert word not in "\n".join(lines)
