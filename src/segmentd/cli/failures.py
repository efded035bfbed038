"""Expected errors as a few readable lines on stderr and an exit code, never as a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from segmentd.cli.exits import ExitCode
from segmentd.errors import ErrorReason, FieldViolation, SegmentdError

INVALID_DEFINITIONS = frozenset(
    {
        ErrorReason.EXPRESSION_SYNTAX,
        ErrorReason.EXPRESSION_TYPE,
        ErrorReason.EXPRESSION_TOO_LONG,
        ErrorReason.EXPRESSION_TOO_DEEP,
        ErrorReason.UNKNOWN_ATTRIBUTE,
        ErrorReason.UNKNOWN_SEGMENT,
        ErrorReason.UNSUPPORTED_OPERATION,
        ErrorReason.DECIMAL_MISUSE,
        ErrorReason.CONSTANT_FAILS,
        ErrorReason.SEGMENT_CYCLE,
        ErrorReason.ATTRIBUTE_CYCLE,
    }
)
"""Reasons that lie in definitions, where a command reads them from a file."""

SERVER_FAILED = frozenset(
    {"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "DATA_LOSS"}
)

ADVICE = (
    ("invalid UTF8 data", "the text is not in UTF-8: save the file as UTF-8"),
    ("for the ids; there are", "name it with --id"),
    ("Rescaling Decimal value", "an amount has more digits after the point than its attribute's type"),
    ("is not a valid decimal128 number", "an amount is written with a point and without separators, such as 1234.50"),
    ("CSV conversion error to double", "a number is written with a point and without separators, such as 1234.5"),
    ("CSV conversion error to int64", "a whole number is written without a point or separators, such as 1234"),
    ("CSV conversion error to date32", "a date is written as 2024-01-31"),
    ("CSV conversion error to bool", "a truth value is written as true or false"),
    ("the ending '.jsonl'", "JSON lines are read by `segmentd ledger import`"),
)
"""What to do about a file, by a part of what the libraries that read it say."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What is printed for an error, and how the command ends."""

    lines: tuple[str, ...]
    code: ExitCode


class ExplainingGroup(TyperGroup):
    """A group of commands whose expected errors are explained."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with the code of the failure where it fails in an expected way."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            discard_output()
            raise typer.Exit(ExitCode.UNREAD) from None
        except Exception as error:
            failure = explain(error)
            if failure is None:
                raise
            for line in failure.lines:
                typer.echo(line, err=True)
            raise typer.Exit(failure.code) from error


def discard_output() -> None:
    """Send what is still to be written to stdout nowhere, so that the interpreter does not fail on it at its end."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def explain(error: Exception) -> Failure | None:
    """The failure that an error is; None for a defect of segmentd itself."""
    from_server = sys.modules.get("segmentd.client.errors")
    if from_server is not None and isinstance(error, from_server.SegmentdCallError):
        return Failure(tuple(call_lines(error)), call_code(error))
    if isinstance(error, SegmentdError):
        return Failure(tuple(error_lines(error)), error_code(error))
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else ""
        return Failure((f"error: {named}{error.strerror or error}",), ExitCode.INPUT)
    return None


def call_code(error: Any) -> ExitCode:
    """The exit code of a failed call."""
    if type(error).__name__ == "ServerUnreachableError":
        return ExitCode.UNREACHABLE
    return ExitCode.FAILED if error.status in SERVER_FAILED else ExitCode.REFUSED


def call_lines(error: Any) -> Iterator[str]:
    """The server's message, the wrong fields, what was being done, and what to do."""
    yield from message_lines(error.message, error.reason or error.status)
    yield from field_lines(error.message, error.fields)
    yield from note_lines(error)
    if error.advice:
        yield f"  {error.advice}"


def error_code(error: SegmentdError) -> ExitCode:
    """The exit code of an error in this process: its definitions' fault, or its data's."""
    is_file_of_definitions = hasattr(error, "problems")
    return ExitCode.INVALID if is_file_of_definitions or error.reason in INVALID_DEFINITIONS else ExitCode.INPUT


def error_lines(error: SegmentdError) -> Iterator[str]:
    """The message, which has a caret under the place where there is one, and the wrong fields."""
    if hasattr(error, "problems"):
        yield from error.message.splitlines()
        yield f"{len(error.problems)} {'problem' if len(error.problems) == 1 else 'problems'}"
        return
    yield from message_lines(error.message, error.reason)
    yield from field_lines(error.message, error.fields)
    yield from note_lines(error)
    yield from (f"  {advice}" for part, advice in ADVICE if part in error.message)


def message_lines(message: str, reason: str) -> Iterator[str]:
    """The message, which may go on with the wrong line and a caret; the reason stands in the first line."""
    first, *rest = message.splitlines() or [""]
    yield f"error: {first} [{reason}]"
    yield from rest


def field_lines(message: str, fields: tuple[FieldViolation, ...]) -> Iterator[str]:
    """The wrong fields; what the message says already is not said again."""
    for violation in fields:
        if violation.description not in message:
            first, *rest = violation.description.splitlines() or [""]
            yield f"  {violation.field}: {first}"
            yield from indent("\n".join(rest), width=4)
        elif violation.field not in message:
            yield f"  in {violation.field}"


def note_lines(error: Exception) -> Iterator[str]:
    """What was added to the exception on its way."""
    for note in getattr(error, "__notes__", ()):
        yield from indent(note)


def indent(text: str, width: int = 2) -> Iterator[str]:
    """The lines of a text, moved to the right."""
    for line in text.splitlines():
        yield " " * width + line
