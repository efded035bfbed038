"""The names of time zones that a ledger can have: those of the IANA database."""

from __future__ import annotations

from functools import cache
from importlib import resources

from segmentd.api.errors import InvalidFieldError, nearest


@cache
def time_zones() -> frozenset[str]:
    """All names, from the tzdata package: the same on every machine, and found again by zoneinfo."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


def check_time_zone(name: str, field: str) -> None:
    """Raise InvalidFieldError unless the name is one of IANA's. `field` is where it stood in the request."""
    if name in time_zones():
        return
    likely = nearest(name, sorted(time_zones()))
    hint = f"; did you mean {likely}?" if likely else ""
    raise InvalidFieldError(field, name, f"it must be an IANA time zone, such as Europe/Prague{hint}")
