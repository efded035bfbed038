"""The comparison of two checkouts tells a slower one from one that is as it was."""

from __future__ import annotations

import io
from pathlib import Path
from typing import cast

import pytest

from benchmarks.regression.__main__ import compare
from benchmarks.regression.checkouts import ROOT, Worker, base_tree, default_base
from benchmarks.regression.statistics import Interval, interval_of
from benchmarks.regression.work import works


class Timed:
    """A worker that answers given seconds in turn, and keeps what it was asked."""

    def __init__(self, seconds: list[float]) -> None:
        self._seconds = seconds
        self.asked: list[tuple[str, int]] = []

    def time(self, work: str, runs: int) -> float:
        """The next seconds."""
        self.asked.append((work, runs))
        return self._seconds[(len(self.asked) - 1) % len(self._seconds)]


def test_a_median_has_the_interval_of_the_sign_test() -> None:
    """Of 15 ratios the fourth lowest to the fourth highest: the table of order statistics says 96.5 %."""
    ratios = [float(number) for number in range(1, 16)]
    assert interval_of(ratios) == Interval(8.0, 4.0, 12.0)


@pytest.mark.parametrize(("count", "low", "high"), [(1, 1, 1), (5, 1, 5), (6, 1, 6), (9, 2, 8), (12, 3, 10)])
def test_few_ratios_have_wide_intervals(count: int, low: int, high: int) -> None:
    """Up to six ratios nothing can be left out; with more, as many as published tables say."""
    found = interval_of([float(number) for number in range(1, count + 1)])
    assert (found.low, found.high) == (low, high)


def test_a_slower_checkout_has_ratios_above_one() -> None:
    """Twice the time in every pair is a ratio of two, for certain."""
    here, there = Timed([0.2]), Timed([0.1])
    compared = compare("some work", cast(Worker, here), cast(Worker, there), 9)
    assert compared.ratio == Interval(2.0, 2.0, 2.0)
    assert (compared.here_s, compared.there_s) == (0.2, 0.1)
    assert here.asked == there.asked == [("some work", 1)] * 10


def test_short_work_is_repeated() -> None:
    """A work of a millisecond is done twenty times a measurement, after one that is not counted."""
    here, there = Timed([0.001]), Timed([0.001])
    compare("short", cast(Worker, here), cast(Worker, there), 3)
    assert here.asked == [("short", 1), *[("short", 20)] * 3]


def test_a_worktree_of_the_base_is_made_and_taken_away() -> None:
    """The base is checked out beside, complete, and leaves nothing behind."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository: there is nothing to compare with")
    with base_tree("HEAD") as tree:
        assert (tree / "src" / "segmentd" / "__init__.py").exists()
    assert not Path(tree).exists()
    assert default_base()


def test_everything_that_is_timed_can_be_made() -> None:
    """Each work runs over few customers, and gives something."""
    for make in works(1_000).values():
        assert make()() is not None


def test_a_worker_that_ended_is_told_of() -> None:
    """No answer is an error that names the checkout and the work."""

    class Ended:
        stdin, stdout = io.StringIO(), io.StringIO()

    with pytest.raises(RuntimeError, match="of base ended while it was asked for bank"):
        Worker(cast("object", Ended()), "base").time("bank", 1)  # type: ignore[arg-type]
