"""Offsets and starts of days, against the rules in the database's files and against datetime."""

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.zones import (
    DAY_US,
    SECOND_US,
    UnknownZoneError,
    load_zone,
    start_of_days,
    utc_offsets,
)
from segmentd.time_zones import zone_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_US = -62_135_596_800 * SECOND_US
LAST_US = 253_402_300_800 * SECOND_US - 1

# Changes at midnight, skipped days, thirty-minute shifts, seconds of local mean time, both hemispheres.
ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Manila",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Etc/GMT+5",
    "Europe/Prague",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "UTC",
)


def transitions(name: str) -> Iterator[tuple[int, int, int]]:
    """Each real change of a zone, from its TZif file: second since 1970, offset before, offset after."""
    data = (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).read_bytes()

    def counts(at: int) -> tuple[int, ...]:
        return struct.unpack(">6I", data[at + 20 : at + 44])

    is_ut, is_std, leaps, times, types, chars = counts(0)
    start = 44 + times * 5 + types * 6 + chars + leaps * 8 + is_std + is_ut
    _, _, _, times, types, _ = counts(start)
    start += 44
    seconds = struct.unpack(f">{times}q", data[start : start + 8 * times])
    kinds = data[start + 8 * times : start + 9 * times]
    offsets = [struct.unpack_from(">i", data, start + 9 * times + 6 * kind)[0] for kind in range(types)]
    before = offsets[0]
    for second, kind in zip(seconds, kinds, strict=True):
        if offsets[kind] != before:
            yield second, before, offsets[kind]
        before = offsets[kind]


def offset_by_datetime(moment: int, zone: ZoneInfo) -> int:
    """The offset that datetime knows, one moment at a time."""
    local = (EPOCH + timedelta(microseconds=moment)).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def start_by_search(day: int, zone: ZoneInfo) -> int:
    """The first minute whose local date is `day` or later, of all from 16 hours before its UTC midnight on."""
    wanted = date(1970, 1, 1) + timedelta(days=day)
    for minute in range(-16 * 60, 36 * 60):
        moment = EPOCH + timedelta(days=day, minutes=minute)
        if moment.astimezone(zone).date() >= wanted:
            return (moment - EPOCH) // timedelta(microseconds=1)
    raise AssertionError(f"{wanted} does not start in {zone}")


def test_no_zone_changes_twice_within_two_days() -> None:
    """The table by day is exact: between two changes of any zone lie at least 48 hours, and none is before 1800."""
    for name in zone_names():
        seconds = [second for second, _, _ in transitions(name)]
        assert all(later - earlier > 2 * 86_400 for earlier, later in pairwise(seconds)), name
        assert all(second > -5_364_662_400 for second in seconds), name


@pytest.mark.parametrize("name", ZONES)
def test_offsets_change_at_the_microsecond_that_the_database_says(name: str) -> None:
    """Just before each change of the TZif file the old offset holds, from it on the new one."""
    changes = np.array(list(transitions(name)), dtype=np.int64).reshape(-1, 3)
    moments = changes[:, 0] * SECOND_US
    assert utc_offsets(moments - 1, name).tolist() == (changes[:, 1] * SECOND_US).tolist()
    assert utc_offsets(moments, name).tolist() == (changes[:, 2] * SECOND_US).tolist()


# Local times must exist in datetime, so the outermost day is left out.
@given(st.sampled_from(ZONES), st.lists(st.integers(FIRST_US + DAY_US, LAST_US - DAY_US), max_size=20))
def test_offsets_are_those_of_datetime_over_ten_thousand_years(name: str, moments: list[int]) -> None:
    """Any moment of years 1 to 9999 has the offset that datetime computes for it alone."""
    given_us = np.array(moments, dtype=np.int64)
    assert utc_offsets(given_us, name).tolist() == [offset_by_datetime(moment, load_zone(name)) for moment in moments]


def test_the_first_and_last_moments_have_offsets() -> None:
    """The ends of the range of TIMESTAMP are answered: local mean time first, the yearly rule last."""
    ends = np.array([FIRST_US, LAST_US], dtype=np.int64)
    assert utc_offsets(ends, "Europe/Prague").tolist() == [3_464 * SECOND_US, 3_600 * SECOND_US]


@settings(max_examples=60)
@given(st.sampled_from(ZONES), st.integers(-2, 2), st.data())
def test_a_day_starts_at_its_first_minute(name: str, shift: int, data: st.DataObject) -> None:
    """Around any change since 1970, and on any other day, the start is found by trying every minute."""
    changes = [second // 86_400 for second, _, _ in transitions(name) if second > 0]
    day = data.draw(st.sampled_from(changes) if changes else st.integers(0, 30_000)) + shift
    assert start_of_days(np.array([day]), name).tolist() == [start_by_search(day, load_zone(name))]


@pytest.mark.parametrize(
    ("day", "name", "start"),
    [
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00"),  # midnight is skipped: the day starts at 01:00
        ("2019-11-03", "America/Havana", "2019-11-03T04:00:00"),  # midnight comes twice: the first counts
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),  # the whole day is skipped
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2020-06-01", "Europe/Prague", "2020-05-31T22:00:00"),
        ("0001-01-02", "Asia/Tokyo", "0001-01-01T14:41:01"),
        ("9999-12-30", "America/New_York", "9999-12-30T05:00:00"),
        ("2020-06-01", "-05:30", "2020-06-01T05:30:00"),
    ],
)
def test_days_with_a_story_start_where_java_time_says(day: str, name: str, start: str) -> None:
    """Starts of skipped, doubled, missing and outermost days, as `atStartOfDay` gives them."""
    days = np.array([day], dtype="datetime64[D]").astype(np.int32)
    assert start_of_days(days, name).astype("datetime64[us]").tolist() == [datetime.fromisoformat(start)]


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("+01:00", 60), ("-05:30", -330), ("05:30", 330), ("5:3", 303), ("UTC", 0), ("", 0), ("-00:30", -30)],
)
def test_fixed_offsets_hold_at_all_times(zone: str, minutes: int) -> None:
    """Hours and minutes with or without sign, and UTC, are the same offset everywhere."""
    moments = np.array([FIRST_US, 0, LAST_US], dtype=np.int64)
    assert utc_offsets(moments, zone).tolist() == [minutes * 60 * SECOND_US] * 3


@pytest.mark.parametrize("zone", ["Z", "Mars/Olympus", "europe/prague", "../zones", "localtime", "+0100", "tzdata.zi"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    """Names that the database lacks, paths and other notations of offsets are refused."""
    with pytest.raises(UnknownZoneError, match="time zone"):
        utc_offsets(np.zeros(1, dtype=np.int64), zone)


def test_no_moments_have_no_offsets() -> None:
    """Empty columns are answered with empty columns."""
    empty = np.zeros(0, dtype=np.int64)
    assert len(utc_offsets(empty, "Europe/Prague")) == len(start_of_days(empty, "Europe/Prague")) == 0
