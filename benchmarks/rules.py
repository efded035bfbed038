"""Segments as every engine understands them: conditions on columns, joined by and, or, not, and by reference.

Each engine's own wording of a rule stands in `dialects/`; all of them are made from this one form, so that no engine
is asked an easier question. A rule is true, false or unknown of a row, and joins are Kleene's: false and unknown is
false, true or unknown is true. What a missing value makes of a condition is said with each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique
from typing import Final

Bound = int | float | Decimal | str
"""What a column is compared with: of integers an int, of doubles a float, of amounts a Decimal, of text a str."""

FEW_RUNS: Final = 4
"""Runs of codes up to which engines compare with the ends of each; beyond, they look a code up in a set."""

MINOR_DIGITS: Final = 2
"""Digits after the point of all amounts."""


@unique
class Comparison(StrEnum):
    """How a value is compared with a bound; the value is the sign, which CEL and Python write alike."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    NOT_EQUAL = "!="


ORDERINGS: Final = (Comparison.LESS, Comparison.AT_MOST, Comparison.GREATER, Comparison.AT_LEAST)


@unique
class TextTest(StrEnum):
    """What is asked of a text; the value is CEL's function. The last takes a regular expression, found anywhere."""

    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    CONTAINS = "contains"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Condition:
    """`column <comparison> bound`. An ordering of a missing value is unknown; it equals no bound, which is decided."""

    column: str
    comparison: Comparison
    bound: Bound


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column has one of the values. A missing value is none of them."""

    column: str
    values: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class TextCondition:
    """The test holds of the column's text and `text`; unknown of a missing one."""

    column: str
    test: TextTest
    text: str


@dataclass(frozen=True, slots=True)
class Has:
    """The column has a value."""

    column: str


@dataclass(frozen=True, slots=True)
class AmountCondition:
    """The sum of some columns of amounts less that of others, against a bound or another column.

    Added from left to right; unknown where one is missing, or where a sum leaves 64 bits.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    comparison: Comparison
    bound: Decimal | str

    def __post_init__(self) -> None:
        if not self.plus or self.comparison not in ORDERINGS:
            raise ValueError("amounts are added to at least one and ordered")


@dataclass(frozen=True, slots=True)
class CodeCondition:
    """The column's code is one of some; of a missing value `missing`, where None is unknown.

    No scenario asks this: conditions become it for engines that are given codes (`preparation.py`).
    """

    column: str
    codes: tuple[int, ...]
    missing: bool | None

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """The codes as first and last of those that follow each other."""
        found: list[tuple[int, int]] = []
        for code in sorted(self.codes):
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class InSegment:
    """What another segment says of the row, unknown included."""

    segment: str


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


Atom = Condition | OneOf | TextCondition | Has | AmountCondition | CodeCondition
"""Rules without parts that read columns."""

Rule = Atom | InSegment | Every | Either | Not


@dataclass(frozen=True, slots=True)
class Segment:
    """An id and who is in it."""

    id: str
    rule: Rule


def conditions(rule: Rule) -> Iterator[Atom]:
    """The conditions of a rule, from left to right, repeated ones too; not those of segments that it refers to."""
    match rule:
        case InSegment():
            return
        case Not(part):
            yield from conditions(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from conditions(part)
        case _:
            yield rule


def references(rule: Rule) -> Iterator[str]:
    """The segments that a rule refers to."""
    match rule:
        case InSegment(segment):
            yield segment
        case Not(part):
            yield from references(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from references(part)
        case _:
            return


def columns_of(atom: Atom) -> tuple[str, ...]:
    """The columns that a condition reads."""
    if isinstance(atom, AmountCondition):
        other = (atom.bound,) if isinstance(atom.bound, str) else ()
        return (*atom.plus, *atom.minus, *other)
    return (atom.column,)


def when_missing(atom: Atom) -> bool | None:
    """What a condition is of a missing value; None: unknown."""
    match atom:
        case Condition(_, Comparison.EQUAL | Comparison.NOT_EQUAL as comparison, _):
            return comparison is Comparison.NOT_EQUAL
        case OneOf() | Has():
            return False
        case CodeCondition():
            return atom.missing
        case _:
            return None


def minor(amount: Decimal) -> int:
    """The amount in minor units."""
    return int(amount.scaleb(MINOR_DIGITS))


def depths(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments by how deep they refer to each other: first those that refer to none."""
    depth: dict[str, int] = {}
    for segment in segments:
        depth[segment.id] = 1 + max((depth[other] for other in references(segment.rule)), default=-1)
    layers: list[list[Segment]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for segment in segments:
        layers[depth[segment.id]].append(segment)
    return layers
