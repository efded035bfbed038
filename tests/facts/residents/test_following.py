"""What is followed is what would be computed from nothing, whoever asks of which version and moment, in which order."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentd.columns.column import Batch
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.bare_view import BareView
from segmentd.facts.book import Book
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.aggregated import Aggregations, Asked
from segmentd.facts.residents.following import Followed
from segmentd.facts.views import BookView
from segmentd.ledger.aggregates import Aggregate, AllTime, Function, Source, Window
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, HOUR_US, ArrayView, Maker, changes, values_of
from tests.facts.aggregates.test_book import QUESTIONS as OF_BOOKS
from tests.facts.aggregates.test_oracle import DAY, QUESTIONS, ZONES, moment
from tests.facts.book.histories import DAY as BOOKED
from tests.facts.book.histories import STARTS, WORDS, record_batch
from tests.facts.book.model import Given
from tests.facts.book.records import LEDGER
from tests.facts.book.test_histories import BEGINNING

LATE_US = (0, 0, 1, -1, 3, -5, HOUR_US, -HOUR_US, DAY_US)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One thread."""
    with Engine(1) as running:
        yield running


def versions_of(maker: Maker, count: int) -> list[ArrayView]:
    """Versions of a bank, each of which knows what changed since all before."""
    views = [ArrayView(maker.bank.copy(), 0, maker.bank.copy())]
    for version in range(1, count):
        for _ in range(maker.random.randrange(3)):
            maker.change()
        view = ArrayView(maker.bank.copy(), version, views[0].bank)
        view.changes = {before.version: changes(before.bank, view.bank) for before in views}
        views.append(view)
    return views


@given(st.integers(0, 2**32), st.sampled_from([Subject.CUSTOMER, Subject.ACCOUNT]))
@settings(max_examples=60)
def test_every_answer_is_that_of_its_version_and_moment(engine: Engine, seed: int, subject: Subject) -> None:
    """Calls that began before others, and ask of a version or a moment that has passed, get its values too."""
    random = Random(seed)  # noqa: S311 - data
    zone = random.choice(ZONES)
    maker = Maker(random, DAY, zone)
    maker.fill(random.randrange(9), random.randrange(7), random.randrange(90))
    now = moment(random)
    asked = {f"a{number}": QUESTIONS[zone].ask(random, subject, now)[0] for number in range(4)}
    views = versions_of(maker, 4)
    followed = Followed()
    for step in range(12):
        view = views[min(len(views) - 1, max(0, step // 3 + random.choice((-1, 0, 0))))]
        standpoint = Standpoint(view, subject, now + step + random.choice(LATE_US), zone)
        wanted = {id_: asked[id_] for id_ in random.sample(sorted(asked), random.randrange(1, 4))}
        columns, _ = followed.columns(engine, standpoint, wanted, None)
        rows = len(standpoint.slots)
        assert columns.keys() >= wanted.keys()
        anew = compute_all(engine, [asked[id_] for id_ in columns], standpoint)
        for id_, fresh in zip(columns, anew, strict=True):
            assert shown(values_of(columns[id_], rows)) == shown(values_of(fresh, rows)), asked[id_].definition


def shown(values: list[Any]) -> list[str]:
    """Values as text, so that NaN equals itself."""
    return list(map(str, values))


def test_what_is_followed_holds_no_facts(engine: Engine) -> None:
    """When a book has put other arrays in the place of those that moments were asked of, the old ones are free."""
    book = Book(LEDGER)
    for each in BEGINNING:
        book.stage(record_batch(each), WORDS)
    book.publish()
    book.merge()
    aggregations = Aggregations(engine)
    arrays = weakref.ref(book.view.tables[RecordKind.TRANSACTION].fields["amount"].prefix.values)
    for earlier in range(3):
        ask(aggregations, book.view, BOOKED - earlier, moving=earlier == 0)
    _write_one(book)
    book.merge()
    completed = ask(aggregations, book.view, BOOKED + 1, moving=True)
    assert arrays() is None
    assert len(aggregations.followed(LEDGER.id)) == 3
    again = ask(aggregations, book.view, BOOKED - 1, moving=False)
    assert again.columns["booked"] is not completed.columns["booked"]


def ask(aggregations: Aggregations, view: BookView, now_us: int, *, moving: bool) -> Batch:
    """The customers of a view with the number of their transactions."""
    batch = view.entities(RecordKind.CUSTOMER).batch
    standpoint = Standpoint(view, Subject.CUSTOMER, now_us, LEDGER.time_zone)
    count = Aggregate(Source.TRANSACTIONS, Function.COUNT, window=Window(AllTime()))
    wanted: Mapping[str, Any] = {"booked": OF_BOOKS.compile(count, Subject.CUSTOMER)}
    return aggregations.complete(batch, Asked(LEDGER.id, standpoint, moving), {Subject.CUSTOMER: wanted})


def _write_one(book: Book) -> None:
    another = Given(RecordKind.TRANSACTION, ["more"], {"account": ["x"], "booking_time": [STARTS[1]], "amount": [7]})
    book.stage(record_batch(another), WORDS)
    book.publish()


def test_a_bare_view_says_who_was_there_and_nothing_else() -> None:
    """Slots and rows of the kind that was asked for; whoever asks for facts is told that they are not held."""
    maker = Maker(Random(5), DAY, "UTC")  # noqa: S311 - data
    maker.fill(5, 4, 20)
    view = ArrayView(maker.bank.copy(), 3)
    bare = BareView(view, RecordKind.CUSTOMER)
    there = view.entities(RecordKind.CUSTOMER)
    assert bare.entities(RecordKind.CUSTOMER).slots.tolist() == there.slots.tolist()
    assert bare.entities(RecordKind.CUSTOMER).row_of.tolist() == there.row_of.tolist()
    assert (bare.version, bare.ledger_id) == (3, view.ledger_id)
    for refused in (
        lambda: bare.entities(RecordKind.ACCOUNT),
        bare.holdings,
        lambda: bare.sorted_items(RecordKind.TRANSACTION),
        lambda: bare.changes_since(1),
    ):
        with pytest.raises(LookupError, match="version 3"):
            refused()
