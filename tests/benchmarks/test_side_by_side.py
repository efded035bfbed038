"""The side-by-side runs from the command line, and tells of wrong answers instead of timing them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from benchmarks.comparison import Entrant, Pace, WrongAnswerError, check, ratio_of, time_all
from benchmarks.contenders.contender import Answer, Form, Planes, Question, Way, count_verdicts
from benchmarks.contenders.duckdb_table import DuckdbTable
from benchmarks.contenders.resident import ResidentEngine
from benchmarks.dialects.arrays import Verdicts, expected_verdicts
from benchmarks.makers import PEERS, installed
from benchmarks.rounds import Spread, take_turns
from benchmarks.scenarios.bank import bank

ROOT = Path(__file__).parents[2]
ROWS = 10_000

pytestmark = pytest.mark.timeout(600)
"""One test waits for a run of everything."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], str]:
    """What a small run printed, its JSON and its chart; in a process that imports the peers in their order."""
    if lacking := PEERS.keys() - set(installed()):
        pytest.skip(f"{', '.join(sorted(lacking))} are peers of the benchmarks alone: make bench installs them")
    out = tmp_path_factory.mktemp("results") / "new" / "latest.json"
    command = [sys.executable, "-m", "benchmarks.side_by_side", "contests", "members", "growth"]
    command += ["--scenario", "bank", "--scenario", "text", "--rows", str(ROWS), "--rounds", "3", "--out", str(out)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, json.loads(out.read_text("utf-8")), out.with_suffix(".svg").read_text("utf-8")


def test_every_question_is_answered_by_every_engine(run: tuple[str, dict[str, Any], str]) -> None:
    """Counts and planes of each scenario, by us and by the peers that can, with positive times and ratios."""
    _, report, _ = run
    names = [(result["name"], result["ours"]["name"]) for result in report["results"]]
    ours = ["segmentd", "segmentd, raw"]
    asked = [(f"bank/{question}", name) for question in ("counts", "planes") for name in ours]
    assert names == [*asked, ("text/planes", "segmentd")]
    for result in report["results"]:
        assert (result["rows"], result["ours"]["rounds"]) == (ROWS, 3)
        assert 0 < result["ours"]["seconds"]["low"] <= result["ours"]["seconds"]["median"]
        assert all(0 < peer["ratio"]["low"] <= peer["ratio"]["high"] for peer in result["peers"].values())


def test_peers_answer_raw_and_prepared(run: tuple[str, dict[str, Any], str]) -> None:
    """*bank* has every peer twice; *text* says who is left out and why."""
    _, report, _ = run
    engines = {"Polars", "DuckDB", "chDB", "NumPy", "numexpr"}
    assert set(report["results"][0]["peers"]) == engines | {f"{name}, prepared" for name in engines}
    assert set(report["results"][1]["peers"]) == engines
    assert set(report["results"][4]["left_out"]) == {"NumPy", "numexpr"}


def test_the_report_says_where_it_was_made(run: tuple[str, dict[str, Any], str]) -> None:
    """Threads, machine and the versions of all that took part stand beside the figures."""
    _, report, _ = run
    assert report["threads"] == 2
    assert report["machine"]["cores"] >= 1
    assert {"python", "segmentd", "polars", "duckdb", "chdb", "numexpr"} <= set(report["versions"])


def test_the_report_judges_targets(run: tuple[str, dict[str, Any], str]) -> None:
    """Each figure with a target says whether it is met."""
    _, report, _ = run
    targets = {figure["name"]: figure for figure in report["targets"]}
    wanted = f"bank/planes, {ROWS:,}: native, best peer"
    assert targets[wanted]["target"] == "≥ 10"
    assert all(figure["met"] in (True, False) for figure in targets.values())
    assert sum("members of one segment" in name for name in targets) == 3


def test_the_report_has_growth(run: tuple[str, dict[str, Any], str]) -> None:
    """Four numbers of customers and five of segments, each with the fitted power of time and memory."""
    _, report, _ = run
    assert [(growth["along"], len(growth["points"])) for growth in report["growth"]] == [
        ("customers", 4),
        ("segments", 5),
    ]
    assert all(set(growth["exponents"]) == {"counts_s", "planes_s", "memory_bytes"} for growth in report["growth"])


def test_the_table_shows_ratios_before_times(run: tuple[str, dict[str, Any], str]) -> None:
    """How many times our time everybody takes comes before how long that is, and targets come last."""
    printed, _, _ = run
    assert printed.index("Times our time") < printed.index("Milliseconds") < printed.index("Targets")
    heading = next(line for line in printed.splitlines() if "peers are given" in line)
    assert [name for name in ("Polars", "DuckDB", "chDB", "NumPy", "numexpr") if name not in heading] == []


def test_the_chart_is_drawn(run: tuple[str, dict[str, Any], str]) -> None:
    """An SVG that XML readers take, with a bar for every peer of every comparison and two panels of growth."""
    _, report, chart = run
    root = ET.fromstring(chart)  # noqa: S314 - our own
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    bars = [each for each in root.iter("{http://www.w3.org/2000/svg}rect") if each.get("fill-opacity")]
    assert len(bars) == sum(len(result["peers"]) for result in report["results"])
    assert sum(text.startswith("Growth along") for text in texts) == 2


@pytest.mark.parametrize("question", [Question.COUNTS, Question.PLANES])
def test_a_wrong_answer_is_not_timed(question: Question) -> None:
    """A way whose answer has one customer in the wrong segment is refused, by name and segment."""
    wrong = np.zeros((3, 2), np.uint64)
    wrong[1, 0] = 1
    way = Way("off by one", lambda: wrong, _answer)
    with pytest.raises(WrongAnswerError, match=r"peer, off by one: wrong counts of members of 1 segments, first 1"):
        check("peer", way, question, _expected(np.zeros((3, 2), np.uint64)), 128)


def test_the_right_number_of_wrong_members_is_not_enough() -> None:
    """Equal counts with another customer are told apart when planes are asked for."""
    way = Way("shifted", lambda: np.array([[2, 0]], np.uint64), _answer)
    with pytest.raises(WrongAnswerError, match="wrong members of 1 segments, first 0"):
        check("peer", way, Question.PLANES, _expected(np.array([[1, 0]], np.uint64)), 128)


def test_unknown_customers_are_part_of_the_answer() -> None:
    """Who takes an unknown for a non-member is refused."""
    planes = np.array([[1, 0]], np.uint64)
    way = Way("two values", lambda: planes, _answer)
    with pytest.raises(WrongAnswerError, match="wrong counts of unknowns of 1 segments, first 0"):
        check("peer", way, Question.COUNTS, Verdicts(planes, planes << np.uint64(1)), 128)


def test_counts_alone_are_no_answer_to_who_is_a_member() -> None:
    """A way that gives no planes is refused when they are asked for."""
    planes = np.array([[1, 0]], np.uint64)
    way = Way("counts", lambda: planes, lambda found: Answer(*count_verdicts(found, None)))
    with pytest.raises(WrongAnswerError, match="only counts were answered"):
        check("peer", way, Question.PLANES, _expected(planes), 128)


def test_pages_have_to_cover_all_rows() -> None:
    """An engine that stops a page early is refused."""
    planes = np.array([[1, 0]], np.uint64)
    way = Way("half", lambda: iter([planes[:, :1]]), _answer)
    with pytest.raises(WrongAnswerError, match="pages of 64 rows of 128"):
        check("peer", way, Question.PAGES, _expected(planes), 128)


def test_the_fastest_way_is_compared() -> None:
    """Of DuckDB's ways to count, one is compared and the times of the others are kept."""
    scenario = bank(segments=5, conditions=18, distinct=12)
    population = scenario.draw(1_000)
    expected = expected_verdicts(scenario.segments, population)
    with (
        closing(ResidentEngine(scenario, population, 1)) as ours,
        closing(DuckdbTable(scenario, population, 1)) as peer,
    ):
        entrants = [Entrant(Form.NATIVE, ours), Entrant(Form.NATIVE, peer)]
        timed = time_all(Question.COUNTS, expected, 1_000, entrants, Pace(3))
        names = [way.name for way in peer.ways(Question.COUNTS)]
    measured = timed["DuckDB"].measured
    assert sorted([measured.way, *measured.other_ways_s]) == sorted(names)
    assert len(names) == 3


def test_slow_engines_are_asked_less_often() -> None:
    """A budget of two seconds has room for four runs of half a second, and nobody is asked fewer than three times."""
    pace = Pace(15, 2.0)
    assert [pace.rounds_of(seconds) for seconds in (0.01, 0.5, 60.0)] == [15, 4, 3]


def test_ratios_are_of_shared_rounds() -> None:
    """Who sat out the last rounds is compared with the first ones of ours."""
    assert ratio_of([4.0, 6.0], [2.0, 3.0, 100.0]) == Spread(2.0, 2.0, 2.0)


def test_turns_rotate() -> None:
    """Everyone is called once a round, and everyone is first once in as many rounds as there are engines."""
    called: list[str] = []
    calls = {name: lambda name=name: called.append(name) for name in "abc"}
    seconds = take_turns(calls, 3)
    assert called == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert [len(seconds[name]) for name in "abc"] == [3, 3, 3]


def test_some_sit_the_last_rounds_out() -> None:
    """Rounds can be given by name."""
    seconds = take_turns({"a": int, "b": int}, {"a": 3, "b": 1})
    assert [len(seconds[name]) for name in "ab"] == [3, 1]


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    """Of 1 to 5: 3, between 2 and 4."""
    assert Spread.of([5.0, 1.0, 4.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)


def _answer(planes: Planes) -> Answer:
    return Answer(*count_verdicts(planes, None), planes)


def _expected(members: Planes) -> Verdicts:
    return Verdicts(members, np.zeros_like(members))
