"""Numbers in other units than a column's: timestamps in seconds, days in milliseconds, decimals of a smaller scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from segmentd.columns.column import Array
from segmentd.columns.fixed import (
    DAY_RANGE,
    MAX_INT64,
    MAX_TIMESTAMP_US,
    MIN_TIMESTAMP_US,
    TIMESTAMP_RANGE,
    refuse_first,
    within,
)
from segmentd.columns.planes import Plane
from segmentd.columns.zones import SECOND_US

PER_SECOND: Final[Mapping[str, int]] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Arrow's units of time."""

MAX_DIGITS: Final = 18
"""With more digits than these added, only 0 stays within 64 bits."""

DECIMAL_RANGE: Final = "an amount has at most 63 bits of minor units"


def scaled_moments(attribute: str, values: Array, unit: str, validity: Plane | None) -> Array:
    """Microseconds of timestamps in `unit`. InvalidValueError for what is finer or out of the range of TIMESTAMP."""
    per_second = PER_SECOND[unit]
    if per_second > SECOND_US:
        finer = per_second // SECOND_US
        wrong = values % finer != 0
        refuse_first(attribute, wrong, values, validity, "a timestamp is a whole number of microseconds")
        return values // finer
    factor = SECOND_US // per_second
    limits = (MIN_TIMESTAMP_US // factor, MAX_TIMESTAMP_US // factor)
    return within(attribute, values, limits, validity, TIMESTAMP_RANGE) * factor


def scaled_days(attribute: str, values: Array, unit: str, validity: Plane | None) -> Array:
    """Days of times in `unit`. InvalidValueError for what is not a whole day."""
    per_day = 86_400 * PER_SECOND[unit]
    refuse_first(attribute, values % per_day != 0, values, validity, f"a date is a whole day; {DAY_RANGE}")
    return values // per_day


def minor_units(attribute: str, unscaled: Array, more_digits: int, validity: Plane | None) -> Array:
    """Unscaled decimals, as 32- or 64-bit integers or rows of 64-bit words, with more digits after the point."""
    narrow = unscaled
    if unscaled.ndim == 2:
        narrow = np.ascontiguousarray(unscaled[:, 0])
        wrong = np.any(unscaled[:, 1:] != (narrow >> 63)[:, None], axis=1)
        refuse_first(attribute, wrong, _whole_numbers(unscaled, wrong), validity, DECIMAL_RANGE)
    limit = MAX_INT64 // 10**more_digits
    factor = 10 ** min(more_digits, MAX_DIGITS)
    wide = narrow.astype(np.int64, copy=False)
    return within(attribute, wide, (-limit, limit), validity, DECIMAL_RANGE) * factor if more_digits else wide


def _whole_numbers(words: Array, wanted: Array) -> Array:
    """The wanted rows' numbers as Python integers, for a message; the others are None."""
    numbers = np.full(len(words), None, dtype=object)
    for row in np.flatnonzero(wanted):
        numbers[row] = int.from_bytes(words[row].tobytes(), "little", signed=True)
    return numbers
