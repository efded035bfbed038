"""The names of time zones that a ledger can have: those of the IANA database."""

from __future__ import annotations

from segmentd.api.errors import InvalidFieldError, nearest
from segmentd.time_zones import zone_names


def check_time_zone(name: str, field: str) -> None:
    """Raise InvalidFieldError unless the name is one of IANA's. `field` is where it stood in the request."""
    if name in zone_names():
        return
    near = [zone for zone in zone_names() if zone[:2].casefold() == name[:2].casefold()]  # all are too many to compare
    likely = nearest(name, sorted(near))
    hint = f"; did you mean {likely}?" if likely else ""
    raise InvalidFieldError(field, name, f"it must be an IANA time zone, such as Europe/Prague{hint}")
