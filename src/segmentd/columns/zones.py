"""Time zones over whole columns: UTC offsets of moments, and the moments at which days start.

The rules come from the database that all parts share (`segmentd.time_zones`). A zone keeps a
table of its offsets by UTC day, filled in pieces as days are met; only rows on a day with a change need more
than one look-up. That no zone changes twice within 48 hours is tested over all zones.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from segmentd.moments import EPOCH, MICROSECOND
from segmentd.time_zones import time_zone, zone_names

Moments = npt.NDArray[np.int64]
"""Microseconds, since 1970-01-01T00:00:00Z or as a difference."""

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US

FIXED_OFFSET: Final = re.compile(r"([+-]?)(\d{1,2}):(\d{1,2})")
"""As CEL's getters take it: hours and minutes, east of Greenwich unless negative."""

_FIRST_DAY: Final = -62_092
"""1800-01-01: no zone of the database changes before it."""
_CYCLE_START: Final = 47_482
"""2100-01-01: from here on every zone follows a yearly rule."""
_CYCLE_DAYS: Final = 146_097
"""400 years of the Gregorian calendar, whole weeks, after which a yearly rule repeats."""
_PIECE_DAYS: Final = 4_096
_TABLE_DAYS: Final = -(-(_CYCLE_START + _CYCLE_DAYS + 1 - _FIRST_DAY) // _PIECE_DAYS) * _PIECE_DAYS


class UnknownZoneError(ValueError):
    """The text is neither a name of the IANA database nor a fixed offset such as `+01:00`."""


def utc_offsets(moments: Moments, zone: str) -> Moments:
    """Microseconds to add to each moment to get its local time. `zone`: IANA name, `+01:00`, or empty for UTC."""
    fixed = fixed_offset(zone)
    if fixed is not None:
        return np.full(len(moments), fixed, dtype=np.int64)
    table = _table(zone)
    days = _mapped(moments // DAY_US)
    offsets = table.at_starts(days)
    changing = np.flatnonzero(offsets != table.at_starts(days + 1))
    if len(changing):
        offsets[changing] = table.on_changing_days(days[changing], moments[changing] % DAY_US)
    return offsets


def start_of_days(days: npt.NDArray[np.integer], zone: str) -> Moments:
    """The first moment of each local day, given as days since 1970-01-01.

    A day whose midnight is skipped starts at the first moment after the gap, and one whose midnight occurs
    twice at the first of them, as `java.time.LocalDate.atStartOfDay` says.
    """
    midnights = days.astype(np.int64) * DAY_US
    fixed = fixed_offset(zone)
    if fixed is not None:
        return midnights - fixed
    table = _table(zone)
    mapped = _mapped(days.astype(np.int64))
    before = table.at_starts(mapped - 1)
    changing = np.flatnonzero(before != table.at_starts(mapped + 1))
    starts = midnights - before
    if len(changing):
        starts[changing] = midnights[changing] - table.midnight_offsets(mapped[changing])
    return starts


@lru_cache(maxsize=1024)
def fixed_offset(zone: str) -> int | None:
    """The one offset of UTC or of `+01:00`, in microseconds; None for a zone with rules of its own."""
    if zone in ("", "UTC"):
        return 0
    match = FIXED_OFFSET.fullmatch(zone)
    if match is None:
        return None
    minutes = 60 * int(match[2]) + int(match[3])
    return (-minutes if match[1] == "-" else minutes) * 60 * SECOND_US


def load_zone(name: str) -> ZoneInfo:
    """The zone of this IANA name, by the rules that all parts share; UnknownZoneError if there is none."""
    if name not in zone_names():
        raise UnknownZoneError(f"{name!r} is no time zone; give an IANA name such as 'Europe/Prague', or '+01:00'")
    return time_zone(name)


class _OffsetTable:
    """The offsets of one zone at the start of each UTC day from 1800, and its changes by day.

    Threads may fill the same piece twice, with the same values.
    """

    __slots__ = ("_changes", "_filled", "_offsets", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets = np.zeros(_TABLE_DAYS, dtype=np.int64)
        self._filled = np.zeros(_TABLE_DAYS // _PIECE_DAYS, dtype=np.bool_)
        self._changes: dict[int, int] = {}

    def at_starts(self, days: npt.NDArray[np.int64]) -> Moments:
        """The offsets at the start of mapped days."""
        index = np.maximum(days, _FIRST_DAY) - _FIRST_DAY
        self._fill(index)
        offsets: Moments = self._offsets[index]
        return offsets

    def on_changing_days(self, days: npt.NDArray[np.int64], moments: Moments) -> Moments:
        """The offsets at moments within days, microseconds since the day's start, where the offset changes."""
        distinct, place = np.unique(days, return_inverse=True)
        changes = np.array([self._change_within(int(day)) for day in distinct], dtype=np.int64)[place]
        return np.where(moments < changes, self.at_starts(days), self.at_starts(days + 1))

    def midnight_offsets(self, days: npt.NDArray[np.int64]) -> Moments:
        """What to subtract from the midnights of days, near a change, to get the days' first moments."""
        distinct, place = np.unique(days, return_inverse=True)
        return np.array([self._midnight_offset(int(day)) for day in distinct], dtype=np.int64)[place]

    def _midnight_offset(self, day: int) -> int:
        """Relative to UTC midnight of `day`: the change lies in the UTC day before or in the day itself."""
        before, at, after = (int(offset) for offset in self.at_starts(np.arange(day - 1, day + 2)))
        change = self._change_within(day - 1) - DAY_US if before != at else self._change_within(day)
        # In local time: not yet changed at midnight; else the first moment that is midnight or later.
        return before if -before < change else min(after, -change)

    def _change_within(self, day: int) -> int:
        """The moment of the change, in microseconds after the start of a mapped UTC day that has one."""
        if day not in self._changes:
            before, after = 0, 86_400
            first = self._offset(day, before)
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if self._offset(day, middle) == first else (before, middle)
            self._changes[day] = after * SECOND_US
        return self._changes[day]

    def _fill(self, index: npt.NDArray[np.int64]) -> None:
        needed = np.bincount(index // _PIECE_DAYS, minlength=len(self._filled)).astype(np.bool_)
        for piece in np.flatnonzero(needed & ~self._filled):
            days = range(piece * _PIECE_DAYS, (piece + 1) * _PIECE_DAYS)
            self._offsets[days.start : days.stop] = [self._offset(_FIRST_DAY + day, 0) for day in days]
            self._filled[piece] = True

    def _offset(self, day: int, second: int) -> int:
        local = self._zone.fromutc((EPOCH + timedelta(days=day, seconds=second)).replace(tzinfo=self._zone))
        offset = local.utcoffset()
        return 0 if offset is None else offset // MICROSECOND


@lru_cache(maxsize=1024)
def _table(zone: str) -> _OffsetTable:
    return _OffsetTable(load_zone(zone))


def _mapped(days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Days of the same offsets that the table has: earlier ones are all alike, later ones repeat."""
    if len(days) and days.max() >= _CYCLE_START + _CYCLE_DAYS:
        later = days >= _CYCLE_START
        days = np.where(later, _CYCLE_START + (days - _CYCLE_START) % _CYCLE_DAYS, days)
    return np.maximum(days, _FIRST_DAY)
