"""Rules as SQL."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.rules import Comparison, Condition, Either, Every, Not, Rule

Wording = Callable[[Condition], str]


def sql_condition(condition: Condition) -> str:
    """One condition. A float is written with an exponent, without which SQL reads an exact decimal."""
    sign = "=" if condition.comparison is Comparison.EQUAL else condition.comparison.value
    bound = f"{condition.bound!r}e0" if isinstance(condition.bound, float) else str(condition.bound)
    return f'"{condition.column}" {sign} {bound}'


def sql(rule: Rule, word: Wording = sql_condition) -> str:
    """The rule, with its conditions worded by `word`."""
    match rule:
        case Condition():
            return word(rule)
        case Not(part):
            return f"NOT ({sql(part, word)})"
        case Every(parts):
            return " AND ".join(_operand(part, word) for part in parts)
        case Either(parts):
            return " OR ".join(_operand(part, word) for part in parts)


def _operand(rule: Rule, word: Wording) -> str:
    return f"({sql(rule, word)})" if isinstance(rule, Every | Either) else sql(rule, word)
