"""Exact money: literals that meet a decimal are replaced, in the text, by that amount in minor units before the check.

The checked tree holds a literal as a double, and 0.1 + 0.2 is not 0.3; the text holds it exactly.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from segmentd.errors import ErrorReason
from segmentd.language.celtree_pb2 import Expr, ParsedExpr
from segmentd.language.hints import KEPT_BY, hinted_decimal
from segmentd.language.issues import Issue
from segmentd.language.scope import Scope
from segmentd.language.source import Source
from segmentd.schema import DataType, Kind

INT64_MAX: Final = 2**63 - 1
INT64_DIGITS: Final = 19

_COMPARISONS: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})

_LITERAL: Final = re.compile(
    r"(?P<sign>-?)(?:[ \t\r\n\f]|//[^\n]*)*"
    r"(?P<number>0[xX][0-9a-fA-F]+|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)"
)


@dataclass(frozen=True)
class Span:
    """A literal: where it stood in the given text, and its end and shift in the rewritten one."""

    start: int
    written_end: int
    shift: int


@dataclass(frozen=True)
class Amounts:
    """An expression with its decimal literals in minor units.

    `types` holds the DECIMAL types of literals by the ids of their nodes, which parsing the rewritten text gives again.
    """

    text: str
    types: Mapping[int, DataType] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()

    def original_offset(self, written: int) -> int:
        """The place in the given text of a place in the rewritten one; inside a rewritten literal, its start."""
        index = bisect_right(self.spans, written, key=lambda span: span.written_end) - 1
        before = self.spans[index].shift if index >= 0 else 0
        if index + 1 < len(self.spans):
            return min(written - before, self.spans[index + 1].start)
        return written - before


def place_amounts(source: Source, parsed: ParsedExpr, scope: Scope, result: DataType | None) -> Amounts | list[Issue]:
    """Rewrite the literals that meet decimals, or stand for one where `result` is a DECIMAL, or say why not."""
    wanted = result if result is not None and result.kind is Kind.DECIMAL else None
    places = dict(_literals(parsed.expr, scope, wanted))
    if not places:
        return Amounts(source.text)
    ordered = sorted(places, key=lambda id_: parsed.source_info.positions[id_])
    return _rewrite(source, [(id_, parsed.source_info.positions[id_], places[id_]) for id_ in ordered])


def _literals(expr: Expr, scope: Scope, wanted: DataType | None) -> Iterator[tuple[int, DataType]]:
    """Ids of the number literals below a node that stand for decimals, each with its type."""
    match expr.WhichOneof("expr_kind"):
        case "const_expr":
            if wanted and expr.const_expr.WhichOneof("constant_kind") in ("int64_value", "double_value"):
                yield expr.id, wanted
        case "call_expr":
            yield from _literals_of_call(expr.call_expr, scope, wanted)
        case _:
            elements = expr.WhichOneof("expr_kind") == "list_expr"
            for part, names in scope.below(expr):
                yield from _literals(part, names, wanted if elements else None)


def _literals_of_call(call: Expr.Call, scope: Scope, wanted: DataType | None) -> Iterator[tuple[int, DataType]]:
    if call.HasField("target"):
        yield from _literals(call.target, scope, None)
    for argument, meets in zip(call.args, _meetings(call, scope, wanted), strict=True):
        yield from _literals(argument, scope, meets)


def _meetings(call: Expr.Call, scope: Scope, wanted: DataType | None) -> list[DataType | None]:
    """For each argument of a call, the DECIMAL that literals in it meet."""
    arguments = list(call.args)
    if call.function == "@in" and arguments[1].WhichOneof("expr_kind") == "list_expr":
        members = [hinted_decimal(element, scope) for element in arguments[1].list_expr.elements]
        own = hinted_decimal(arguments[0], scope) or next(filter(None, members), None)
        return [own, own]
    hints = [hinted_decimal(argument, scope) for argument in arguments]
    if call.function in _COMPARISONS:
        return [hints[0] or hints[1], hints[1] or hints[0]]
    if call.function in KEPT_BY:
        other = next(filter(None, hints), wanted)
        return [hint or other for hint in hints]
    if call.function == "_?_:_":
        other = next(filter(None, hints[1:]), wanted)
        return [None, hints[1] or other, hints[2] or other]
    if call.function == "_*_":
        return _factors(arguments, hints, wanted)
    return [None] * len(arguments)


def _factors(arguments: list[Expr], hints: list[DataType | None], wanted: DataType | None) -> list[DataType | None]:
    """In a product one side is the amount: the decimal, or where an amount is wanted, the one written with a point."""
    if any(hints) or wanted is None:
        return hints
    pointed = [argument.const_expr.WhichOneof("constant_kind") == "double_value" for argument in arguments]
    return [wanted if has_point else None for has_point in pointed]


def _rewrite(source: Source, places: list[tuple[int, int, DataType]]) -> Amounts | list[Issue]:
    """Replace the literals, given as node id, offset and type in the order of the text."""
    pieces: list[str] = []
    spans: list[Span] = []
    issues: list[Issue] = []
    copied = length = 0
    for _, start, type_ in places:
        literal = _LITERAL.match(source.text, start)
        if literal is None:
            raise AssertionError(f"no number at {start} of the expression")
        amount = minor_units(literal["sign"] + literal["number"], type_)
        if isinstance(amount, str):
            issues.append(source.error(start, ErrorReason.DECIMAL_MISUSE, amount, left=type_, right=literal["number"]))
            continue
        pieces += [source.text[copied:start], str(amount)]
        length += start - copied + len(str(amount))
        copied = literal.end()
        spans.append(Span(start, length, length - copied))
    text = "".join([*pieces, source.text[copied:]])
    return issues or Amounts(text, {id_: type_ for id_, _, type_ in places}, tuple(spans))


def minor_units(literal: str, type_: DataType) -> int | str:
    """The amount of a number literal in whole minor units, or why it has none. Exact for every literal of CEL."""
    sign = -1 if literal.startswith("-") else 1
    digits, exponent = _decimal_digits(literal.removeprefix("-"))
    exponent += type_.scale
    if digits and exponent < 0:
        return f"{literal} has more digits after the point than the {type_.scale} of {type_}"
    magnitude = int(digits or "0") * 10**exponent if len(digits) + exponent <= INT64_DIGITS else INT64_MAX + 2
    if magnitude > INT64_MAX + (sign < 0):
        return f"{literal} is out of the range of {type_}, whose minor units have 64 bits"
    return sign * magnitude


def _decimal_digits(number: str) -> tuple[str, int]:
    """Significant digits without zeros around them, and the power of ten of the last; no digits for zero."""
    if number[:2] in ("0x", "0X"):
        number = str(int(number, 16))
    mantissa, _, power = number.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    significant = digits.rstrip("0")
    return significant, _bounded(power) - len(fraction) + len(digits) - len(significant) if significant else 0


def _bounded(power: str) -> int:
    """An exponent; beyond a million every one means the same, and Python reads no longer numbers."""
    magnitude = power.lstrip("+-").lstrip("0")
    value = int(magnitude or "0") if len(magnitude) <= 6 else 10**6
    return -value if power.startswith("-") else value
