"""Rules as Polars expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Final

import polars as pl

from benchmarks.dialects.arrays import COMPARE
from benchmarks.rules import (
    FEW_RUNS,
    AmountCondition,
    Atom,
    Bound,
    CodeCondition,
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
    minor,
    when_missing,
)

TESTS: Final[Mapping[TextTest, Callable[[pl.Expr, str], pl.Expr]]] = {
    TextTest.STARTS_WITH: lambda column, text: column.str.starts_with(text),
    TextTest.ENDS_WITH: lambda column, text: column.str.ends_with(text),
    TextTest.CONTAINS: lambda column, text: column.str.contains(text, literal=True),
    TextTest.MATCHES: lambda column, text: column.str.contains(text),
}


@dataclass(frozen=True, slots=True)
class Frames:
    """Words rules over columns of these types, of which some lack values; null stands for unknown."""

    types: Mapping[str, pl.DataType]
    nullable: frozenset[str]

    def expression(self, rule: Rule, of: Mapping[str, pl.Expr]) -> pl.Expr:
        """The rule; `of` are the expressions of the segments that it may refer to."""
        match rule:
            case InSegment(segment):
                return of[segment]
            case Not(part):
                return ~self.expression(part, of)
            case Every(parts):
                return reduce(operator.and_, (self.expression(part, of) for part in parts))
            case Either(parts):
                return reduce(operator.or_, (self.expression(part, of) for part in parts))
            case _:
                return self._atom(rule)

    def _atom(self, atom: Atom) -> pl.Expr:
        match atom:
            case Condition(column, comparison, bound):
                compared: pl.Expr = COMPARE[comparison](pl.col(column), self._literal(column, bound))
                return self._decide(compared, atom)
            case OneOf(column, values):
                return self._decide(pl.col(column).is_in(list(values)), atom)
            case TextCondition(column, test, text):
                return TESTS[test](pl.col(column), text)
            case Has(column):
                return pl.col(column).is_not_null()
            case AmountCondition(plus, minus, comparison, bound):
                total = reduce(operator.sub, map(pl.col, minus), reduce(operator.add, map(pl.col, plus)))
                wanted = pl.col(bound) if isinstance(bound, str) else pl.lit(minor(bound), pl.Int64)
                ordered: pl.Expr = COMPARE[comparison](total, wanted)
                return ordered
            case CodeCondition():
                return self._decide(self._codes(atom), atom)

    def _literal(self, column: str, bound: Bound) -> pl.Expr:
        """In the column's own type: a wider one would make Polars widen the column first."""
        return pl.lit(minor(bound) if isinstance(bound, Decimal) else bound, self.types[column])

    def _codes(self, atom: CodeCondition) -> pl.Expr:
        if 0 < len(atom.runs) <= FEW_RUNS:
            return reduce(operator.or_, (self._run(atom.column, *run) for run in atom.runs))
        return pl.col(atom.column).is_in(pl.Series(list(atom.codes), dtype=self.types[atom.column]))

    def _run(self, column: str, first: int, last: int) -> pl.Expr:
        found, low, high = pl.col(column), self._literal(column, first), self._literal(column, last)
        return found == low if first == last else (found >= low) & (found <= high)

    def _decide(self, compared: pl.Expr, atom: Condition | OneOf | CodeCondition) -> pl.Expr:
        """With missing values decided; null, which they are, is unknown already."""
        missing = when_missing(atom)
        return compared if missing is None or atom.column not in self.nullable else compared.fill_null(missing)
