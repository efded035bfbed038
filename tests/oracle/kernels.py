"""Naive twins of the kernels: one row at a time, in Python's unbounded integers. None is a row that fails."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.oracle.edges import INT64_MAX, INT64_MIN

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "LESS": operator.lt,
    "AT_MOST": operator.le,
    "GREATER": operator.gt,
    "AT_LEAST": operator.ge,
    "EQUAL": operator.eq,
}
"""By the names of the predicates: Python compares an integer with a float exactly, and NaN with nothing."""


def within(value: int, low: int = INT64_MIN, high: int = INT64_MAX) -> int | None:
    """The value if it lies in the range, ends included."""
    return value if low <= value <= high else None


def quotient(dividend: int, divisor: int) -> int | None:
    """`dividend / divisor` towards zero."""
    if divisor == 0:
        return None
    size = abs(dividend) // abs(divisor)
    return within(size if (dividend < 0) == (divisor < 0) else -size)


def remainder(dividend: int, divisor: int) -> int | None:
    """What `quotient` leaves, with the dividend's sign; fails where the quotient does."""
    whole = quotient(dividend, divisor)
    return None if whole is None else dividend - whole * divisor


def integer_part(value: float) -> int | None:
    """The double without its fraction, strictly between -2^63 and 2^63, as cel-cpp has it."""
    return int(value) if -(2.0**63) < value < 2.0**63 else None


def double_quotient(dividend: float, divisor: float) -> float:
    """IEEE 754's division, which Python refuses to do by zero."""
    if divisor != 0:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1.0, divisor)


def nearest_double(value: int) -> float:
    """The nearest double, ties to even."""
    return float(Fraction(value))


def calendar_field(name: str, local_us: int) -> int:
    """A field of a local time of the years 1 to 9999, counted as in CEL."""
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=local_us)  # noqa: DTZ001 - local
    fields = {
        "YEAR": moment.year,
        "MONTH": moment.month - 1,
        "DAY_OF_MONTH": moment.day - 1,
        "DAY_OF_WEEK": moment.isoweekday() % 7,
        "DAY_OF_YEAR": moment.timetuple().tm_yday - 1,
        "HOURS": moment.hour,
        "MINUTES": moment.minute,
        "SECONDS": moment.second,
        "MILLISECONDS": moment.microsecond // 1_000,
    }
    return fields[name]
