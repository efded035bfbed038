"""The side-by-side runs from the command line, and tells of wrong answers instead of timing them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.bank import bank
from benchmarks.comparison import WrongAnswerError, check, compare
from benchmarks.contenders.contender import Answer, Planes, Question, Way
from benchmarks.contenders.duckdb_table import DuckdbTable
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.dialects.arrays import count_members, expected_planes
from benchmarks.rounds import Spread, take_turns

ROOT = Path(__file__).parents[2]
ROWS = 10_000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a small run printed, and its JSON. In a process of its own, where Polars can be given its threads."""
    out = tmp_path_factory.mktemp("results") / "new" / "latest.json"
    command = [sys.executable, "-m", "benchmarks.side_by_side", "--rows", str(ROWS), "--rounds", "2", "--out", str(out)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, json.loads(out.read_text("utf-8"))


def test_every_question_is_answered_by_every_engine(run: tuple[str, dict[str, Any]]) -> None:
    """Counts and members of 100 segments, by us and by both peers, with positive times and ratios."""
    _, report = run
    assert [result["name"] for result in report["results"]] == ["bank/counts", "bank/members"]
    for result in report["results"]:
        assert (result["rows"], result["segments"], result["rounds"]) == (ROWS, 100, 2)
        assert set(result["peers"]) == {"Polars", "DuckDB"}
        assert 0 < result["ours"]["seconds"]["low"] <= result["ours"]["seconds"]["median"]
        assert all(0 < peer["ratio"]["low"] <= peer["ratio"]["high"] for peer in result["peers"].values())


def test_the_report_says_where_it_was_made(run: tuple[str, dict[str, Any]]) -> None:
    """Threads, machine and the versions of all that took part stand beside the figures."""
    _, report = run
    assert report["threads"] == 2
    assert report["machine"]["cores"] >= 1
    assert {"python", "segmentd", "polars", "duckdb"} <= set(report["versions"])


def test_the_table_shows_ratios_before_times(run: tuple[str, dict[str, Any]]) -> None:
    """The printed table names each peer's ratio left of anybody's milliseconds."""
    printed, _ = run
    heading = next(line for line in printed.splitlines() if "Polars / segmentd" in line)
    assert heading.index("DuckDB / segmentd") < heading.index("segmentd, ms")


@pytest.mark.parametrize("question", Question)
def test_a_wrong_answer_is_not_timed(question: Question) -> None:
    """A way whose answer has one customer in the wrong segment is refused, by name and segment."""
    expected = np.zeros((3, 2), np.uint64)
    wrong = expected.copy()
    wrong[1, 0] = 1
    way = Way("off by one", lambda: wrong, _answer)
    with pytest.raises(WrongAnswerError, match=r"peer, off by one: wrong counts of 1 segments, first 1"):
        check("peer", way, question, expected)


def test_the_right_number_of_wrong_members_is_not_enough() -> None:
    """Equal counts with another customer are told apart when members are asked for."""
    expected = np.array([[1, 0]], np.uint64)
    way = Way("shifted", lambda: np.array([[2, 0]], np.uint64), _answer)
    with pytest.raises(WrongAnswerError, match="wrong members of 1 segments, first 0"):
        check("peer", way, Question.MEMBERS, expected)


def test_counts_alone_are_no_answer_to_who_is_a_member() -> None:
    """A way that gives no planes is refused when members are asked for."""
    expected = np.array([[1, 0]], np.uint64)
    way = Way("counts", lambda: expected, lambda planes: Answer(count_members(planes)))
    with pytest.raises(WrongAnswerError, match="only counts were answered"):
        check("peer", way, Question.MEMBERS, expected)


def test_the_fastest_way_is_compared() -> None:
    """Of DuckDB's four ways to count, one is compared and the times of the other three are kept."""
    scenario = bank(segments=5, conditions=18, distinct=12)
    columns = scenario.populate(1_000)
    expected = expected_planes(scenario.segments, columns)
    ours, peer = ResidentEngine(scenario, columns, 1), DuckdbTable(scenario, columns, 1)
    try:
        comparison = compare(scenario, Question.COUNTS, expected, 1_000, (ours, peer), 2)
        names = [way.name for way in peer.ways(Question.COUNTS)]
    finally:
        ours.close()
        peer.close()
    measured = comparison.peers[0].measured
    assert sorted([measured.way, *measured.other_ways_s]) == sorted(names)
    assert len(names) == 4


def test_turns_rotate() -> None:
    """Everyone is called once a round, and everyone is first once in as many rounds as there are engines."""
    called: list[str] = []
    calls = {name: lambda name=name: called.append(name) for name in "abc"}
    seconds = take_turns(calls, 3)
    assert called == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert [len(seconds[name]) for name in "abc"] == [3, 3, 3]


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    """Of 1 to 5: 3, between 2 and 4."""
    assert Spread.of([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)


def _answer(planes: Planes) -> Answer:
    return Answer(count_members(planes), planes)
