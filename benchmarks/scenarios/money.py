"""The scenario *money*: sums and differences of exact amounts, compared with amounts and with each other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import numpy as np

from benchmarks.population import Values
from benchmarks.rules import MINOR_DIGITS, ORDERINGS, AmountCondition, Atom, Condition
from benchmarks.scenario import ColumnSpec, Draw, Scenario
from benchmarks.scenarios.bank import COLUMNS as BANK_COLUMNS
from benchmarks.scenarios.dealing import Size, deal_segments, draw_conditions, pick
from segmentd.schema import DataType, Kind

SEED: Final = 2027
AMOUNT: Final = DataType(Kind.DECIMAL, MINOR_DIGITS, "EUR")
SUMS: Final = 90
"""Conditions on sums, differences and two amounts."""
PLAIN: Final = 30
"""Conditions that compare one amount with a literal."""
COUNTED: Final = 10
"""Conditions on the two columns that are no amounts."""


def _minor(draw: Callable[[np.random.Generator, int], Values]) -> Draw:
    return lambda random, rows: np.round(draw(random, rows) * 100)


COLUMNS: Final = (
    ColumnSpec("balance", AMOUNT, np.int64, 0, _minor(lambda random, n: random.normal(4_000, 6_000, n))),
    ColumnSpec("savings", AMOUNT, np.int64, 0, _minor(lambda random, n: random.lognormal(8.5, 1.4, n))),
    ColumnSpec("loan", AMOUNT, np.int64, 0, _minor(lambda random, n: random.lognormal(8.5, 1.0, n)), 0.2),
    ColumnSpec("income", AMOUNT, np.int64, 0, _minor(lambda random, n: random.lognormal(7.8, 0.6, n))),
    ColumnSpec("spend", AMOUNT, np.int64, 0, _minor(lambda random, n: random.gamma(2.0, 800.0, n))),
    ColumnSpec("deposits", AMOUNT, np.int64, 0, _minor(lambda random, n: random.exponential(5_000, n))),
    *BANK_COLUMNS[:2],
)
"""One in five customers has no loan: what is said of it is unknown."""


def money() -> Scenario:
    """60 segments with 200 conditions, 130 of them distinct, 90 of which add, subtract or compare amounts."""
    random = np.random.default_rng(SEED)
    pool: dict[Atom, None] = {}
    while len(pool) < SUMS:
        pool.setdefault(_sum(random))
    while len(pool) < SUMS + PLAIN:
        column = pick(random, COLUMNS[:6]).id
        pool.setdefault(Condition(column, pick(random, ORDERINGS), _amount(random, 500, 9_000)))
    for condition in draw_conditions(random, COLUMNS[6:], COUNTED):
        pool.setdefault(condition)
    conditions = [list(pool)[index] for index in random.permutation(len(pool))]
    segments = deal_segments(random, conditions, Size(60, 200, len(conditions)))
    return Scenario("money", COLUMNS, segments, SEED)


def _sum(random: np.random.Generator) -> AmountCondition:
    """Three kinds: a sum less another amount, a difference, an amount against another."""
    names = [COLUMNS[index].id for index in random.permutation(6)[:4]]
    sign = pick(random, ORDERINGS)
    match int(random.integers(3)):
        case 0:
            return AmountCondition(tuple(names[:2]), (names[2],), sign, _amount(random, -2_000, 12_000))
        case 1:
            return AmountCondition((names[0],), (names[1],), sign, _amount(random, -4_000, 4_000))
        case _:
            return AmountCondition(tuple(names[: int(random.integers(1, 3))]), (), sign, names[3])


def _amount(random: np.random.Generator, low: int, high: int) -> Decimal:
    return Decimal(int(random.integers(low * 100, high * 100))).scaleb(-MINOR_DIGITS)
