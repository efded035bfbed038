"""Populations of a ledger's book: the same ones while nothing changes, without old facts, each ledger's alone."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from segmentd.engine import Engine
from segmentd.facts.book import Book
from segmentd.facts.book.view import View
from segmentd.facts.history.pasts import Pasts
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import PastValues
from segmentd.facts.residents.subjects import ResidentSubjects
from segmentd.facts.residents.taking import Taking
from segmentd.facts.views import BookView, Entities
from segmentd.ledger.population import Populations
from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import SELECTABLE, Subject
from tests.facts.book.histories import STARTS, WORDS, record_batch
from tests.facts.book.model import Given
from tests.facts.book.records import LEDGER
from tests.facts.book.test_histories import BEGINNING

SCHEMAS = tuple(WORDS.terms[subject].schema for subject in SELECTABLE)


@pytest.fixture
def book() -> Book:
    """A book of three customers."""
    begun = Book(LEDGER)
    for each in BEGINNING:
        begun.stage(record_batch(each), WORDS)
    begun.publish()
    begun.merge()
    return begun


def write(book: Book, id_: str) -> None:
    """A version more, of a transaction more, all of it sorted."""
    another = Given(RecordKind.TRANSACTION, [id_], {"account": ["x"], "booking_time": [STARTS[1]], "amount": [7]})
    book.stage(record_batch(another), WORDS)
    book.publish()
    book._merge(RecordKind.TRANSACTION)


def test_populations_stay_while_they_can(book: Book) -> None:
    """Of one version they are the same objects; of the next, which is about transactions, their batches are."""
    taking = Taking()
    first = taking.take(book.view, None, SCHEMAS)
    assert taking.take(book.view, None, SCHEMAS) is first
    write(book, "more")
    second = taking.take(book.view, None, SCHEMAS)
    assert second is not first
    assert second.populations[Subject.CUSTOMER].batch is first.populations[Subject.CUSTOMER].batch
    assert second.populations[Subject.CUSTOMER].data_version == book.version


def test_a_call_that_began_before_a_write_changes_nothing(book: Book) -> None:
    """It is given its version, and whoever comes next still has the same objects."""
    taking, before = Taking(), book.view
    write(book, "more")
    current = taking.take(book.view, None, SCHEMAS)
    assert taking.take(before, None, SCHEMAS).view is before
    assert taking.take(book.view, None, SCHEMAS) is current


def test_past_moments_hold_no_old_facts(book: Book) -> None:
    """When a version is taken, what was taken of moments before it leaves the arrays of its facts."""
    taking = Taking()
    arrays = weakref.ref(book.view.tables[RecordKind.TRANSACTION].fields["amount"].prefix.values)
    batches = [taking.take(book.view, moment, SCHEMAS).populations[Subject.CUSTOMER].batch for moment in (None, 5, 6)]
    write(book, "more")
    taking.take(book.view, None, SCHEMAS)
    assert arrays() is None
    assert taking.take(book.view, 5, SCHEMAS).populations[Subject.CUSTOMER].batch is batches[1]


class NoFiles:
    """An archive in which nothing was ever written down."""

    def kept_from_us(self, ledger_id: str) -> int:  # noqa: ARG002 - as the protocol says
        """All is kept."""
        return 0

    def last_us(self, ledger_id: str) -> int:  # noqa: ARG002 - as the protocol says
        """Nothing was replaced."""
        return 0

    def read_history(self, ledger_id: str, after_us: int) -> Iterator[PastValues]:  # noqa: ARG002 - as the protocol says
        """Nothing."""
        return iter(())


def test_the_past_holds_no_old_facts(book: Book) -> None:
    """When one past moment is asked of a later version, what is kept of the others leaves the facts of earlier ones."""
    for time_us, kind in ((10, "SAVINGS"), (20, "CURRENT")):
        changed = Given(RecordKind.ACCOUNT, ["x"], {"owners": [["anna"]], "currency": ["EUR"], "kind": [kind]})
        book.stage(record_batch(changed), WORDS, time_us=time_us)
        book.publish()
    pasts = Pasts(NoFiles())
    assert pasts.at(book.view, 15) is not book.view
    arrays = weakref.ref(book.view.tables[RecordKind.TRANSACTION].fields["amount"].prefix.values)
    write(book, "more")
    assert pasts.at(book.view, 5).version == book.version
    assert arrays() is None
    assert pasts.at(book.view, 15).sorted_items(RecordKind.TRANSACTION).batch.rows == 4


def test_a_call_that_began_before_a_write_leaves_the_past_as_it_is(book: Book) -> None:
    """It is given its version, and whoever comes next still has the same object."""
    for time_us, kind in ((10, "SAVINGS"), (20, "CURRENT")):
        changed = Given(RecordKind.ACCOUNT, ["x"], {"owners": [["anna"]], "currency": ["EUR"], "kind": [kind]})
        book.stage(record_batch(changed), WORDS, time_us=time_us)
        book.publish()
    pasts, before = Pasts(NoFiles()), book.view
    write(book, "more")
    current = pasts.at(book.view, 15)
    for moment_us in (15, 5):
        assert pasts.at(before, moment_us).version == before.version
    assert pasts.at(book.view, 15) is current


class HeldView(View):
    """A view whose customers take as long to be found as a test wants."""

    begun, may_go_on = threading.Event(), threading.Event()

    def entities(self, kind: RecordKind) -> Entities:
        """Those of the view, in the end."""
        self.begun.set()
        self.may_go_on.wait()
        return super().entities(kind)


class Ledgers:
    """Books of two ledgers that have the same words."""

    def __init__(self, views: dict[str, BookView]) -> None:
        self._views = views

    def view(self, ledger_id: str) -> BookView | None:
        """The ledger's."""
        return self._views.get(ledger_id)

    def view_at(self, ledger_id: str, moment_us: int) -> BookView | None:  # noqa: ARG002 - as the protocol says
        """The same at all moments."""
        return self.view(ledger_id)

    def has_facts(self, ledger_id: str) -> bool:
        """Whether it is one of the two."""
        return ledger_id in self._views

    def vocabulary(self, ledger_id: str) -> Vocabulary:  # noqa: ARG002 - as the protocol says
        """The same words."""
        return WORDS

    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """The same words."""
        return (WORDS,)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """One thread."""
    with Engine(1) as running:
        yield running


def test_ledgers_do_not_wait_for_each_other(book: Book, engine: Engine) -> None:
    """While the populations of one are made, those of another are answered."""
    view = book.view
    slow = HeldView(**{name: getattr(view, name) for name in view.__dataclass_fields__})
    ledgers = Ledgers({"slow": slow, "quick": replace(view)})
    residents = ResidentSubjects(Populations(), ledgers, ledgers, engine)
    with ThreadPoolExecutor(1) as thread:
        making = thread.submit(residents.find, "slow")
        try:
            slow.begun.wait()
            quick = residents.find("quick")
            assert quick is not None
            assert quick.batch.rows == 3
            assert not making.done()
        finally:
            slow.may_go_on.set()
        found = making.result()
    assert found is not None
    assert found.batch.rows == 3
