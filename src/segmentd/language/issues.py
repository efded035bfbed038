"""What is wrong with an expression, or worth a warning, in words for the people who write expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import ClassVar, Final

from segmentd.errors import ErrorReason, SegmentdError
from segmentd.language.tree import Position


@unique
class Severity(StrEnum):
    """ERROR: the expression cannot be used. WARNING: it can, and may not mean what it seems to."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something to say about a place in an expression.

    `reason` is None for a warning. `snippet` is the line of text and, below it, a caret under the column.
    `metadata` carries every dynamic part of the message.
    """

    severity: Severity
    reason: ErrorReason | None
    message: str
    position: Position
    snippet: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.position.line}:{self.position.column}: {self.message}\n{self.snippet}"


class ExpressionError(SegmentdError):
    """An expression cannot be used; `issues` says why, in the order of the text. Raised as a subclass, by reason."""

    reason: ClassVar[ErrorReason] = ErrorReason.EXPRESSION_TYPE

    def __init__(self, issues: Sequence[Issue]) -> None:
        first = issues[0]
        metadata = {"line": str(first.position.line), "column": str(first.position.column), **first.metadata}
        super().__init__("\n".join(map(str, issues)))
        self.metadata = metadata
        self.issues = tuple(issues)


class ExpressionSyntaxError(ExpressionError):
    """The text cannot be parsed."""

    reason = ErrorReason.EXPRESSION_SYNTAX


class ExpressionTypeError(ExpressionError):
    """An operation does not fit its operands, or the result is not of the type needed."""

    reason = ErrorReason.EXPRESSION_TYPE


class ExpressionTooLongError(ExpressionError):
    """The text, or the tree after computed attributes were pasted in, is too large."""

    reason = ErrorReason.EXPRESSION_TOO_LONG


class ExpressionTooDeepError(ExpressionError):
    """The expression is nested too deeply."""

    reason = ErrorReason.EXPRESSION_TOO_DEEP


class UnknownAttributeError(ExpressionError):
    """The expression reads an attribute that the ledger lacks."""

    reason = ErrorReason.UNKNOWN_ATTRIBUTE


class UnsupportedOperationError(ExpressionError):
    """The operation is CEL but not in the supported subset."""

    reason = ErrorReason.UNSUPPORTED_OPERATION


class DecimalMisuseError(ExpressionError):
    """Decimals meet another scale, currency or type, or each other in a product."""

    reason = ErrorReason.DECIMAL_MISUSE


class ConstantFailsError(ExpressionError):
    """A part without variables cannot be evaluated."""

    reason = ErrorReason.CONSTANT_FAILS


class PatternTooLargeError(ExpressionError):
    """A regular expression has too many instructions."""

    reason = ErrorReason.PATTERN_TOO_LARGE


class AttributeCycleError(ExpressionError):
    """A computed attribute reads itself, directly or through others."""

    reason = ErrorReason.ATTRIBUTE_CYCLE


_BY_REASON: Final[Mapping[ErrorReason, type[ExpressionError]]] = {
    error.reason: error
    for error in (
        ExpressionSyntaxError,
        ExpressionTypeError,
        ExpressionTooLongError,
        ExpressionTooDeepError,
        UnknownAttributeError,
        UnsupportedOperationError,
        DecimalMisuseError,
        ConstantFailsError,
        PatternTooLargeError,
        AttributeCycleError,
    )
}


def expression_error(issues: Sequence[Issue]) -> ExpressionError:
    """The error for issues of severity ERROR, in the order of the text; its class follows the first one's reason."""
    ordered = sorted(issues, key=lambda issue: (issue.position.line, issue.position.column))
    reason = ordered[0].reason
    return _BY_REASON[reason if reason is not None else ErrorReason.EXPRESSION_TYPE](ordered)
