"""Who waits for aggregates that another call computes, and what is kept of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from segmentd.columns.column import Batch
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.aggregates import Standpoint
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.aggregated import KEPT, Aggregations, Asked, Cancelled
from segmentd.facts.residents.following import Definitions
from segmentd.facts.views import Items
from segmentd.ledger.aggregates import AllTime, Function
from segmentd.schema import Subject
from tests.facts.aggregates.test_many import NOW, OWNERS, ManyView, aggregate

VIEW = ManyView()
RESIDENTS = VIEW.entities(RecordKind.CUSTOMER).batch
BOOKED = aggregate(Function.COUNT, "", AllTime())
WANTED = {"booked": BOOKED}
OTHERS = {"most": aggregate(Function.MAX, "amount", AllTime())}


@pytest.fixture
def aggregations() -> Iterator[Aggregations]:
    """Aggregations that nobody has asked yet."""
    with Engine(1) as engine:
        yield Aggregations(engine)


def ask(
    aggregations: Aggregations,
    ledger: str,
    cancelled: Cancelled | None = None,
    *,
    now_us: int | None = None,
    view: ManyView = VIEW,
    wanted: Definitions = WANTED,
) -> Batch:
    """The residents of a ledger with the aggregate, as of now or of a moment."""
    standpoint = Standpoint(view, Subject.CUSTOMER, NOW if now_us is None else now_us, "UTC")
    asked = Asked(ledger, standpoint, now_us is None)
    return aggregations.complete(RESIDENTS, asked, {Subject.CUSTOMER: wanted}, cancelled)


class HeldView(ManyView):
    """A view whose facts take as long to be found as a test wants; the first who looks for them may fail."""

    def __init__(self, version: int = 0, failure: Exception | None = None) -> None:
        super().__init__()
        self.version = version
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.looked = 0
        self._failure = failure

    def sorted_items(self, kind: RecordKind) -> Items:
        """All transactions, in the end."""
        self.looked += 1
        self.begun.set()
        self.may_go_on.wait()
        if self.looked == 1 and self._failure is not None:
            raise self._failure
        return super().sorted_items(kind)

    def changes_since(self, version: int) -> None:
        """Not known."""


class Waiting:
    """Whether a caller should give up, which says that it has been asked: then the caller waits."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()

    def __call__(self) -> bool:
        """No."""
        self.is_asked.set()
        return False


@contextmanager
def held(view: HeldView, callers: int = 1) -> Iterator[ThreadPoolExecutor]:
    """Threads for callers, of whom those who look for the view's facts go on when the block is left."""
    with ThreadPoolExecutor(callers) as threads:
        try:
            yield threads
        finally:
            view.may_go_on.set()


def test_only_calls_about_the_same_aggregates_wait(aggregations: Aggregations) -> None:
    """While some are computed, those of another ledger, of another moment and others of the same one are answered.

    Who waits for the first may give up.
    """
    view = HeldView()
    with held(view) as caller:
        computing = caller.submit(ask, aggregations, "first", view=view)
        view.begun.wait()
        assert "booked" in ask(aggregations, "second").columns
        assert "booked" in ask(aggregations, "first", now_us=NOW - 1).columns
        assert "most" in ask(aggregations, "first", wanted=OTHERS).columns
        with pytest.raises(EvaluationCancelledError):
            ask(aggregations, "first", lambda: True)
        assert not computing.done()
    assert "booked" in computing.result().columns


def test_the_same_is_computed_once(aggregations: Aggregations) -> None:
    """Whoever asks of what is being computed waits for it, and gets the very same."""
    view = HeldView()
    with held(view, callers=4) as callers:
        computing = callers.submit(ask, aggregations, "first", view=view)
        view.begun.wait()
        patience = [Waiting() for _ in range(3)]
        waiting = [callers.submit(ask, aggregations, "first", each, view=view) for each in patience]
        for each in patience:
            each.is_asked.wait()
        assert view.looked == 1
    columns = {id(each.result().columns["booked"]) for each in (computing, *waiting)}
    assert len(columns) == 1


def test_another_goes_on_where_the_first_has_left(aggregations: Aggregations) -> None:
    """A caller who leaves while the others wait fails alone."""
    view = HeldView(failure=EvaluationCancelledError())
    with held(view, callers=2) as callers:
        leaving = callers.submit(ask, aggregations, "first", view=view)
        view.begun.wait()
        patience = Waiting()
        waiting = callers.submit(ask, aggregations, "first", patience, view=view)
        patience.is_asked.wait()
    with pytest.raises(EvaluationCancelledError):
        leaving.result()
    assert "booked" in waiting.result().columns


def test_what_was_never_computed_is_not_computed_for_others(aggregations: Aggregations) -> None:
    """After a caller who wanted much has left, one who wants some of it has that alone."""
    view = HeldView(failure=EvaluationCancelledError())
    view.may_go_on.set()
    with pytest.raises(EvaluationCancelledError):
        ask(aggregations, "first", view=view, wanted={**WANTED, **OTHERS})
    assert ask(aggregations, "first").columns.keys() == {"booked"}


def test_current_columns_wait_for_nobody(aggregations: Aggregations) -> None:
    """While a later version's are computed, those of the version before are read, and stay what is read later."""
    before = ask(aggregations, "first")
    later = HeldView(version=1)
    with held(later) as caller:
        computing = caller.submit(ask, aggregations, "first", view=later)
        later.begun.wait()
        assert ask(aggregations, "first") is before
    assert computing.result() is not before
    assert ask(aggregations, "first").columns["booked"] is not computing.result().columns["booked"]
    assert ask(aggregations, "first", view=later) is computing.result()


def test_other_definitions_are_computed_anew(aggregations: Aggregations) -> None:
    """An attribute that was defined otherwise gets its own values; the columns of others stay."""
    others = ask(aggregations, "first", wanted=OTHERS).columns["most"]
    first = ask(aggregations, "first").columns["booked"]
    other = aggregate(Function.MIN, "amount", AllTime())
    changed = ask(aggregations, "first", wanted={"booked": other})
    assert changed.columns["booked"].type != first.type
    assert changed.columns["most"] is others


def test_moments_that_are_too_much_are_forgotten(aggregations: Aggregations, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns of moments beyond so many bytes go, those asked longest ago first."""
    for earlier in range(3):
        ask(aggregations, "first", now_us=NOW - 1 - earlier)
    of_one = aggregations._ledger("first")._followed.popitem()[1].nbytes
    assert of_one >= OWNERS * 16
    monkeypatch.setattr("segmentd.facts.residents.aggregated.KEPT_BYTES", 2 * of_one)
    for earlier in range(6):
        ask(aggregations, "first", now_us=NOW - 1 - earlier)
    moments = [state.standpoint.now_us for state, _, _ in aggregations.followed("first")]
    assert moments == [NOW - 1 - earlier for earlier in (3, 4, 5)]


def test_ledgers_do_not_push_out_one_another(aggregations: Aggregations) -> None:
    """What is followed of a ledger stays while others are asked for; of its own moments the last ones stay."""
    first = ask(aggregations, "first")
    for number in range(KEPT + 1):
        ask(aggregations, f"other {number}")
    assert ask(aggregations, "first").columns["booked"] is first.columns["booked"]
    for earlier in range(KEPT):
        ask(aggregations, "first", now_us=NOW - 1 - earlier)
    assert len(aggregations.followed("first")) == KEPT
    assert ask(aggregations, "first").columns["booked"] is not first.columns["booked"]
