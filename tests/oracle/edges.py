"""Values at which evaluators differ: the ends of ranges, what is not a number, text that is not ASCII."""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from tests.oracle.calendar import EARLIEST_US, LATEST_US, instant

INT64_MAX: Final = 2**63 - 1
INT64_MIN: Final = -(2**63)

INTEGERS: Final = (
    0,
    1,
    -1,
    7,
    18,
    -128,
    127,
    40_000,
    2**31 - 1,
    -(2**31),
    2**53 - 1,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    INT64_MAX,
    INT64_MAX - 1,
    INT64_MIN,
    INT64_MIN + 1,
)
NARROW_INTEGERS: Final = (0, 1, 2, 3, 5, 10, 18, 30, 45, 65, 127, -1, -3, -128)
DOUBLES: Final = (
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    0.30000000000000004,
    3000.0,
    5e-324,
    1.7976931348623157e308,
    -1e300,
    float(2**53),
    float(2**53 + 2),
    float(2**63),
    -float(2**63),
    9223372036854774784.0,
    math.inf,
    -math.inf,
    math.nan,
)
TEXTS: Final = (
    "",
    "a",
    "A",
    "abcabc",
    "Praha",
    "Žluťoučký kůň",
    "é",
    "e\u0301",
    "😀",
    "a😀b😀",
    "👨\u200d👩\u200d👧",
    "ß",
    "İstanbul",
    "日本語",
    "  trim me\t",
    "\u00a0no\u2003break\u00a0",
    "a,b,,c",
    "line\nbreak",
    "quote\"'\\",
    "%s {0}",
    "x" * 70,
    "\uffff",
    "\U0001f600\ud7ff",
    "nul\x00inside",
)
NUMERIC_TEXTS: Final = (
    "12",
    "-7",
    "+3",
    " 4",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "3.5",
    "-0.0",
    "1e3",
    "1e999",
    "NaN",
    "inf",
    "-Infinity",
    "0x10",
    "true",
    "false",
    "True",
    "TRUE",
    "t",
    "1",
    "0",
    "",
    "word",
)
LISTS: Final = (
    (),
    ("a",),
    ("a", "b"),
    ("b", "a"),
    ("a", "a", "a"),
    ("",),
    ("Praha", "😀", "é"),
    ("é", "e\u0301"),
    ("nul\x00inside", "a"),
    ("x", "y", "z", "a", "b"),
)
PATTERNS: Final = (
    "^P",
    "a+",
    "(?i)praha",
    r"\d+",
    "[[:alpha:]]+",
    r"^\pL+$",
    "^$",
    "^.$",
    "(a|b)*c",
    r"\bme\b",
    "[^a-z]",
    "k(ů|u)ň$",
    "(?s)e.b",
    "😀$",
    "é",
    "(?P<first>a)",
    "a{2,3}",
    "",
)
MINOR_UNITS: Final = (0, 1, -1, 99, 100, 300_000, -250_075, 10**12, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1)


def _moment(*parts: int) -> int:
    return instant(dt.datetime(*parts, tzinfo=dt.UTC))  # type: ignore[arg-type,misc]


INSTANTS: Final = (
    0,
    -1,
    1,
    EARLIEST_US,
    EARLIEST_US + 1,
    LATEST_US,
    LATEST_US - 999_999,
    _moment(1600, 2, 29, 12),
    _moment(1969, 12, 31, 23, 59, 59, 999_999),
    _moment(2000, 2, 29),
    _moment(2020, 3, 29, 0, 59, 59, 999_999),
    _moment(2020, 3, 29, 1),
    _moment(2020, 10, 25, 0, 30),
    _moment(2020, 10, 25, 1, 30),
    _moment(2021, 3, 14, 6, 59, 59),
    _moment(2021, 3, 14, 7),
    _moment(2021, 11, 7, 5, 30),
    _moment(2021, 11, 7, 6, 30),
    _moment(2023, 12, 31, 18, 14, 59, 999_999),
    _moment(2023, 12, 31, 18, 15),
    _moment(2024, 2, 29, 23, 30, 15, 123_456),
    _moment(2025, 1, 31),
    _moment(2025, 6, 15, 10, 20, 30, 400_000),
    _moment(2200, 7, 1),
)
DATES: Final = (
    dt.date(1, 1, 3),
    dt.date(9999, 12, 30),
    dt.date(1900, 3, 1),
    dt.date(1969, 12, 31),
    dt.date(1970, 1, 1),
    dt.date(2000, 2, 29),
    dt.date(2020, 3, 29),
    dt.date(2020, 3, 30),
    dt.date(2020, 10, 25),
    dt.date(2020, 10, 26),
    dt.date(2021, 3, 14),
    dt.date(2021, 3, 15),
    dt.date(2021, 11, 7),
    dt.date(2024, 2, 29),
    dt.date(2025, 1, 31),
    dt.date(2025, 2, 28),
)
DURATIONS_US: Final = (
    0,
    1,
    -1,
    1_000_000,
    -1_500_000,
    90 * 60_000_000,
    86_400_000_000,
    -365 * 86_400_000_000,
    31_557_600_000_000,
    9_223_372_036_854_775,
    -9_223_372_036_854_775,
)
ZONES: Final = ("UTC", "Europe/Prague", "America/New_York", "Asia/Kathmandu", "+05:30", "-08:00")
