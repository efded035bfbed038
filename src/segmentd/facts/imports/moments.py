"""Between local times, moments and days, whole columns at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.zones import DAY_US, start_of_days, utc_offsets

Microseconds = npt.NDArray[np.int64]


def to_utc(local: pa.Array, time_zone: str) -> pa.Array:
    """The moments of local times, `timestamp[us]` without a zone.

    Of a time that occurs twice it is the first, and a time that is skipped is taken with the offset before the gap, as
    `java.time.ZonedDateTime.ofLocal` does.
    """
    wall = _values(local)
    # A UTC moment with the same digits, a day earlier, lies 10 to 36 hours before: one change at most in between.
    before = utc_offsets(wall - DAY_US, time_zone)
    moments = wall - before
    after = utc_offsets(moments, time_zone)
    changed = np.flatnonzero(after != before)
    if len(changed):
        later = wall[changed] - after[changed]
        # With the new offset it is a moment at which that offset holds: the time exists after the change only.
        fits = utc_offsets(later, time_zone) == after[changed]
        moments[changed] = np.where(fits, later, moments[changed])
    return _moments(moments, local)


def start_of_dates(dates: pa.Array, time_zone: str) -> pa.Array:
    """The first moments of days, `date32`, in a zone."""
    days = dates.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
    return _moments(start_of_days(days, time_zone), dates)


def dates_of(moments: pa.Array, time_zone: str) -> pa.Array:
    """The days of moments in a zone."""
    instants = _values(moments)
    days = (instants + utc_offsets(instants, time_zone)) // DAY_US
    return pa.array(days.astype(np.int32), pa.int32(), mask=_missing(moments)).cast(pa.date32())


def _values(array: pa.Array) -> Microseconds:
    return np.array(array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)


def _moments(values: Microseconds, like: pa.Array) -> pa.Array:
    return pa.array(values, pa.int64(), mask=_missing(like)).cast(pa.timestamp("us", "UTC"))


def _missing(array: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False))
