"""The benchmarks of facts ask what they say: every engine gives the right answer, and every figure is there."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.comparison import WrongAnswerError
from benchmarks.facts import contest
from benchmarks.facts.history import CATEGORIES, DAY_US, History, draw_history
from benchmarks.facts.incoming import BATCH_ROWS, Incoming
from benchmarks.facts.kept import keep
from benchmarks.facts.ledger import DIGITS, filled_book, transactions_of
from benchmarks.facts.measure import measure
from benchmarks.facts.ours import OurFacts, averages
from benchmarks.facts.question import END_DAY, MONTH_STARTS, MONTHS, START_DAY, WINDOW_DAYS, Question, expected
from benchmarks.facts.served import REPEATED, repeated
from benchmarks.facts.twenty import twenty_aggregates

ROOT = Path(__file__).parents[2]

PROBE = """
import json, sys
import numpy as np
from benchmarks.makers import peers
peers(sys.argv[1:])
from benchmarks.facts.contest import made
from benchmarks.facts.history import draw_history
from benchmarks.facts.question import Question, expected

history = draw_history(300, 12)
peer = made(sys.argv[1], history, 2)
print(json.dumps([
    (f"{question}, {way}", bool(np.array_equal(peer.read(question, ask()), expected(question, history))))
    for question in Question
    for form in (peer.native, peer.prepared)
    for way, ask in form(question).items()
]))
"""

pytestmark = pytest.mark.timeout(600)
"""One test starts servers."""


@pytest.fixture(scope="module")
def history() -> History:
    """Three hundred transactions on twelve accounts."""
    return draw_history(300, 12)


def test_averages_of_daily_balances_are_what_a_calendar_says(history: History) -> None:
    """Day by day, the balance is that after the account's last transaction up to then, 0 before the first."""
    found = expected(Question.DAILY_BALANCE, history)
    for account in range(history.accounts):
        own = _of(history, account)
        total = 0
        for day in range(START_DAY, END_DAY):
            total += next((balance for on, balance in reversed(own) if on <= day), 0)
        assert found[account] == total


def test_monthly_sums_are_what_a_calendar_says(history: History) -> None:
    """A transaction counts in the month and category that it is in, and in no other."""
    found = expected(Question.MONTHLY_SUMS, history)
    sums = np.zeros_like(found)
    days = (history.time // DAY_US).tolist()
    for row, day in enumerate(days):
        month = sum(day >= start for start in MONTH_STARTS.tolist()) - 1
        if month < MONTHS:
            sums[history.account[row], month, history.category[row]] += history.amount[row]
    assert np.array_equal(found, sums)
    assert found.shape == (history.accounts, MONTHS, CATEGORIES)


def test_averages_are_rounded_half_to_even() -> None:
    """As Python rounds fractions, negative ones too."""
    sums = np.arange(-400, 400, dtype=np.int64)
    assert averages(sums).tolist() == [round(Fraction(each, WINDOW_DAYS)) for each in sums.tolist()]


@pytest.mark.parametrize("question", Question)
def test_aggregates_of_a_book_answer_both_questions(history: History, question: Question) -> None:
    """For every account the book's aggregates are the right answer."""
    with closing(OurFacts(filled_book(history, 24).view, 2)) as ours:
        found = ours.read(question, ours.ask(question)())
    right = expected(question, history)
    assert np.array_equal(found, averages(right) if question is Question.DAILY_BALANCE else right)


@pytest.mark.parametrize("name", contest.PEERS)
def test_every_way_of_a_peer_gives_the_right_answer(name: str) -> None:
    """From raw facts, and from what is kept beside them; in a process that imports the peer as runs do."""
    if name not in contest.there():
        pytest.skip(f"{name} is a peer of the benchmarks alone: make bench installs it")
    run = subprocess.run(
        [sys.executable, "-c", PROBE, name], capture_output=True, text=True, check=False, cwd=ROOT, timeout=300
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert len(found) >= 3
    assert [way for way, is_right in found if not is_right] == []


def test_a_wrong_answer_of_ours_ends_the_contest(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A book that lacks a transaction is found out before anything is timed."""
    monkeypatch.setattr(contest, "there", tuple)
    without = History(
        history.accounts,
        history.account[1:],
        history.time[1:],
        history.amount[1:],
        history.balance[1:],
        history.category[1:],
    )
    with pytest.raises(WrongAnswerError, match="segmentd"):
        list(contest.measure(history, filled_book(without), 1, Console(file=io.StringIO())))


def test_what_comes_in_is_known() -> None:
    """New ids go on after those that are there, corrections are each of another one, and the sum is kept up."""
    large = draw_history(2_000, 12)
    incoming = Incoming(large, 2, 1)
    amounts = dict(enumerate([*large.amount.tolist(), *large.amount.tolist()]))
    corrected = 0
    for table in (incoming.upsert(), incoming.new(10), incoming.upsert()):
        for id_, amount in zip(table["id"].to_pylist(), table["amount"].to_pylist(), strict=True):
            corrected += int(id_[-DIGITS:]) in amounts
            amounts[int(id_[-DIGITS:])] = amount
    assert (incoming.rows, incoming.total) == (len(amounts), sum(amounts.values()))
    assert sorted(amounts) == list(range(4_000 + BATCH_ROWS + 10))
    assert corrected == BATCH_ROWS


def test_the_file_of_an_import_has_repeated_rows(history: History) -> None:
    """One of so many rows is there twice, the very same."""
    table = repeated(transactions_of(history))
    ids = table["id"].to_pylist()
    assert len(ids) - len(set(ids)) == len(history.time) // REPEATED
    assert len(set(zip(*(column.to_pylist() for column in table.columns), strict=True))) == len(set(ids))


def test_there_are_twenty_aggregates() -> None:
    """No two of them are the same."""
    assert len({each.definition for each in twenty_aggregates()}) == 20


def test_a_ledger_is_kept_once(history: History, tmp_path: Path) -> None:
    """What is kept has every transaction and no journal to replay."""
    tables = keep(tmp_path, filled_book(history, 24))
    assert tables["transaction"].num_rows == len(history.time)


def test_every_figure_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run on few rows checks every answer and judges every target: in process, through servers, beside the peers."""
    monkeypatch.setattr(contest, "there", lambda: ("DuckDB",))
    figures = list(measure(0.001, 2, Console(file=io.StringIO())))
    assert len({figure.name for figure in figures}) == len(figures)
    assert sum(figure.target is not None for figure in figures) == 10
    assert all(figure.judged.median > 0 for figure in figures)


def _of(history: History, account: int) -> list[tuple[int, int]]:
    """The account's days and balances, by time."""
    rows = np.flatnonzero(history.account == account)
    return list(zip((history.time[rows] // DAY_US).tolist(), history.balance[rows].tolist(), strict=True))
