"""Rules as CEL text, which this engine compiles."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.rules import (
    AmountCondition,
    Condition,
    Either,
    Every,
    Has,
    InSegment,
    Not,
    OneOf,
    Rule,
    TextCondition,
    TextTest,
)


def cel(rule: Rule) -> str:
    """The rule about `customer`. ValueError for a condition on codes, which are no attributes."""
    match rule:
        case Condition(column, comparison, bound):
            return f"customer.{column} {comparison} {_literal(bound)}"
        case OneOf(column, values):
            return f"customer.{column} in [{', '.join(map(_literal, values))}]"
        case TextCondition(column, test, text):
            literal = f"r{_literal(text)}" if test is TextTest.MATCHES else _literal(text)
            return f"customer.{column}.{test}({literal})"
        case Has(column):
            return f"has(customer.{column})"
        case AmountCondition(plus, minus, comparison, bound):
            total = " - ".join([" + ".join(f"customer.{name}" for name in plus), *(f"customer.{n}" for n in minus)])
            return f"{total} {comparison} {f'customer.{bound}' if isinstance(bound, str) else bound}"
        case InSegment(segment):
            return f'"{segment}" in customer.segments'
        case Not(part):
            return f"!({cel(part)})"
        case Every(parts):
            return " && ".join(_operand(part) for part in parts)
        case Either(parts):
            return " || ".join(_operand(part) for part in parts)
        case _:
            raise ValueError(f"{rule} is no expression")


def _operand(rule: Rule) -> str:
    return f"({cel(rule)})" if isinstance(rule, Every | Either) else cel(rule)


def _literal(value: float | Decimal | str) -> str:
    match value:
        case str():
            return f'"{value}"'
        case Decimal():
            return str(value)
        case _:
            return repr(value)
