"""One time zone database for everything: the packaged one, for the official runtime and for Python alike.

The official runtime finds zones under the folder that the environment variable TZDIR names, else in the system's
database, which small containers lack; Python's `zoneinfo` looks in its own places. Two databases of different years
would disagree about the days around a change of law.
"""

from __future__ import annotations

import os
import zoneinfo
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo


@cache
def use_one_database() -> Path:
    """Make the official runtime and `zoneinfo` read one database, and return its folder.

    It is the folder that TZDIR names, where that is set, else that of the package `tzdata`. The official runtime
    remembers a zone once it has read it, so this comes before the first evaluation.
    """
    folder = Path(os.environ.get("TZDIR") or str(resources.files("tzdata") / "zoneinfo"))
    os.environ["TZDIR"] = str(folder)
    zoneinfo.reset_tzpath([folder])
    ZoneInfo.clear_cache()
    return folder


@cache
def zone_names() -> frozenset[str]:
    """The IANA names of that database."""
    use_one_database()
    return frozenset(zoneinfo.available_timezones())


@cache
def time_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, from that database. Raises zoneinfo.ZoneInfoNotFoundError."""
    use_one_database()
    return ZoneInfo(name)
