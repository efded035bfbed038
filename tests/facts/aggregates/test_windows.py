"""Windows begin and end where the ledger's time zone says."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from segmentd.engine.facts.aggregates_days import Days, day_cells
from segmentd.engine.facts.aggregates_ranges import LEAST, NEVER
from segmentd.facts.aggregates.windows import Bounds, bounds_of, day_grid, next_turn
from segmentd.kernels.facts.aggregates_balances import day_at, day_of_fact
from segmentd.ledger.aggregates import (
    AllTime,
    Between,
    CompleteMonths,
    MonthToDate,
    Span,
    TrailingDays,
    TrailingSeconds,
)

PRAGUE = "Europe/Prague"


def us(text: str) -> int:
    """Microseconds since 1970 of a time in UTC, or with an offset."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


NOW = us("2024-04-02T12:00:00+02:00")


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        (TrailingSeconds(60), NOW - 60_000_000, NOW + 1),
        (TrailingDays(1), us("2024-04-01T00:00:00+02:00"), NOW + 1),
        (TrailingDays(3), us("2024-03-30T00:00:00+01:00"), NOW + 1),
        (CompleteMonths(1), us("2024-03-01T00:00:00+01:00"), us("2024-04-01T00:00:00+02:00")),
        (CompleteMonths(4), us("2023-12-01T00:00:00+01:00"), us("2024-04-01T00:00:00+02:00")),
        (MonthToDate(), us("2024-04-01T00:00:00+02:00"), NOW + 1),
        (Between(NOW - 9, NOW - 3), NOW - 9, NOW - 3),
        (Between(NOW - 9, NOW + 3), NOW - 9, NOW + 1),
        (AllTime(), LEAST, NOW + 1),
    ],
)
def test_a_window_has_its_bounds(span: Span, start: int, end: int) -> None:
    """Days and months begin at midnight in Prague, before and after the clocks change on 31 March."""
    assert bounds_of(span, NOW, PRAGUE) == Bounds(start, end)


def test_days_have_23_to_25_hours() -> None:
    """The days of a window end at midnight in the zone, the last one where the window does."""
    grid = day_grid(Bounds(us("2024-03-30T10:00:00"), NOW + 1), PRAGUE)
    hours = np.diff(np.array([grid.from_us, *grid.closings])) / 3_600_000_000
    assert hours.tolist() == pytest.approx([24.0, 23.0, 24.0, 12.0])
    assert grid.months.tolist() == [0, 0, 1, 1]
    assert grid.from_us == us("2024-03-30T00:00:00+01:00")


def test_an_empty_window_has_no_days() -> None:
    """What begins when it ends has no day, and neither has what begins later."""
    assert len(day_grid(Bounds(NOW, NOW), PRAGUE).closings) == 0
    assert len(day_grid(Bounds(NOW + 5, NOW + 1), PRAGUE).closings) == 0


@pytest.mark.parametrize("zone", ["UTC", PRAGUE, "Pacific/Apia", "America/Sao_Paulo", "Australia/Lord_Howe"])
@pytest.mark.parametrize("end", ["2012-01-05T10:00:00", "2011-12-31T10:00:00.000001", "2018-11-04T03:00:00"])
def test_the_day_of_a_fact_is_found_without_a_search(zone: str, end: str) -> None:
    """Every quarter of an hour of 40 days, and the ends of days, lie in the day whose end comes next."""
    bounds = Bounds(us(end) - 40 * 86_400_000_000 - 12_345, us(end) + 1)
    grid = day_grid(bounds, zone)
    cells = day_cells(Days(grid.closings, grid.months, grid.from_us, demand=False))
    quarters = range(bounds.from_us, bounds.to_us, 900_000_000)
    near = [int(each) + step for each in grid.closings for step in (-1, 0, 1)]
    moments = [each for each in (*quarters, *near) if bounds.from_us <= each < bounds.to_us]
    for moment in moments:
        right = int(np.searchsorted(grid.closings, moment, side="right"))
        assert day_of_fact(cells, moment) == day_at(grid.closings, moment) == right


@pytest.mark.parametrize(
    ("span", "by_day", "turn"),
    [
        (AllTime(), False, NEVER),
        (AllTime(), True, us("2024-04-03T00:00:00+02:00")),
        (TrailingDays(9), False, us("2024-04-03T00:00:00+02:00")),
        (CompleteMonths(2), False, us("2024-05-01T00:00:00+02:00")),
        (MonthToDate(), False, us("2024-05-01T00:00:00+02:00")),
        (TrailingSeconds(3_600), False, NEVER),
        (TrailingSeconds(13 * 3_600), True, us("2024-04-02T13:00:00+02:00")),
        (TrailingSeconds(36 * 3_600), True, NOW + 1),
        (TrailingSeconds(35 * 3_600), True, us("2024-04-03T00:00:00+02:00")),
        (Between(NOW + 5, NOW + 9), True, NOW + 5),
    ],
)
def test_a_window_turns(span: Span, by_day: bool, turn: int) -> None:  # noqa: FBT001 - a parameter of the test
    """What depends on days is another at midnight, at either end of the window; months turn on the first."""
    assert next_turn(span, NOW, PRAGUE, by_day=by_day) == turn
