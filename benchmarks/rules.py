"""Segments as every engine understands them: comparisons of a column with a number, joined by and, or, not.

Each engine's own wording of a rule stands in `dialects/`; all of them are made from this one form, so that no engine
is asked an easier question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Comparison(StrEnum):
    """How a value is compared with a bound; the value is the sign, which CEL and Python write alike."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="


@dataclass(frozen=True, slots=True)
class Condition:
    """`column <comparison> bound`. The bound is an int for columns of integers and a float for others."""

    column: str
    comparison: Comparison
    bound: int | float


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Rule


Rule = Condition | Every | Either | Not


@dataclass(frozen=True, slots=True)
class Segment:
    """An id and who is in it."""

    id: str
    rule: Rule


def conditions(rule: Rule) -> Iterator[Condition]:
    """The conditions of a rule, from left to right, repeated ones too."""
    match rule:
        case Condition():
            yield rule
        case Not(part):
            yield from conditions(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from conditions(part)
