"""Rules as CEL text, which this engine compiles."""

from __future__ import annotations

from benchmarks.rules import Condition, Either, Every, Not, Rule


def cel(rule: Rule) -> str:
    """The rule about `customer`."""
    match rule:
        case Condition(column, comparison, bound):
            return f"customer.{column} {comparison} {bound!r}"
        case Not(part):
            return f"!({cel(part)})"
        case Every(parts):
            return " && ".join(_operand(part) for part in parts)
        case Either(parts):
            return " || ".join(_operand(part) for part in parts)


def _operand(rule: Rule) -> str:
    return f"({cel(rule)})" if isinstance(rule, Every | Either) else cel(rule)
