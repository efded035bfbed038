"""Transition tables: the same offsets as looking each moment up in the zone."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

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


PROBE = """
import numpy as np
from segmentd.columns.zones import utc_offsets
from segmentd.engine.zones import transition_table
from segmentd.language import Environment
from segmentd.schema import Schema, Subject

zone, moment = "Europe/Prague", 1_577_858_400_000_000
transitions, offsets = transition_table(zone)
hours = offsets[np.searchsorted(transitions, moment, side="right") - 1] // 3_600_000_000
constant = Environment(Schema(Subject.CUSTOMER, ())).compile(
    "timestamp('2020-01-01T06:00:00Z').getHours('Europe/Prague')", result=None
)
print(hours, utc_offsets(np.array([moment]), zone)[0] // 3_600_000_000, constant.tree.value - 6)
"""


def test_kernels_columns_and_the_official_runtime_share_one_database(tmp_path: Path) -> None:
    """Where an operator's TZDIR has other rules, all three follow it: here Prague has those of Tokyo."""
    (tmp_path / "Europe").mkdir()
    rules = (resources.files("tzdata") / "zoneinfo" / "Asia" / "Tokyo").read_bytes()
    (tmp_path / "Europe" / "Prague").write_bytes(rules)
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, "TZDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["9", "9", "9"]
