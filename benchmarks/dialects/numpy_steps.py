"""Conditions over NumPy arrays as somebody who wants them fast writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, cast

import numpy as np

from benchmarks.dialects.arrays import COMPARE
from benchmarks.population import Bools, Column
from benchmarks.rules import (
    FEW_RUNS,
    AmountCondition,
    Atom,
    CodeCondition,
    Condition,
    Has,
    OneOf,
    columns_of,
    minor,
    when_missing,
)

Truth = tuple[Bools, Bools | None]
"""Where something is true, where it is false; None: everywhere else."""


def truth(atom: Atom, columns: Mapping[str, Column], *, complete: bool) -> Truth:
    """The condition; of complete columns without where it is false, which nobody then needs.

    ValueError for a condition on text.
    """
    holds = _holds(atom, columns)
    if complete:
        return holds, None
    lacking = [found for name in columns_of(atom) if (found := columns[name].missing) is not None]
    if not lacking:
        return holds, ~holds
    lacks = reduce(np.logical_or, lacking)
    true, false, missing = holds & ~lacks, ~(holds | lacks), when_missing(atom)
    if missing is True:
        true |= lacks
    elif missing is False:
        false |= lacks
    return true, false


def _holds(atom: Atom, columns: Mapping[str, Column]) -> Bools:
    """Whether it holds of values."""
    match atom:
        case Condition(column, comparison, bound) if not isinstance(bound, str):
            wanted = minor(bound) if isinstance(bound, Decimal) else bound
            return cast(Bools, COMPARE[comparison](columns[column].values, wanted))
        case OneOf(column, values):
            return np.isin(columns[column].values, values)
        case Has(column):
            return np.ones(len(columns[column].values), np.bool_)
        case CodeCondition(column):
            return _is_one_of(columns[column].values, atom)
        case AmountCondition(plus, minus, comparison, bound):
            total = reduce(np.subtract, (columns[name].values for name in minus), _sum(plus, columns))
            other = columns[bound].values if isinstance(bound, str) else minor(bound)
            return cast(Bools, COMPARE[comparison](total, other))
        case _:
            raise ValueError(f"{atom} is asked of text")


def _sum(names: Sequence[str], columns: Mapping[str, Column]) -> Any:
    return reduce(np.add, (columns[name].values for name in names))


def _is_one_of(values: Any, atom: CodeCondition) -> Bools:
    if 0 < len(atom.runs) <= FEW_RUNS:
        runs = ((values >= first) & (values <= last) if first < last else values == first for first, last in atom.runs)
        return cast(Bools, reduce(np.logical_or, runs))
    table = np.zeros(1 << (8 * values.itemsize), np.bool_)
    table[list(atom.codes)] = True
    return cast(Bools, table[values])
