"""A time zone as two arrays for the kernels: when its UTC offset changes, and to what."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from segmentd.columns.zones import DAY_US, SECOND_US, fixed_offset, utc_offsets

Moments = npt.NDArray[np.int64]

_FIRST_DAY = -62_092
"""1800-01-01, before which no zone changes."""
_END_DAY = 47_482 + 146_097
"""2500-01-01: the 400 years before it follow each zone's yearly rule, so later times can be moved back into them."""


@lru_cache(maxsize=256)
def transition_table(zone: str) -> tuple[Moments, Moments]:
    """Moments from which an offset holds, the first the least int64 and the last 2500-01-01, and the offsets (µs)."""
    end = _END_DAY * DAY_US
    fixed = fixed_offset(zone)
    if fixed is not None:
        changes = np.empty(0, np.int64)
        first = fixed
    else:
        starts = np.arange(_FIRST_DAY, _END_DAY + 1, dtype=np.int64) * DAY_US
        offsets = utc_offsets(starts, zone)
        changing = np.flatnonzero(offsets[1:] != offsets[:-1])
        changes = _first_seconds(starts[changing], offsets[changing], zone)
        first = int(offsets[0])
    transitions = np.concatenate(([np.iinfo(np.int64).min], changes, [end])).astype(np.int64)
    values = np.concatenate(([first], utc_offsets(transitions[1:], zone))).astype(np.int64)
    return transitions, values


def _first_seconds(day_starts: Moments, before: Moments, zone: str) -> Moments:
    """By halving each day, the second at which its offset changes."""
    low, high = day_starts.copy(), day_starts + DAY_US
    while len(low) and int((high - low).max()) > SECOND_US:
        middle = (low + high) // 2 // SECOND_US * SECOND_US
        unchanged = utc_offsets(middle, zone) == before
        low, high = np.where(unchanged, middle, low), np.where(unchanged, high, middle)
    return high
