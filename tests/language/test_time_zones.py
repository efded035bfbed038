"""One time zone database for the official runtime and for Python, also on a machine without any."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

from segmentd.language.rules import is_zone

PROBE = """
from segmentd.language import Environment
from tests.language.reference import reference_environment
from segmentd.schema import Schema, Subject
import zoneinfo

schema = Schema(Subject.CUSTOMER, (), "US/Eastern")
reference = reference_environment(schema)
for text in ("now.getHours('US/Eastern')", "now.getHours('Europe/Prague')", "daysBetween(date('2020-01-01'), now)"):
    compiled = Environment(schema).compile(text, result=None)
    print(reference.deserialize(compiled.checked).evaluate(reference.message({}), 1577858400000000))
print(*zoneinfo.TZPATH)
"""


def probe(**variables: str) -> list[str]:
    """What a fresh process prints that evaluates getters and calendar functions at 2020-01-01T06:00:00Z."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TZDIR", "PYTHONTZPATH")}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env={**kept, **variables}, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split("\n")[:4]


def test_without_a_system_database() -> None:
    """With nothing set, zones come from the package tzdata, which has the old names that systems leave out too."""
    *hours, folder = probe(PYTHONTZPATH="")
    assert hours == ["1", "7", "0"]
    assert "tzdata" in folder
    assert " " not in folder


def test_tzdir_is_kept(tmp_path: Path) -> None:
    """An operator's TZDIR is used, by both: here two zones are swapped."""
    (tmp_path / "US").mkdir()
    (tmp_path / "US" / "Eastern").write_bytes((resources.files("tzdata") / "zoneinfo/Europe/Prague").read_bytes())
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Prague").write_bytes((resources.files("tzdata") / "zoneinfo/US/Eastern").read_bytes())
    assert probe(TZDIR=str(tmp_path)) == ["7", "1", "0", str(tmp_path)]


def test_zones_of_getters() -> None:
    """IANA names in their spelling, and offsets."""
    for name in ("UTC", "Europe/Prague", "US/Eastern", "+02:00", "-07:30", "14:30"):
        assert is_zone(name)
    for name in (
        "",
        "europe/prague",
        "localtime",
        "Fixed/UTC+01:00:00",
        "/etc/localtime",
        "+2:00",
        "24:00",
        "02:60",
        "Z",
    ):
        assert not is_zone(name)
