"""Moments as numbers of microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from segmentd.moments import EPOCH, microseconds, moment_of

LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "us"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
        (LAST, 253_402_300_799_999_999),
    ],
)
def test_they_are_exact_both_ways(moment: datetime, us: int) -> None:
    """Before 1970 too, from any time zone, to the last microsecond that a datetime has."""
    assert microseconds(moment) == us
    assert moment_of(us) == moment
    assert moment_of(us).tzinfo is UTC


def test_what_has_no_number_is_refused() -> None:
    """A moment without a time zone, and a number beyond the years that there are."""
    with pytest.raises(TypeError):
        microseconds(EPOCH.replace(tzinfo=None))
    with pytest.raises(OverflowError):
        moment_of(microseconds(LAST) + 1)
