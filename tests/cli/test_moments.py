"""Times on the command line."""

from datetime import UTC, datetime

import pytest
import typer

from segmentd.cli.moments import parse_moment


def test_a_date_is_the_start_of_its_day_in_the_time_zone() -> None:
    """In Prague a winter day starts at 23:00 UTC of the day before, a summer day at 22:00."""
    assert parse_moment("1994-01-31", "Europe/Prague").astimezone(UTC) == datetime(1994, 1, 30, 23, tzinfo=UTC)
    assert parse_moment("1994-07-31", "Europe/Prague").astimezone(UTC) == datetime(1994, 7, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1994-03-31T12:00:00.000001Z", "1994-03-31T14:00:00.000001+02:00"])
def test_an_offset_decides_over_the_time_zone(text: str) -> None:
    """RFC 3339 names a moment wherever the ledger is."""
    assert parse_moment(text, "Asia/Tokyo") == datetime(1994, 3, 31, 12, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"), [("yesterday", "is no time"), ("2020-01-31T12:00:00", "has no time zone")]
)
def test_other_texts_are_refused_with_an_example(text: str, message: str) -> None:
    """What is no moment is a wrong option, and the message shows how one is written."""
    with pytest.raises(typer.BadParameter, match=message):
        parse_moment(text, "UTC")
