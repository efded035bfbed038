"""Errors become lines that say what is wrong and an exit code that says whose fault it is."""

from pathlib import Path

import pytest

from segmentd.cli.exits import MEANINGS, ExitCode
from segmentd.cli.failures import explain
from segmentd.client import SegmentdCallError, ServerUnreachableError
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError, Status


class WrongExpressionError(SegmentdError):
    """An error whose reason lies in a definition."""

    reason = ErrorReason.EXPRESSION_TYPE


class WrongFileError(SegmentdError):
    """An error whose reason lies in a data file."""

    reason = ErrorReason.POPULATION_MISMATCH
    status = Status.INVALID_ARGUMENT


def refused(status: str, reason: str) -> SegmentdCallError:
    """A call that the server answered with an error."""
    return SegmentdCallError(status, "no attribute 'incom'", reason=reason)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WrongExpressionError("no overload"), ExitCode.INVALID),
        (WrongFileError("column age is text"), ExitCode.INPUT),
        (FileNotFoundError(2, "No such file or directory", "bank.parquet"), ExitCode.INPUT),
        (ServerUnreachableError("UNAVAILABLE", "no server answers"), ExitCode.UNREACHABLE),
        (refused("NOT_FOUND", "LEDGER_NOT_FOUND"), ExitCode.REFUSED),
        (refused("INVALID_ARGUMENT", "UNKNOWN_ATTRIBUTE"), ExitCode.REFUSED),
        (refused("INTERNAL", "INTERNAL"), ExitCode.FAILED),
        (refused("DEADLINE_EXCEEDED", ""), ExitCode.FAILED),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(error: Exception, code: ExitCode) -> None:
    """Definitions, files, an absent server, a refusal and a failing server are told apart."""
    failure = explain(error)
    assert failure is not None
    assert failure.code is code


def test_a_refusal_shows_message_reason_field_context_and_advice() -> None:
    """The lines are the message with its reason, the field with its caret, what was being done, and what to do."""
    error = refused("NOT_FOUND", "LEDGER_NOT_FOUND")
    error.fields = (FieldViolation("segment.expression", "line 1, column 10\ncustomer.incom > 3\n         ^"),)
    error.add_note("while applying segment rich")
    failure = explain(error)
    assert failure is not None
    assert failure.lines == (
        "error: no attribute 'incom' [LEDGER_NOT_FOUND]",
        "  segment.expression: line 1, column 10",
        "    customer.incom > 3",
        "             ^",
        "  while applying segment rich",
        "  create the ledger, or name another one",
    )


def test_a_file_that_cannot_be_read_is_named() -> None:
    """An OSError is shown with its file and without a number."""
    with pytest.raises(FileNotFoundError) as caught:
        Path("/nowhere/bank.parquet").read_bytes()
    failure = explain(caught.value)
    assert failure is not None
    assert failure.lines == ("error: /nowhere/bank.parquet: No such file or directory",)


def test_a_defect_is_not_explained_away() -> None:
    """An exception that nobody foresaw keeps its traceback."""
    assert explain(ZeroDivisionError()) is None


def test_every_exit_code_is_described() -> None:
    """The help describes each code."""
    assert set(MEANINGS) == set(ExitCode)
