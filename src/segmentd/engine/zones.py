"""A time zone as arrays: when its UTC offset changes, and to what; and as a grid in which kernels find it at once."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from segmentd.columns.zones import SECOND_US, fixed_offset, load_zone

Moments = npt.NDArray[np.int64]

DAY_S: Final = 86_400
_FIRST_DAY: Final = -62_092
"""1800-01-01, before which no zone changes."""
_REGULAR_DAY: Final = 43_829
"""2090-01-01: from here on zones follow yearly rules, so a look a week finds every change; before it, a look a day."""
_END_DAY: Final = 47_482 + 146_097
"""2500-01-01: the 400 years before it follow each zone's yearly rule, so later times can be moved back into them."""


_LONGEST_CELL: Final = 50
"""2^50 microseconds are 36 years."""

_PREPARED: dict[str, tuple[Moments, Moments]] = {}
"""Tables by zone: a few hundred at most, as many as there are zones and offsets in use."""


_GRIDS: dict[str, tuple[Moments, Moments]] = {}


def is_prepared(zone: str) -> bool:
    """Whether the zone's grid is there already; to make one takes some ten milliseconds."""
    return zone in _GRIDS


def zone_grid(zone: str) -> tuple[Moments, Moments]:
    """The zone in cells of equal length, as the kernels of calendars read it: header and moments, and the offsets."""
    found = _GRIDS.get(zone)
    if found is None:
        found = _GRIDS[zone] = _make_grid(*transition_table(zone))
    return found


def transition_table(zone: str) -> tuple[Moments, Moments]:
    """Moments from which an offset holds, the first the least int64 and the last 2500-01-01, and the offsets (µs)."""
    found = _PREPARED.get(zone)
    if found is None:
        found = _PREPARED[zone] = _make_table(zone)
    return found


def _make_table(zone: str) -> tuple[Moments, Moments]:
    fixed = fixed_offset(zone)
    if fixed is not None:
        changes, offsets = [], [fixed, fixed]
    else:
        rules = load_zone(zone)
        found = _changes(rules)
        changes = [second * SECOND_US for second, _ in found]
        first, last = _offset_s(rules, _FIRST_DAY * DAY_S), _offset_s(rules, _END_DAY * DAY_S)
        offsets = [seconds * SECOND_US for seconds in (first, *(offset for _, offset in found), last)]
    transitions = [np.iinfo(np.int64).min, *changes, _END_DAY * DAY_S * SECOND_US]
    return np.array(transitions, np.int64), np.array(offsets, np.int64)


def _changes(rules: ZoneInfo) -> list[tuple[int, int]]:
    """The seconds since 1970 at which the offset changes, each with the offset from then on."""
    looks = [*range(_FIRST_DAY, _REGULAR_DAY), *range(_REGULAR_DAY, _END_DAY, 7), _END_DAY]
    found = []
    before = _offset_s(rules, _FIRST_DAY * DAY_S)
    for previous, day in pairwise(looks):
        after = _offset_s(rules, day * DAY_S)
        if after != before:
            found.append((_first_second(rules, previous * DAY_S, day * DAY_S, before), after))
            before = after
    return found


def _first_second(rules: ZoneInfo, unchanged: int, changed: int, before: int) -> int:
    while changed - unchanged > 1:
        middle = (unchanged + changed) // 2
        if _offset_s(rules, middle) == before:
            unchanged = middle
        else:
            changed = middle
    return changed


def _offset_s(rules: ZoneInfo, second: int) -> int:
    """The offset at a moment, in whole seconds."""
    offset = datetime.fromtimestamp(second, rules).utcoffset()
    return 0 if offset is None else offset.days * DAY_S + offset.seconds


def _make_grid(transitions: Moments, offsets: Moments) -> tuple[Moments, Moments]:
    """Cells as long as they may be without two changes in one: some days to some decades."""
    changes, last = transitions[1:-1], int(transitions[-1])
    gaps = np.diff(changes)
    shift = min(int(gaps.min()).bit_length() - 1 if len(gaps) else _LONGEST_CELL, _LONGEST_CELL)
    base = min(int(changes[0]) if len(changes) else last, 0) - (1 << shift)  # so that no difference from it overflows
    cells = 1 + ((last - base) >> shift)
    starts = base + (np.arange(cells + 1) << shift)
    moments = np.full(cells, np.iinfo(np.int64).max)
    within = changes[(changes - base) % (1 << shift) > 0]  # others are where a cell begins
    moments[(within - base) >> shift] = within
    grid = np.concatenate((np.array([base, shift, last], np.int64), moments))
    return grid, offsets[np.searchsorted(transitions, starts, side="right") - 1]
