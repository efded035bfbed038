"""The benchmarks of the wire ask what they say, judge by their targets, and run through on few rows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.rounds import Spread
from benchmarks.wire import bare, calls, evaluation, exchange, slow_reader, streams, widths
from benchmarks.wire.connection import Connection
from benchmarks.wire.figures import Figure, Target, alone, difference, ratio, table
from benchmarks.wire.processes import started
from benchmarks.wire.questions import Condition, Segment, expected_planes, segments, whole_numbers
from benchmarks.wire.requests import COUNTS, RefusedError
from benchmarks.wire.run import PARTS, run
from segmentd.api.v1 import membership_pb2
from segmentd.api.v1 import scoring_service_pb2 as scoring

SEGMENT = Segment("some", (Condition(0, "<", 5), Condition(1, ">=", 5), Condition(2, ">", 5), Condition(3, "<=", 5)))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in its smallest size."""
    for module in (streams, widths):
        monkeypatch.setattr(module, "ROWS", 4_096)
        monkeypatch.setattr(module, "ROUNDS", 1)
        monkeypatch.setattr(module, "STREAM_S", 0.001)
    for name, number in {"CALLS": 20, "CALLERS": 4, "CALLS_OF_A_CALLER": 3, "RUNS": 1}.items():
        monkeypatch.setattr(calls, name, number)
    for name, number in {"CUSTOMERS": 20_000, "MEMBERS": 10_000, "ROUNDS": 1}.items():
        monkeypatch.setattr(evaluation, name, number)
    monkeypatch.setattr(slow_reader, "PAUSE_S", 0.0)
    monkeypatch.setattr(slow_reader, "QUIET_S", 0.05)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("part", "figures", "judged"),
    [("calls", 8, 4), ("streams", 9, 5), ("evaluation", 9, 7), ("widths", 10, 5)],
)
def test_every_part_runs_through(part: str, figures: int, judged: int) -> None:
    """Each part checks its answers and gives its figures, most of them with a target."""
    found = run(Console(file=io.StringIO()), [part])
    assert (len(found), sum(figure.target is not None for figure in found)) == (figures, judged)
    assert len({figure.name for figure in found}) == figures
    assert all(figure.ours.median >= 0 for figure in found)


def test_all_parts_have_their_test() -> None:
    """No part is left out above."""
    assert set(PARTS) == {"calls", "streams", "evaluation", "widths"}


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ((4, 5, 6, 9), True),
        ((5, 5, 6, 9), False),
        ((4, 4, 6, 9), False),
        ((4, 5, 5, 9), True),
        ((4, 5, 5, 5), False),
        ((4, 5, 6, 5), True),
    ],
)
def test_a_segment_is_two_conditions_and_one_of_two(values: tuple[int, ...], holds: bool) -> None:  # noqa: FBT001
    """`first and second and (third or not fourth)`, read by hand."""
    columns = [np.array([value]) for value in values]
    assert SEGMENT.holds(lambda column: columns[column]).tolist() == [holds]


def test_a_segment_in_cel() -> None:
    """The expression that the server gets, with bounds in the words of the attribute's type."""
    expression = SEGMENT.cel("value", lambda bound: f"{bound}.0")
    assert expression == (
        "customer.value0 < 5.0 && customer.value1 >= 5.0 && (customer.value2 > 5.0 || !(customer.value3 <= 5.0))"
    )


def test_there_are_twenty_segments_that_select_some() -> None:
    """Each of the 20 segments has members among a thousand rows, and nobody's are all of them."""
    counts = exchange.count_members(expected_planes(whole_numbers(1_000)))
    assert len(counts) == len(segments()) == 20
    assert 0 <= min(counts) < max(counts) < 1_000
    assert sum(count > 0 for count in counts) >= 18


def test_wrong_counts_are_not_timed() -> None:
    """A stream whose answer counts one member too many is refused, as is one that is an error."""
    expected = np.array([[1]], np.uint64)
    memberships = membership_pb2.Memberships(segments=[membership_pb2.SegmentMembership(segment="a", member_count=2)])
    wrong = scoring.StreamScoresResponse(response=scoring.ScoreResponse(memberships=memberships))
    with pytest.raises(exchange.WrongAnswerError, match="wrong counts"):
        exchange.check([wrong.SerializeToString()], COUNTS, expected)
    failed = scoring.StreamScoresResponse()
    failed.error.message = "no ledger"
    with pytest.raises(RefusedError, match="no ledger"):
        exchange.check([failed.SerializeToString()], COUNTS, expected)


def test_a_bare_server_replies_as_it_was_told(tmp_path: Path) -> None:
    """One reply to a call, one to each request of an exchange, and all of them to a stream, in the sizes set."""
    with started(["benchmarks.wire.bare"], bare.READY, tmp_path / "log") as child, Connection(child.target) as to_bare:
        before_s = child.cpu_s()
        bare.set_replies(to_bare, [3, 70_000])
        assert len(to_bare.call(bare.UNARY, b"x")) == 3
        assert list(map(len, to_bare.exchange(bare.EXCHANGE, bytes(5 << 20), 3))) == [3, 3, 3]
        assert list(map(len, to_bare.stream(bare.STREAM, b""))) == [3, 70_000]
        assert child.cpu_s() > before_s
        assert child.peak_bytes() >= child.resident_bytes() > 1 << 20


def test_ratios_and_differences_are_of_the_same_round() -> None:
    """Ours over theirs, and ours less theirs, round by round and not of the medians."""
    assert ratio("a", "MB/s", [1.0, 4.0, 9.0], [1.0, 2.0, 3.0]).judged == Spread(2.0, 1.5, 2.5)
    assert difference("a", "µs", [1.0, 5.0, 3.0], [1.0, 2.0, 1.0]).judged == Spread(2.0, 1.0, 2.5)


@pytest.mark.parametrize(("sign", "met"), [("≥", [False, True, True]), ("≤", [True, True, False])])
def test_a_target_is_met_at_its_bound(sign: str, met: list[bool]) -> None:
    """The bound itself is good enough."""
    target = Target("≥", 2.0) if sign == "≥" else Target("≤", 2.0)
    assert [target.is_met(value) for value in (1.9, 2.0, 2.1)] == met


def test_a_figure_tells_whether_its_target_is_met() -> None:
    """The table, the line and the JSON say so; without a target they say nothing of it."""
    missed = ratio("slow", "MB/s", [1.0], [2.0], peer="bare gRPC", target=Target("≥", 0.85), note="why")
    assert missed.to_json()["met"] is False
    assert missed.to_json()["ratio"] == {"median": 0.5, "low": 0.5, "high": 0.5}
    assert missed.line() == "slow: 0.5 ×, missed (≥ 0.85 ×)"
    plain = alone("memory", "MiB", [3.0])
    assert (plain.to_json()["met"], plain.line()) == (None, "memory: 3 MiB")
    assert _printed([missed, plain]).count("missed") == 1


def _printed(figures: list[Figure]) -> str:
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(table(figures))
    return console.export_text()
