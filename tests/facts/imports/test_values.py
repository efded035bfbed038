"""Values of files, whole columns at a time, against Python's own reading of them one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.facts.imports.mapping import ColumnType
from segmentd.facts.imports.moments import dates_of, start_of_dates, to_utc
from segmentd.facts.imports.texts import MAX_FRACTION, Reading, read_amounts, read_texts
from segmentd.schema import DATE, INT64, TIMESTAMP, DataType, Kind

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local time
ZONES = ("UTC", "Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")
PLAIN = Reading("Europe/Prague", "Europe/Prague")

texts = st.lists(
    st.one_of(
        st.none(),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4).map(str),
        st.integers(-(10**20), 10**20).map(str),
        st.sampled_from(["", "+7", "-.5", "5.", ".", "-", "1e3", " 1", "1 ", "0x1", "1,5", "١", "1.0000000000", "NaN"]),
    ),
    max_size=40,
)


def decimal_of(text: str) -> Decimal | None:
    """The amount of a text: digits, a sign perhaps, a point perhaps with digits after it; None where it is none."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    whole, point, fraction = unsigned.partition(".")
    digits = whole + fraction
    if not digits or not digits.isascii() or not digits.isdecimal() or (not whole and not (point and fraction)):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@given(texts)
def test_amounts_are_the_decimals_of_their_digits(given_texts: list[str | None]) -> None:
    """A text is the amount that its digits say, wrong where it has more than nine after the point or is none."""
    read = read_amounts(pa.array(given_texts, pa.string()), PLAIN)
    wrong = np.zeros(len(given_texts), bool) if read.wrong is None else read.wrong
    for text, value, is_wrong in zip(given_texts, read.array.to_pylist(), wrong.tolist(), strict=True):
        amount = None if text is None else decimal_of(text)
        if amount is not None and len((text or "").partition(".")[2]) > MAX_FRACTION:
            amount = None
        assert value == amount
        assert is_wrong == (text is not None and amount is None)


@given(texts, st.integers(0, 4))
def test_decimals_of_a_scale_lose_no_digit(given_texts: list[str | None], scale: int) -> None:
    """A text with digits that its type has no place for is wrong, never rounded; zeros at the end are no digits."""
    read = read_texts(pa.array(given_texts, pa.string()), ColumnType(DataType(Kind.DECIMAL, scale)), PLAIN)
    for text, value in zip(given_texts, read.array.to_pylist(), strict=True):
        amount = None if text is None else decimal_of(text)
        fits = amount is not None and amount == round(amount, scale)
        assert value == (amount if fits else None)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**70), 2**70).map(str), st.sampled_from(["", "1.0", "+1", "a"]))))
def test_whole_numbers_fit_64_bits(given_texts: list[str | None]) -> None:
    """A text of digits is its number where that fits 64 bits, and wrong otherwise."""
    read = read_texts(pa.array(given_texts, pa.string()), ColumnType(INT64), PLAIN)
    for text, value in zip(given_texts, read.array.to_pylist(), strict=True):
        is_number = text is not None and text.lstrip("+-").isdecimal()
        number = int(text) if is_number and text is not None else None
        assert value == (number if number is not None and -(2**63) <= number < 2**63 else None)


@given(
    st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1)), max_size=20),  # noqa: DTZ001 - local times
    st.sampled_from(ZONES),
)
def test_local_times_are_moments_of_their_zone(times: list[datetime], zone: str) -> None:
    """As Python's zoneinfo has it with fold 0: the first of two equal times, the offset before of a skipped one."""
    local = pa.array([(time - EPOCH) // timedelta(microseconds=1) for time in times], pa.int64()).cast(
        pa.timestamp("us")
    )
    expected = [time.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for time in times]
    assert [moment.astimezone(UTC) for moment in to_utc(local, zone).to_pylist()] == expected


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_around_every_change(zone: str) -> None:
    """Every quarter of an hour of the days on which a zone changes its offset, of twenty years."""
    start = datetime(2005, 1, 1)  # noqa: DTZ001 - a local time
    days = [start + timedelta(days=day) for day in range(20 * 365)]
    offsets = [day.replace(tzinfo=ZoneInfo(zone)).utcoffset() for day in days]
    changing = [day for day, before, after in zip(days, offsets, offsets[1:], strict=False) if before != after]
    times = [day + timedelta(minutes=15 * quarter) for day in changing for quarter in range(-8, 110)]
    test = test_local_times_are_moments_of_their_zone.hypothesis.inner_test  # type: ignore[attr-defined]
    test(times, zone)


@given(st.lists(st.dates(datetime(1900, 1, 1).date(), datetime(2100, 1, 1).date())), st.sampled_from(ZONES))  # noqa: DTZ001 - days
def test_days_begin_and_are_found_again(days: list[object], zone: str) -> None:
    """The day of a day's first moment is that day."""
    dates = pa.array(days, pa.date32())
    assert dates_of(start_of_dates(dates, zone), zone) == dates


def test_times_with_and_without_a_zone() -> None:
    """A time says its offset itself, or is local; both kinds may stand in one column."""
    given_texts = [
        "2024-07-01T12:00:00Z",
        "2024-07-01 12:00",
        "2024-07-01T12:00:00.5+05:30",
        "2024-07-01",
        "noon",
        None,
    ]
    read = read_texts(pa.array(given_texts, pa.string()), ColumnType(TIMESTAMP), PLAIN)
    shown = [None if moment is None else moment.astimezone(UTC).isoformat() for moment in read.array.to_pylist()]
    assert shown == [
        "2024-07-01T12:00:00+00:00",
        "2024-07-01T10:00:00+00:00",
        "2024-07-01T06:30:00.500000+00:00",
        "2024-06-30T22:00:00+00:00",
        None,
        None,
    ]
    assert read.wrong is not None
    assert read.wrong.tolist() == [False, False, False, False, True, False]


@pytest.mark.parametrize(
    ("format_", "text", "expected"),
    [
        ("%y%m%d", "930101", "1993-01-01"),
        ("%y%m%d", "930231", None),
        ("%d.%m.%Y", "31.12.1999", "1999-12-31"),
        ("%d.%m.%Y", "31.12.99", None),
        ("%Y%m%d", "20240229", "2024-02-29"),
        ("", "2023-02-29", None),
    ],
)
def test_dates_of_other_formats(format_: str, text: str, expected: str | None) -> None:
    """A date is read by its format, and a day that no calendar has is wrong."""
    read = read_texts(pa.array([text]), ColumnType(DATE, format_), PLAIN)
    day = read.array.to_pylist()[0]
    assert (None if day is None else day.isoformat()) == expected
    assert (read.wrong is not None) == (expected is None)


def test_a_decimal_comma() -> None:
    """Where the mapping says that decimals have a comma, a point is wrong: `1.234` might be a thousand."""
    reading = Reading("UTC", "UTC", ",")
    read = read_amounts(pa.array(["12,50", "1.234", "7"]), reading)
    assert read.array.to_pylist() == [Decimal("12.50"), None, Decimal(7)]
