"""Numbers at their edges: NaN, integers beyond the doubles' precision, overflow, division and conversion."""

from __future__ import annotations

import math

import pytest

from segmentd.engine import Engine
from segmentd.schema import DOUBLE, INT64, AttributeSpec, Schema, Subject
from tests.oracle.edges import INT64_MAX, INT64_MIN
from tests.oracle.evaluator import UNKNOWN
from tests.oracle.judge import Judge
from tests.oracle.subjects import Row

SCHEMA = Schema(
    Subject.CUSTOMER,
    (AttributeSpec("x", DOUBLE), AttributeSpec("y", DOUBLE), AttributeSpec("i", INT64), AttributeSpec("j", INT64)),
)
TWO_53 = 2**53


def doubles(engine: Engine, *values: float | None) -> Judge:
    """A judge over rows whose `x` has these values."""
    return Judge(engine, SCHEMA, [{"x": value, "y": 1.0, "i": 0, "j": 0} for value in values])


def integers(engine: Engine, *pairs: tuple[int | None, int | None]) -> Judge:
    """A judge over rows whose `i` and `j` are these pairs."""
    return Judge(engine, SCHEMA, [{"x": 0.0, "y": 0.0, "i": i, "j": j} for i, j in pairs])


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_nan_is_on_no_side_of_an_ordering(engine: Engine, operator: str) -> None:
    """Both an ordering with NaN and the opposite ordering are false, so a negated one is true."""
    judge = doubles(engine, math.nan, None)
    assert judge.verdicts(f"customer.x {operator} 3.0") == [False, None]
    assert judge.verdicts(f"3.0 {operator} customer.x") == [False, None]
    assert judge.verdicts(f"customer.x {operator} customer.y") == [False, None]
    assert judge.verdicts(f"customer.x {operator} 3") == [False, None]
    assert judge.verdicts(f"!(customer.x {operator} 3.0)") == [True, None]
    assert judge.verdicts(f"!(customer.x {operator} customer.y)") == [True, None]


def test_nan_equals_nothing(engine: Engine) -> None:
    """NaN is unequal to everything, itself included, and is not a missing value."""
    judge = doubles(engine, math.nan, 1.0, None)
    assert judge.verdicts("customer.x == customer.x") == [False, True, True]
    assert judge.verdicts("customer.x != customer.x") == [True, False, False]
    assert judge.verdicts("customer.x in [1.0, 2.0]") == [False, True, False]
    assert judge.verdicts("customer.x == null") == [False, False, True]
    assert judge.verdicts("!(customer.x == 1.0)") == [True, False, True]


def test_negated_orderings_keep_their_ends(engine: Engine) -> None:
    """The negation of `<` holds at the threshold, that of `<=` does not, and infinities take sides."""
    judge = doubles(engine, 2.5, 3.0, 3.5, math.inf, -math.inf)
    assert judge.verdicts("!(customer.x < 3.0)") == [False, True, True, True, False]
    assert judge.verdicts("!(customer.x <= 3.0)") == [False, False, True, True, False]
    assert judge.verdicts("!(customer.x > 3.0)") == [True, True, False, False, True]
    assert judge.verdicts("!(customer.x >= 3.0)") == [True, False, False, False, True]


def test_zeros_are_equal_and_divide_apart(engine: Engine) -> None:
    """-0.0 equals 0.0, but a number divided by it is negative infinity."""
    judge = doubles(engine, 0.0, -0.0)
    assert judge.verdicts("customer.x == 0.0") == [True, True]
    assert judge.verdicts("customer.x in [0.0]") == [True, True]
    assert judge.verdicts("customer.x < 0.0") == [False, False]
    assert judge.verdicts("customer.y / customer.x > 0.0") == [True, False]
    assert judge.values("-customer.x") == [-0.0, 0.0]
    assert judge.values("customer.x * -1.0") == [-0.0, 0.0]


def test_integers_meet_doubles_as_doubles(engine: Engine) -> None:
    """An integer beyond 2^53 is compared with a double as the nearest double, as the official runtime does."""
    judge = integers(engine, (TWO_53 - 1, 0), (TWO_53, 0), (TWO_53 + 1, 0), (TWO_53 + 2, 0), (None, 0))
    assert judge.verdicts("customer.i > 9007199254740992.0") == [False, False, False, True, None]
    assert judge.verdicts("customer.i <= 9007199254740992.0") == [True, True, True, False, None]
    assert judge.verdicts("9007199254740992.0 < customer.i") == [False, False, False, True, None]
    assert judge.verdicts("customer.i >= 9007199254740992.0") == [False, True, True, True, None]
    assert judge.verdicts("customer.i < 9007199254740991.5") == [True, False, False, False, None]


def test_small_integers_meet_fractions(engine: Engine) -> None:
    """A fraction between two integers is a threshold between them, on either side of zero."""
    judge = integers(engine, (2, 0), (3, 0), (-2, 0), (-3, 0))
    assert judge.verdicts("customer.i < 2.5") == [True, False, True, True]
    assert judge.verdicts("customer.i >= -2.5") == [True, True, True, False]
    assert judge.verdicts("customer.i > 3.0") == [False, False, False, False]
    assert judge.verdicts("3.0 <= customer.i") == [False, True, False, False]


def test_integers_at_their_ends_meet_doubles(engine: Engine) -> None:
    """The largest integer is 2^63 as a double; infinities and NaN take their usual places."""
    judge = integers(engine, (INT64_MAX, 0), (INT64_MIN, 0), (0, 0))
    assert judge.verdicts("customer.i < 9223372036854775808.0") == [False, True, True]
    assert judge.verdicts("customer.i >= 9223372036854775808.0") == [True, False, False]
    assert judge.verdicts("customer.i > 9223372036854775808.0") == [False, False, False]
    assert judge.verdicts("customer.i <= 9223372036854774784.0") == [False, True, True]
    assert judge.verdicts("customer.i >= -9223372036854775808.0") == [True, True, True]
    assert judge.verdicts("customer.i > -9223372036854775808.0") == [True, False, True]
    assert judge.verdicts("customer.i < 1.0 / 0.0") == [True, True, True]
    assert judge.verdicts("customer.i > 0.0 / 0.0") == [False, False, False]


def test_columns_of_both_kinds_meet(engine: Engine) -> None:
    """Two columns, one of integers and one of doubles, are compared as doubles too."""
    rows: list[Row] = [
        {"x": float(TWO_53), "y": 0.0, "i": TWO_53 + 1, "j": 0},
        {"x": float(TWO_53), "y": 0.0, "i": TWO_53 + 2, "j": 0},
        {"x": float(2**63), "y": 0.0, "i": INT64_MAX, "j": 0},
        {"x": -math.inf, "y": 0.0, "i": INT64_MIN, "j": 0},
        {"x": math.nan, "y": 0.0, "i": 0, "j": 0},
        {"x": None, "y": 0.0, "i": 0, "j": 0},
    ]
    judge = Judge(engine, SCHEMA, rows)
    assert judge.verdicts("customer.i > customer.x") == [False, True, False, True, False, None]
    assert judge.verdicts("customer.x < customer.i") == [False, True, False, True, False, None]
    assert judge.verdicts("customer.i <= customer.x") == [True, False, True, False, False, None]
    assert judge.verdicts("!(customer.i <= customer.x)") == [False, True, False, True, True, None]


def test_integer_overflow_is_unknown(engine: Engine) -> None:
    """Sums, differences, products and negations that are no int64 are unknown, wherever they stand."""
    judge = integers(engine, (INT64_MAX, 1), (INT64_MIN, 1), (INT64_MIN, -1), (3, -4), (None, 1))
    assert judge.values("customer.i + customer.j") == [UNKNOWN, INT64_MIN + 1, UNKNOWN, -1, UNKNOWN]
    assert judge.values("customer.i - customer.j") == [INT64_MAX - 1, UNKNOWN, INT64_MIN + 1, 7, UNKNOWN]
    assert judge.values("customer.i * customer.j") == [INT64_MAX, INT64_MIN, UNKNOWN, -12, UNKNOWN]
    assert judge.values("-customer.i") == [-INT64_MAX, UNKNOWN, UNKNOWN, -3, UNKNOWN]
    assert judge.values("customer.i * 2") == [UNKNOWN, UNKNOWN, UNKNOWN, 6, UNKNOWN]
    assert judge.verdicts("customer.i + 1 > 0 || customer.j == 1") == [True, True, False, True, True]
    assert judge.verdicts("!(customer.i + 1 > 0)") == [None, True, True, False, None]


def test_products_at_the_edge(engine: Engine) -> None:
    """A product overflows exactly where it leaves the range, on either sign."""
    root = 3_037_000_499
    judge = integers(engine, (root, root), (root + 1, root + 1), (-(2**32), 2**31), (2**32, 2**31), (INT64_MIN, 0))
    assert judge.values("customer.i * customer.j") == [root * root, UNKNOWN, INT64_MIN, UNKNOWN, 0]


def test_integer_division(engine: Engine) -> None:
    """Division goes towards zero, the remainder has the dividend's sign; by zero and INT64_MIN / -1 are unknown."""
    judge = integers(engine, (7, 2), (-7, 2), (7, -2), (-7, -2), (1, 0), (INT64_MIN, -1), (INT64_MIN, 1), (1, None))
    assert judge.values("customer.i / customer.j") == [3, -3, -3, 3, UNKNOWN, UNKNOWN, INT64_MIN, UNKNOWN]
    assert judge.values("customer.i % customer.j") == [1, -1, 1, -1, UNKNOWN, UNKNOWN, 0, UNKNOWN]
    assert judge.values("customer.i / -1") == [-7, 7, -7, 7, -1, UNKNOWN, UNKNOWN, -1]
    assert judge.verdicts("customer.j != 0 && customer.i / customer.j > 2")[4] is False


def test_double_division_never_fails(engine: Engine) -> None:
    """A double divided by zero is infinite or NaN, and its orderings are decided."""
    judge = doubles(engine, 1.0, -1.0, 0.0)
    assert judge.verdicts("customer.x / 0.0 > 1e308") == [True, False, False]
    assert judge.verdicts("customer.x / 0.0 < -1e308") == [False, True, False]
    assert judge.verdicts("customer.x / 0.0 == customer.x / 0.0") == [True, True, False]


def test_doubles_become_integers(engine: Engine) -> None:
    """`int()` drops the fraction; what is not inside the range of int64, NaN included, is unknown."""
    largest = 9223372036854774784.0
    judge = doubles(engine, 2.9, -2.9, largest, -largest, float(2**63), math.nan, math.inf, -math.inf, None)
    assert judge.values("int(customer.x)") == [
        *(2, -2, int(largest), -int(largest)),
        *(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ]


def test_integers_become_doubles(engine: Engine) -> None:
    """`double()` gives the nearest double, ties to even."""
    judge = integers(engine, (TWO_53 + 1, 0), (TWO_53 + 3, 0), (INT64_MAX, 0), (INT64_MIN, 0))
    assert judge.values("double(customer.i)") == [float(TWO_53), float(TWO_53 + 4), float(2**63), -float(2**63)]


def test_thresholds_beyond_a_narrow_column(engine: Engine) -> None:
    """A threshold that no value of a narrow column reaches is compared as the number it is."""
    judge = integers(engine, (127, 0), (-128, 0))
    assert judge.verdicts("customer.i < 128") == [True, True]
    assert judge.verdicts("customer.i > -129") == [True, True]
    assert judge.verdicts("customer.i == 383") == [False, False]
    assert judge.verdicts("customer.i >= 9223372036854775807") == [False, False]
    assert judge.verdicts("customer.i <= -9223372036854775808") == [False, False]
