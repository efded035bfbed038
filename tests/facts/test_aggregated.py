"""Who waits for aggregates that another call computes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from segmentd.columns.column import Batch
from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.aggregated import KEPT, Aggregations, Asked, Cancelled
from segmentd.facts.aggregates import Standpoint
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import Items
from segmentd.ledger.aggregates import AllTime, Function
from segmentd.schema import Subject
from tests.facts.aggregates.test_many import NOW, ManyView, aggregate

VIEW = ManyView()
RESIDENTS = VIEW.entities(RecordKind.CUSTOMER).batch
WANTED = {Subject.CUSTOMER: {"booked": aggregate(Function.COUNT, "", AllTime())}}


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
) -> Batch:
    """The residents of a ledger with the aggregate, as of now or of a moment."""
    standpoint = Standpoint(view, Subject.CUSTOMER, NOW if now_us is None else now_us, "UTC")
    return aggregations.complete(RESIDENTS, Asked(ledger, standpoint, now_us is None), WANTED, cancelled)


class HeldView(ManyView):
    """A view whose facts take as long to be found as a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def sorted_items(self, kind: RecordKind) -> Items:
        """All transactions, in the end."""
        self.begun.set()
        self.may_go_on.wait()
        return super().sorted_items(kind)


def test_only_calls_about_the_same_ledger_wait(aggregations: Aggregations) -> None:
    """While one ledger's are computed, those of another are answered, and who waits for the first may give up."""
    view = HeldView()
    with ThreadPoolExecutor(1) as caller:
        computing = caller.submit(ask, aggregations, "first", view=view)
        try:
            view.begun.wait()
            assert "booked" in ask(aggregations, "second").columns
            with pytest.raises(EvaluationCancelledError):
                ask(aggregations, "first", lambda: True)
        finally:
            view.may_go_on.set()
        assert "booked" in computing.result().columns


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
