"""Rules as numexpr's expressions: where a rule is true, and where it is false of rows with missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from benchmarks.rules import (
    AmountCondition,
    Atom,
    CodeCondition,
    Condition,
    Either,
    Every,
    Has,
    InSegment,
    Not,
    OneOf,
    Rule,
    columns_of,
    minor,
    when_missing,
)

Wording = tuple[str, str]
"""Where it is true, where it is false."""


class Numexprs:
    """Words rules over columns of which some lack values: `there_x` is a boolean array for each such column x."""

    def __init__(self, nullable: frozenset[str]) -> None:
        self._nullable = nullable

    def word(self, atom: Atom) -> Wording:
        """One condition. ValueError for one on text."""
        match atom:
            case Condition(column, comparison, bound) if not isinstance(bound, str):
                wanted = minor(bound) if isinstance(bound, Decimal) else bound
                return self._decide(f"({column} {comparison} {wanted!r})", atom)
            case OneOf(column, values):
                return self._decide(_any_of(column, values), atom)
            case Has(column):
                return (f"there_{column}", f"~there_{column}") if column in self._nullable else ("True", "False")
            case AmountCondition(plus, minus, comparison, bound):
                total = " - ".join([" + ".join(plus), *minus])
                right = bound if isinstance(bound, str) else str(minor(bound))
                return self._decide(f"({total} {comparison} {right})", atom)
            case CodeCondition(column):
                runs = [f"(({column} >= {first}) & ({column} <= {last}))" for first, last in atom.runs]
                return self._decide(_joined(" | ", runs or [f"({column} < 0)"]), atom)
            case _:
                raise ValueError(f"{atom} is asked of text")

    def _decide(self, holds: str, atom: Atom) -> Wording:
        lacking = [f"there_{column}" for column in columns_of(atom) if column in self._nullable]
        if not lacking:
            return holds, f"~{holds}"
        missing = when_missing(atom)
        there = " & ".join(lacking)
        if missing is True:
            return f"({holds} | ~({there}))", f"(~{holds} & {there})"
        if missing is False:
            return f"({holds} & {there})", f"(~{holds} | ~({there}))"
        return f"({holds} & {there})", f"(~{holds} & {there})"


def join(rule: Rule, words: Mapping[Atom, Wording]) -> Wording:
    """The rule of conditions that are worded already; segments that it refers to are `true_id` and `false_id`."""
    match rule:
        case InSegment(segment):
            return f"true_{segment}", f"false_{segment}"
        case Not(part):
            true, false = join(part, words)
            return false, true
        case Every(parts):
            joined = [join(part, words) for part in parts]
            return _joined(" & ", [true for true, _ in joined]), _joined(" | ", [false for _, false in joined])
        case Either(parts):
            joined = [join(part, words) for part in parts]
            return _joined(" | ", [true for true, _ in joined]), _joined(" & ", [false for _, false in joined])
        case _:
            return words[rule]


def _joined(sign: str, parts: list[str]) -> str:
    return f"({sign.join(parts)})"


def _any_of(column: str, values: Sequence[int | str]) -> str:
    return _joined(" | ", [f"({column} == {value})" for value in values]) if values else f"({column} != {column})"
