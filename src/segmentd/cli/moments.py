"""Moments as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import typer

from segmentd.moments import microseconds
from segmentd.time_zones import time_zone as load_time_zone


def parse_moment(text: str, time_zone: str) -> datetime:
    """A moment of RFC 3339, or a date: the moment its day starts in the time zone. Raises BadParameter."""
    try:
        if len(text) == len("2020-01-31"):
            return datetime.combine(date.fromisoformat(text), time(), load_time_zone(time_zone))
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; write 2020-01-31 or 2020-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone; end it with Z or an offset such as +01:00")
    return moment


def parse_now(text: str, time_zone: str) -> int:
    """What `now` means, in microseconds since 1970: a moment as `parse_moment` takes it, or this one if empty."""
    return microseconds(parse_moment(text, time_zone) if text else datetime.now(UTC))
