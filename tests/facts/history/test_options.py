"""For how long the past is kept, as operators say it."""

from __future__ import annotations

import pytest
import typer

from segmentd.cli.serve import kept_history
from segmentd.columns.zones import DAY_US
from segmentd.facts.journal.history import KEPT_DAYS, KeepHistory


def test_days_are_read_from_the_command_line() -> None:
    """Days of all ledgers, or of one; 400 where nothing is said."""
    assert kept_history(None) == KeepHistory(KEPT_DAYS) == KeepHistory(400)
    assert kept_history(["800d", "retail=30d"]) == KeepHistory(800, {"retail": 30})
    limits = kept_history(["retail=8d"]).limits("retail", 100 * DAY_US)
    assert (limits.oldest_us, limits.late_us) == (92 * DAY_US, 91 * DAY_US)
    assert kept_history(["retail=8d"]).limits("other", 0).oldest_us == -400 * DAY_US


def test_what_makes_no_sense_is_refused() -> None:
    """Anything but whole days of 1 or more, each said once."""
    with pytest.raises(typer.BadParameter, match="--keep-history is '10y'; give days"):
        kept_history(["10y"])
    with pytest.raises(ValueError, match="said twice"):
        kept_history(["10d", "20d"])
    with pytest.raises(ValueError, match="it has to be 1 or more"):
        kept_history(["main=0d"])
