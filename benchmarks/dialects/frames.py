"""Rules as Polars expressions."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from functools import reduce

import polars as pl

from benchmarks.dialects.arrays import COMPARE
from benchmarks.rules import Condition, Either, Every, Not, Rule


def expression(rule: Rule, types: Mapping[str, pl.DataType]) -> pl.Expr:
    """The rule over columns of these types.

    A bound has its column's own type: a wider one would make Polars widen the column first.
    """
    match rule:
        case Condition(column, comparison, bound):
            compared: pl.Expr = COMPARE[comparison](pl.col(column), pl.lit(bound, types[column]))
            return compared
        case Not(part):
            return ~expression(part, types)
        case Every(parts):
            return reduce(operator.and_, (expression(part, types) for part in parts))
        case Either(parts):
            return reduce(operator.or_, (expression(part, types) for part in parts))
