"""Calendar kernels and `datetime` agree over the whole range of years."""

from __future__ import annotations

import datetime as dt
from random import Random

import numpy as np
import pytest

from segmentd.engine.zones import transition_table, zone_grid
from segmentd.kernels.program import calendar, opcodes
from tests.kernels.rows import pairs, singles
from tests.oracle.calendar import EARLIEST_US, EPOCH, LATEST_US, days_between, months_between, time_zone
from tests.oracle.edges import INSTANTS
from tests.oracle.kernels import calendar_field

RANDOM = Random(400)  # noqa: S311 - repeatable, not secret
TIMES = (*INSTANTS, *(RANDOM.randrange(EARLIEST_US, LATEST_US) for _ in range(1_000)))
FIELDS = (
    *("YEAR", "MONTH", "DAY_OF_MONTH", "DAY_OF_WEEK", "DAY_OF_YEAR"),
    *("HOURS", "MINUTES", "SECONDS", "MILLISECONDS"),
)


@pytest.mark.parametrize("field", FIELDS)
def test_fields(field: str) -> None:
    """Every field of every time is the one that `datetime` gives."""
    local = singles(TIMES, np.int64)
    out = np.zeros(len(local), np.int64)
    calendar.calendar_fields(getattr(opcodes, field), local, len(local), out)
    assert list(out) == [calendar_field(field, int(time)) for time in local]


def test_days_and_months_between() -> None:
    """Complete months and days between local dates follow `java.time`'s rule, in both directions."""
    start, end = pairs(INSTANTS, INSTANTS, np.int64)
    out = np.zeros(len(start), np.int64)
    calendar.days_between(start, end, len(start), out)
    assert list(out) == [days_between(int(a), int(b), "UTC") for a, b in zip(start, end, strict=True)]
    calendar.months_between(start, end, len(start), out)
    assert list(out) == [months_between(int(a), int(b), "UTC") for a, b in zip(start, end, strict=True)]


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "-08:00"])
def test_local_times(zone: str) -> None:
    """A time moves by the offset that `zoneinfo` gives it, from year 1 to year 9999 and on both sides of a change."""
    around = [int(change) + step for change in transition_table(zone)[0][1:-1:7] for step in (-1, 0, 1)]
    times = singles([time for time in (*TIMES, *around) if EARLIEST_US < time - 10**12 < LATEST_US - 10**13], np.int64)
    out = np.zeros(len(times), np.int64)
    calendar.local_times(times, *zone_grid(zone), len(times), out)
    assert list(out) == [_local(int(time), zone) for time in times]


def _local(time_us: int, zone: str) -> int:
    if zone[0] in "+-":
        return time_us + int(zone[:3]) * 3_600_000_000
    local = (EPOCH + dt.timedelta(microseconds=time_us)).astimezone(time_zone(zone))
    return (local.replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
