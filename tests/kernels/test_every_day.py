"""Calendar kernels and NumPy's calendar agree on every day of the years 1 to 9999, and up to the ends of int64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segmentd.engine.zones import transition_table, zone_grid
from segmentd.kernels.program import calendar, opcodes

DAY_US = 86_400_000_000
INT64 = np.iinfo(np.int64)
EARLIEST = INT64.min + DAY_US
"""NumPy's own calendar overflows on the day before."""
ZONES = (
    *("Europe/Prague", "America/New_York", "Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Kathmandu"),
    *("America/Argentina/San_Luis", "Pacific/Apia", "Europe/London", "UTC", "+05:30"),
)


def every_day() -> Any:
    """The first and the last microsecond of each day, and times of all of int64, in whole words."""
    days = np.arange(-719_162, 2_932_897) * DAY_US
    random = np.random.default_rng(9999)
    anywhere = random.integers(EARLIEST, INT64.max, 100_000, endpoint=True)
    ends = np.array([EARLIEST, INT64.max - 1, INT64.max])
    midnights = random.integers(INT64.min // DAY_US, INT64.max // DAY_US, 100_000) * DAY_US
    times = np.concatenate((days, days + DAY_US - 1, anywhere, ends, midnights, midnights - 1))
    return np.concatenate((times, np.zeros(-len(times) % 64, np.int64)))


TIMES = every_day()


def numpy_field(field: str, times: Any) -> Any:
    """The field by NumPy's calendar."""
    moments = times.astype("datetime64[us]")
    years, months, days = (moments.astype(f"datetime64[{unit}]") for unit in "YMD")
    in_day = (moments - days).astype(np.int64)
    if field == "YEAR":
        return years.astype(np.int64) + 1970
    if field == "MONTH":
        return (months - years).astype(np.int64)
    if field == "DAY_OF_MONTH":
        return (days - months).astype(np.int64)
    if field == "DAY_OF_YEAR":
        return (days - years).astype(np.int64)
    if field == "DAY_OF_WEEK":
        return (days.astype(np.int64) + 4) % 7
    unit, size = {
        "HOURS": (3_600_000_000, 24),
        "MINUTES": (60_000_000, 60),
        "SECONDS": (1_000_000, 60),
        "MILLISECONDS": (1_000, 1_000),
    }[field]
    return in_day // unit % size


@pytest.mark.parametrize(
    "field",
    ["YEAR", "MONTH", "DAY_OF_MONTH", "DAY_OF_YEAR", "DAY_OF_WEEK", "HOURS", "MINUTES", "SECONDS", "MILLISECONDS"],
)
def test_every_field(field: str) -> None:
    """Every field of every time is NumPy's."""
    out = np.zeros(len(TIMES), np.int64)
    calendar.calendar_fields(getattr(opcodes, field), TIMES, len(TIMES), out)
    np.testing.assert_array_equal(out, numpy_field(field, TIMES))


def test_the_first_day() -> None:
    """The least int64 and its neighbours lie on the days that Python's integers say."""
    times = np.array([INT64.min + step for step in (*range(32), *(DAY_US - 1 - step for step in range(32)))])
    out = np.zeros(64, np.int64)
    calendar.days_between(np.zeros(64, np.int64), times, 64, out)
    assert list(out) == [int(time) // DAY_US for time in times]


def test_distances_from_every_day() -> None:
    """Days and complete months between are those of NumPy's calendar, whatever the distance."""
    start = TIMES[: len(TIMES) // 7 // 64 * 64 * 7 : 7]
    end = np.roll(start, len(start) // 3)
    out = np.zeros(len(start), np.int64)
    calendar.days_between(start, end, len(start), out)
    days = [times.astype("datetime64[us]").astype("datetime64[D]").astype(np.int64) for times in (start, end)]
    np.testing.assert_array_equal(out, days[1] - days[0])
    calendar.months_between(start, end, len(start), out)
    whole = [numpy_field("YEAR", times) * 12 + numpy_field("MONTH", times) for times in (start, end)]
    inside = [numpy_field("DAY_OF_MONTH", times) for times in (start, end)]
    months = whole[1] - whole[0]
    months -= (months > 0) & (inside[1] < inside[0])
    months += (months < 0) & (inside[1] > inside[0])
    np.testing.assert_array_equal(out, months)


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_a_zone(zone: str) -> None:
    """Before, at and after each change, and anywhere, a time moves by the offset that the table has for it."""
    transitions, offsets = transition_table(zone)
    around = np.concatenate([transitions[1:] + step for step in (-DAY_US, -1, 0, 1, DAY_US)])
    times = np.concatenate((around, TIMES[np.abs(TIMES) < INT64.max - DAY_US][::101]))
    times = np.concatenate((times, np.zeros(-len(times) % 64, np.int64)))
    out = np.zeros(len(times), np.int64)
    calendar.local_times(times, *zone_grid(zone), len(times), out)
    late = times > transitions[-1]
    moved = np.where(late, transitions[-1] - calendar.CYCLE_US + (times - transitions[-1]) % calendar.CYCLE_US, times)
    np.testing.assert_array_equal(out, times + offsets[np.searchsorted(transitions, moved, side="right") - 1])
