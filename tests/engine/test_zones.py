"""Transition tables: the same offsets as looking each moment up in the zone."""

from __future__ import annotations

import numpy as np
import pytest

from segmentd.columns.zones import DAY_US, utc_offsets
from segmentd.engine.zones import transition_table

CYCLE_US = 146_097 * DAY_US
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Prague",
        "America/New_York",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "+05:30",
        "UTC",
    ],
)
def test_the_table_gives_every_moments_offset(zone: str) -> None:
    """Over ten thousand years, and at each change and the microsecond before it."""
    transitions, offsets = transition_table(zone)
    drawn = np.random.default_rng(7).integers(FIRST_US, LAST_US, 5_000)
    moments = np.concatenate([drawn, transitions[1:], transitions[1:] - 1])
    end = transitions[-1]
    moved = np.where(moments > end, end - CYCLE_US + (moments - end) % CYCLE_US, moments)
    found = offsets[np.searchsorted(transitions, moved, side="right") - 1]
    assert np.array_equal(found, utc_offsets(moments, zone))


def test_a_zones_offset_changes_with_daylight_saving() -> None:
    """Prague changed to summer time on 2024-03-31 at 01:00 UTC."""
    transitions, offsets = transition_table("Europe/Prague")
    at = int(np.flatnonzero(transitions == 1_711_846_800_000_000)[0])
    assert [int(offset) // 3_600_000_000 for offset in offsets[at - 1 : at + 1]] == [1, 2]
