"""Decimals: exact minor units in comparison, sums and products, doubles only when asked for."""

from __future__ import annotations

import pytest

from segmentd.engine import Engine
from segmentd.schema import INT64, AttributeSpec, DataType, Kind, Schema, Subject
from tests.oracle.edges import INT64_MAX, INT64_MIN
from tests.oracle.evaluator import UNKNOWN
from tests.oracle.judge import Judge

EUROS = DataType(Kind.DECIMAL, 2, "EUR")


def money(engine: Engine, kind: DataType, *pairs: tuple[int | None, int | None]) -> Judge:
    """A judge over rows whose decimals `a` and `b` are these minor units."""
    specs = (AttributeSpec("a", kind), AttributeSpec("b", kind), AttributeSpec("n", INT64))
    rows = [{"a": a, "b": b, "n": 3} for a, b in pairs]
    return Judge(engine, Schema(Subject.CUSTOMER, specs), rows)


def test_tenths_add_up(engine: Engine) -> None:
    """0.10 + 0.20 is 0.30, which it is not in doubles."""
    judge = money(engine, EUROS, (10, 20), (10, 21), (None, 20))
    assert judge.verdicts("customer.a + customer.b == 0.30") == [True, False, None]
    assert judge.verdicts("customer.a + 0.20 == 0.30") == [True, True, None]
    assert judge.verdicts("double(customer.a) + double(customer.b) == 0.3") == [False, False, None]
    assert judge.values("customer.a - customer.b") == [-10, -11, UNKNOWN]


def test_literals_are_read_as_decimals(engine: Engine) -> None:
    """A literal has exactly its digits: the ends of the range in minor units can be written."""
    judge = money(engine, EUROS, (INT64_MAX, 0), (INT64_MIN, 0), (INT64_MAX - 1, 0), (None, 0))
    assert judge.verdicts("customer.a >= 92233720368547758.07") == [True, False, False, None]
    assert judge.verdicts("customer.a < 92233720368547758.07") == [False, True, True, None]
    assert judge.verdicts("customer.a == -92233720368547758.08") == [False, True, False, False]
    assert judge.verdicts("92233720368547758.06 <= customer.a") == [True, False, True, None]


@pytest.mark.parametrize(("scale", "literal"), [(0, "5"), (1, "0.5"), (6, "0.000005"), (9, "0.000000005")])
def test_every_scale(engine: Engine, scale: int, literal: str) -> None:
    """Five minor units are five of the last digit, at every scale."""
    judge = money(engine, DataType(Kind.DECIMAL, scale, "USD"), (5, 4), (4, 5))
    assert judge.verdicts(f"customer.a == {literal}") == [True, False]
    assert judge.verdicts(f"customer.a - {literal} < customer.b - {literal}") == [False, True]
    assert judge.values("double(customer.a)") == [5 / 10.0**scale, 4 / 10.0**scale]


def test_overflow_is_unknown(engine: Engine) -> None:
    """Sums, differences, products and negations of minor units that are no int64 are unknown."""
    judge = money(engine, EUROS, (INT64_MAX, 1), (INT64_MIN, 1))
    assert judge.values("customer.a + customer.b") == [UNKNOWN, INT64_MIN + 1]
    assert judge.values("customer.a - 0.01") == [INT64_MAX - 1, UNKNOWN]
    assert judge.values("customer.a * customer.n") == [UNKNOWN, UNKNOWN]
    assert judge.values("-customer.a") == [-INT64_MAX, UNKNOWN]
    assert judge.values("customer.b * 300") == [300, 300]


def test_ratios_are_doubles(engine: Engine) -> None:
    """`double()` of a decimal is in major units, of a sum or a ternary of decimals too."""
    judge = money(engine, EUROS, (150, 50), (-1, 0), (None, 1))
    assert judge.values("double(customer.a)") == [1.5, -0.01, UNKNOWN]
    assert judge.values("double(customer.a + customer.b)") == [2.0, -0.01, UNKNOWN]
    assert judge.values("double(has(customer.a) ? customer.a : customer.b)") == [1.5, -0.01, 0.01]
    assert judge.verdicts("double(customer.a) / double(customer.b) == 3.0") == [True, False, None]


def test_missing_money_equals_null_only(engine: Engine) -> None:
    """A missing decimal equals no amount, and orderings with it are unknown."""
    judge = money(engine, EUROS, (None, None), (0, None))
    assert judge.verdicts("customer.a == 0.00") == [False, True]
    assert judge.verdicts("customer.a != 0.00") == [True, False]
    assert judge.verdicts("customer.a == customer.b") == [True, False]
    assert judge.verdicts("customer.a >= 0.00") == [None, True]
