"""Codes of resident columns come and go in the background, and no answer is another one for that."""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from segmentd.columns.coding import Coding, Ranges
from segmentd.columns.column import Batch, FixedColumn
from segmentd.columns.planes import pack
from segmentd.engine import Engine
from segmentd.engine.binding import prepare
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.population import Population, Populations, build_population
from segmentd.plan import Program
from segmentd.plan.sources import AttributeColumn, SlicedCodes
from segmentd.schema import DOUBLE, INT64, AttributeSpec, DataType, Schema, Subject
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import Question
from segmentd.scoring.recoding import Recoded, Recoder
from segmentd.scoring.service import Resident, Scoring
from segmentd.segments.catalogue import Catalogues, build_catalogue
from segmentd.segments.model import Segment, State

NOW: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ROWS: Final = 20_000
MANY_ROWS: Final = 300_000
CALLERS: Final = 16
WAIT_S: Final = 60.0
"""Longer than any codes take, so that a failure is no hang."""


@dataclass(frozen=True, eq=False)
class People:
    """Customers with an income, which every 7th lacks, and an age."""

    rows: int = ROWS
    seed: int = 1
    income: npt.NDArray[np.float64] = field(init=False)
    age: npt.NDArray[np.int16] = field(init=False)
    present: npt.NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        object.__setattr__(self, "income", np.round(random.uniform(0.0, 6_000.0, self.rows), 2))
        object.__setattr__(self, "age", random.integers(18, 96, self.rows).astype(np.int16))
        object.__setattr__(self, "present", np.arange(self.rows) % 7 != 0)

    def at_least(self, bound: float) -> bytes:
        """Who has an income of at least the bound, a bit a row."""
        return pack((self.income >= bound) & self.present).tobytes()

    def population(self, version: int = 1) -> Population:
        """The customers as a ledger has them."""
        columns = {
            "income": FixedColumn(DOUBLE, self.income, pack(self.present)),
            "age": FixedColumn(INT64, self.age),
        }
        ids = pa.array([str(row) for row in range(self.rows)])
        schema = Schema(Subject.CUSTOMER, (AttributeSpec("income", DOUBLE), AttributeSpec("age", INT64)))
        return build_population(Batch(self.rows, columns, ids), id_column="id", data_version=version, schema=schema)


class Book:
    """A ledger whose definitions can be changed, with customers to ask about, and what its recoder has told."""

    def __init__(self, engine: Engine, people: People) -> None:
        self.told: queue.Queue[Recoded] = queue.Queue()
        self.failed: queue.Queue[tuple[str, Exception]] = queue.Queue()
        self.populations = Populations()
        self.catalogues = Catalogues()
        self.recoder = Recoder(engine, self.told.put, lambda ledger, error: self.failed.put((ledger, error)))
        self.scoring = Scoring(engine, self.catalogues, self.populations, lambda: 0, self.recoder)
        self.engine = engine
        self.version = 0
        self.put(people)

    def close(self) -> None:
        """End the recoder."""
        self.recoder.close()

    def put(self, people: People, ledger: str = "main") -> None:
        """Make these the residents."""
        self.people = people
        self.populations.put(ledger, people.population())

    def define(self, expressions: Mapping[str, str], *, income: DataType = DOUBLE, ledger: str = "main") -> None:
        """Publish the next version of the definitions: these segments and no others."""
        self.version += 1
        book = Ledger(ledger, "", "EUR", "UTC", NOW, NOW, "e", catalogue_version=self.version)
        specs = (AttributeSpec("income", income), AttributeSpec("age", INT64))
        attributes = [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs]
        segments = [
            Segment(name, "", "", Subject.CUSTOMER, text, (), {}, State.ACTIVE, NOW, NOW, "e")
            for name, text in expressions.items()
        ]
        self.catalogues.publish(build_catalogue(book, attributes, segments))

    def ask(self, ledger: str = "main", segments: tuple[str, ...] = ()) -> Resident:
        """The residents bound to the question of some segments, or of all."""
        plan = self.scoring.plan(Question(ledger, segments=segments, form=Form.PLANES))
        return self.scoring.bind(plan, self.scoring.population(plan), lambda: False)

    def answer(self, resident: Resident | None = None) -> dict[str, bytes]:
        """The members' planes by segment."""
        resident = resident or self.ask()
        verdicts = self.scoring.evaluate_range(resident, (0, resident.bound.rows), lambda: False)
        assert verdicts.members is not None
        return {name: plane.tobytes() for name, plane in zip(verdicts.segments, verdicts.members, strict=True)}

    def wait(self) -> Recoded:
        """The next codes that are made."""
        return self.told.get(timeout=WAIT_S)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads."""
    with Engine(2) as engine:
        yield engine


@pytest.fixture
def book(engine: Engine) -> Iterator[Book]:
    """A ledger with a segment of all whose income is at least 3,000."""
    with closing(Book(engine, People())) as book:
        book.define({"rich": "customer.income >= 3000.0"})
        yield book


def codes_read(resident: Resident) -> dict[str, Any]:
    """The layouts of the codes that the program reads, by attribute."""
    columns = resident.bound.program.columns
    return {source.attributes[0]: source.layout for source in columns if isinstance(source, SlicedCodes)}


def cuts_of(resident: Resident, attribute: str = "income") -> tuple[float, ...]:
    """The thresholds of a column's codes."""
    layout = codes_read(resident)[attribute]
    assert isinstance(layout, Ranges)
    return layout.cuts


def test_the_first_answer_is_raw_and_the_next_ones_read_codes(book: Book) -> None:
    """A question is answered from the columns until its codes are there, and by the same planes from these."""
    first = book.ask()
    before = book.answer(first)
    assert codes_read(first) == {}
    told = book.wait()
    assert (told.ledger, told.columns) == ("main", 1)
    later = book.ask()
    assert cuts_of(later) == (3_000.0,)
    assert book.answer(later) == before == {"rich": book.people.at_least(3_000.0)}
    assert book.answer(first) == before


def test_codes_take_the_bytes_that_are_told(book: Book) -> None:
    """Missing, below and from the threshold on are three codes, two bits a row, in whole blocks and one plane more."""
    book.ask()
    assert book.wait().bytes == 5 * 4_096 * 2 // 8 + 512


def test_a_new_threshold_is_answered_at_once(book: Book) -> None:
    """A definition that asks for a threshold without a code is answered from the column, then from new codes."""
    book.ask()
    book.wait()
    book.define({"rich": "customer.income >= 3500.5"})
    changed = book.ask()
    assert codes_read(changed) == {}
    assert book.answer(changed) == {"rich": book.people.at_least(3_500.5)}
    book.wait()
    assert 3_500.5 in cuts_of(book.ask())
    assert book.answer() == {"rich": book.people.at_least(3_500.5)}


def test_thresholds_of_deleted_segments_vanish(book: Book) -> None:
    """Once fewer bits suffice, the column is coded anew without the thresholds that nobody asks for."""
    bounds = [500.0 * number for number in range(1, 11)]
    book.define({f"from-{bound:.0f}": f"customer.income >= {bound}" for bound in bounds})
    book.ask()
    book.wait()
    assert cuts_of(book.ask()) == tuple(bounds)
    book.define({"rich": "customer.income >= 3000.0"})
    assert book.answer() == {"rich": book.people.at_least(3_000.0)}
    book.wait()
    assert cuts_of(book.ask()) == (3_000.0,)
    assert book.answer() == {"rich": book.people.at_least(3_000.0)}


def test_a_new_data_version_gets_codes_of_its_own(book: Book) -> None:
    """New customers are answered at once, by their own values, and coded for what was asked of those before."""
    old = book.ask()
    book.wait()
    before = book.answer(old)
    people = People(seed=2)
    book.put(people)
    assert book.answer() == {"rich": people.at_least(3_000.0)}
    book.wait()
    later = book.ask()
    assert cuts_of(later) == (3_000.0,)
    assert book.answer(later) == {"rich": people.at_least(3_000.0)}
    assert book.answer(old) == before


def test_columns_that_stay_keep_their_codes(book: Book) -> None:
    """Residents under another schema are another batch with some of the same columns: those are not coded again."""
    book.define({"rich": "customer.income >= 3000.0", "old": "customer.age >= 60"})
    book.ask()
    assert book.wait().columns == 2
    kept = codes_read(book.ask())["age"]
    book.define({"old": "customer.age >= 60"}, income=INT64)
    resident = book.ask()
    assert "income" not in resident.population.batch.columns
    book.put(People(seed=4), "other")
    book.define({"rich": "customer.income >= 3000.0"}, ledger="other")
    book.ask("other")
    assert book.wait().ledger == "other"  # whose turn came after that of the ledger that had nothing to make
    assert codes_read(book.ask())["age"] is kept


def test_thresholds_of_another_type_are_left_out(book: Book) -> None:
    """What was asked of a column of doubles says nothing to codes of integers of the same name."""
    book.ask(segments=("rich",))
    book.wait()
    people = book.people
    whole = people.income.astype(np.int64)
    schema = Schema(Subject.CUSTOMER, (AttributeSpec("income", INT64), AttributeSpec("age", INT64)))
    batch = Batch(ROWS, {"income": FixedColumn(INT64, whole)}, pa.array([str(row) for row in range(ROWS)]))
    book.populations.put("main", build_population(batch, id_column="id", data_version=2, schema=schema))
    book.define({"rich": "customer.income >= 2000"}, income=INT64)
    assert book.answer() == {"rich": pack(whole >= 2_000).tobytes()}
    book.wait()
    assert cuts_of(book.ask()) == (2_000,)
    assert book.answer() == {"rich": pack(whole >= 2_000).tobytes()}


def test_many_rows_use_the_codes_that_are_there(engine: Engine) -> None:
    """Over many rows, a program with one new threshold reads that column raw and the others' codes from its start."""
    with closing(Book(engine, People(MANY_ROWS))) as book:
        book.define({"rich": "customer.income >= 3000.0", "old": "customer.age >= 60"})
        book.ask()
        book.wait()
        book.define({"rich": "customer.income >= 3000.5", "old": "customer.age >= 60"})
        resident = book.ask()
        assert "age" in codes_read(resident)
        assert AttributeColumn("income") in resident.bound.program.columns
        assert book.answer(resident) == {
            "old": pack(book.people.age >= 60).tobytes(),
            "rich": book.people.at_least(3_000.5),
        }


def test_many_callers_make_codes_once(book: Book) -> None:
    """However many ask the same at once, a column is coded a single time."""
    barrier = threading.Barrier(CALLERS)

    def ask(_: int) -> dict[str, bytes]:
        barrier.wait(WAIT_S)
        return book.answer()

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(ask, range(CALLERS)))
    assert answers == [{"rich": book.people.at_least(3_000.0)}] * CALLERS
    book.wait()
    book.close()
    assert book.told.empty()


def test_answers_hold_while_codes_change(book: Book) -> None:
    """Sixteen callers ask while thresholds and customers change: each answer is that of its definitions and rows."""
    thresholds = {book.version: 3_000.0}
    done = threading.Event()
    crowds = {people.rows: people for people in (book.people, People(ROWS + 65, seed=3))}

    def ask(_: int) -> int:
        asked = 0
        while not done.is_set():
            resident = book.ask()
            people = crowds[resident.population.batch.rows]
            bound = thresholds[resident.basis.catalogue_version]
            assert book.answer(resident) == {"rich": people.at_least(bound)}
            asked += 1
        return asked

    def change() -> None:
        for number in range(12):
            book.wait()
            if number % 4 == 3:
                book.put(crowds[ROWS + 65] if book.people.rows == ROWS else crowds[ROWS])
            else:
                thresholds[book.version + 1] = 100.25 * (number + 1)
                book.define({"rich": f"customer.income >= {thresholds[book.version + 1]}"})

    with ThreadPoolExecutor(CALLERS) as pool:
        callers = [pool.submit(ask, number) for number in range(CALLERS)]
        try:
            change()
        finally:
            done.set()
        assert all(caller.result() > 0 for caller in callers)


def test_no_codes_are_made_after_the_end(book: Book) -> None:
    """Closing waits for what is just told, and drops what is due."""
    told, go_on = threading.Event(), threading.Event()

    def hear(recoded: Recoded) -> None:
        book.told.put(recoded)
        told.set()
        go_on.wait(WAIT_S)

    with Engine(1) as engine:
        recoder = Recoder(engine, hear, lambda _ledger, error: pytest.fail(str(error)))
        scoring = Scoring(engine, book.catalogues, book.populations, lambda: 0, recoder)
        plan = scoring.plan(Question("main"))
        scoring.bind(plan, scoring.population(plan), lambda: False)
        assert told.wait(WAIT_S)
        book.define({"rich": "customer.income >= 1.0 && customer.age > 30"})
        plan = scoring.plan(Question("main"))
        scoring.bind(plan, scoring.population(plan), lambda: False)
        closer = threading.Thread(target=recoder.close)
        closer.start()
        while not recoder.is_closed:
            closer.join(0.001)
        go_on.set()
        closer.join(WAIT_S)
        assert not closer.is_alive()
        assert book.told.qsize() == 1
        assert codes_read(scoring.bind(plan, scoring.population(plan), lambda: False)) == {}


def test_codes_of_residents_that_were_replaced_meanwhile_are_dropped(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customers that arrive while those before are coded are never answered from the codes of these."""
    people = People(seed=5)

    def replace_residents(program: Program, batch: Batch) -> None:
        prepare(program, batch)
        if book.people is not people:
            book.put(people)
            book.ask()

    monkeypatch.setattr("segmentd.scoring.recoding.prepare", replace_residents)
    book.ask()
    book.wait()
    resident = book.ask()
    assert cuts_of(resident) == (3_000.0,)
    assert book.answer(resident) == {"rich": people.at_least(3_000.0)}


def test_a_failure_is_told_and_fails_no_answer(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no memory for codes, that is told, and answers come from the columns; then it goes on."""

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("segmentd.engine.engine.Coder", fail)
        assert book.answer() == {"rich": book.people.at_least(3_000.0)}
        ledger, error = book.failed.get(timeout=WAIT_S)
    assert (ledger, type(error)) == ("main", MemoryError)
    assert book.answer() == {"rich": book.people.at_least(3_000.0)}
    book.define({"rich": "customer.income >= 2000.0"})
    assert book.answer() == {"rich": book.people.at_least(2_000.0)}
    book.wait()
    assert book.answer() == {"rich": book.people.at_least(2_000.0)}


def test_a_call_that_began_before_a_change_moves_nothing(book: Book) -> None:
    """A plan of older definitions is answered from the columns, and the newer codes stay."""
    old = book.scoring.plan(Question("main", form=Form.PLANES))
    population = book.scoring.population(old)
    book.define({"rich": "customer.income >= 3000.5"})
    book.ask()
    book.wait()
    resident = book.scoring.bind(old, replace(population, batch=replace(population.batch)), lambda: False)
    assert codes_read(resident) == {}
    assert book.answer(resident) == {"rich": book.people.at_least(3_000.0)}
    assert cuts_of(book.ask()) == (3_000.5,)


def test_a_coding_is_that_of_its_rows() -> None:
    """A batch refuses the codes of other rows."""
    planes = np.zeros((1, 1, 64), np.uint64)
    with pytest.raises(ValueError, match="codes"):
        Batch(
            5_000,
            {"age": FixedColumn(INT64, np.zeros(5_000, np.int64))},
            None,
            {("age",): Coding(("age",), Ranges((1,), False, False), planes)},
        )
