"""Books as of past moments equal a memory that keeps all versions of all records, through restarts and crashes."""

from __future__ import annotations

import random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentd.facts.books import Books
from segmentd.facts.history.view import AsOf
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.kinds import RecordKind
from segmentd.facts.views import BookView
from tests.facts.book.comparing import assert_same
from tests.facts.book.histories import batches
from tests.facts.book.model import Given
from tests.facts.history.remembering import Memory
from tests.facts.ingestion.test_histories import History, Words

SOAKING = settings.get_current_profile_name() == "soak"
pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]

MOMENTS: Final = 6
"""Moments, of those at which something happened, that are looked at."""

MOST_FILES: Final = 8
"""There are few files, however many checkpoints were made: each is more than twice as large as those after it."""

ENTITIES: Final = batches().filter(lambda given: given.kind in (RecordKind.CUSTOMER, RecordKind.ACCOUNT))
STEPS: Final = st.one_of(
    st.tuples(ENTITIES, st.just(""), st.just(False)),
    st.tuples(ENTITIES, st.just(""), st.sampled_from((False, False, True))),
    st.tuples(batches(), st.just(""), st.just(False)),
    st.sampled_from(("restart", "crash", "checkpoint", "checkpoint", "look")),
)
BEGINNING: Final = (
    Given(RecordKind.CUSTOMER, ["anna", "ben", "carl"], {"age": [1, 2, 3]}),
    Given(RecordKind.ACCOUNT, ["x", "y"], {"owners": [["anna"], ["anna", "ben"]], "currency": ["EUR", "USD"]}),
)


CUSTOMERS: Final = [f"c{number}" for number in range(12)]
ACCOUNTS: Final = [f"a{number}" for number in range(12)]


def some_records(chance: random.Random) -> Given:
    """Some customers or accounts, most of them known, with a value or none in some fields; deletions at times."""
    kind = chance.choice([RecordKind.CUSTOMER, RecordKind.ACCOUNT])
    known = CUSTOMERS if kind is RecordKind.CUSTOMER else ACCOUNTS
    ids = chance.sample(known, chance.randrange(1, 6))
    gone = chance.sample(known, 1) if chance.random() < 0.12 else []
    columns = {name: [chance.choice(values) for _ in ids] for name, values in VALUES[kind].items()}
    named = chance.sample(sorted(columns), chance.randrange(1, len(columns) + 1))
    return Given(kind, ids, {name: columns[name] for name in named}, gone)


VALUES: Final[dict[RecordKind, dict[str, list[Any]]]] = {
    RecordKind.CUSTOMER: {
        "age": [None, 1, 2, 3],
        "name": [None, "Anna", "Jan", "žluťoučký kůň"],
        "tags": [[], ["a"], ["a", "b"]],
        "isNew": [None, True, False],
        "score": [None, 0.5, -1e300],
    },
    RecordKind.ACCOUNT: {
        "owners": [[], ["c1"], ["c2", "c3"], ["c1", "c4"], ["c5"], ["c6", "c7", "c8"]],
        "balance": [None, 100, -5, 2**40],
        "kind": [None, "SAVINGS", "CHECKING"],
        "external": [None, True, False],
    },
}


class RememberedHistory(History):
    """Books with a clock of the test, and a naive memory beside them."""

    def __init__(self) -> None:
        self.now_us = 1_000
        self.memory = Memory()
        super().__init__()

    def compare(self) -> None:
        """Readers see what the memory has, now and at moments of the past."""
        super().compare()
        view = self._books.view("main")
        if view is None:
            return
        self._assert_the_same(view, self.now_us)
        moments = self.memory.moments()
        chosen = random.Random(self.now_us).sample(moments, min(len(moments), MOMENTS))  # noqa: S311 - any will do
        for moment in [0, *chosen, *(moment - 1 for moment in chosen)]:
            then = self._books.view_at("main", moment)
            assert then is not None
            assert then.version == view.version
            assert_same(then, self.memory.at(moment, self.naive.records))
            self._assert_the_same(then, moment)

    def _assert_the_same(self, then: BookView, moment: int) -> None:
        """Who asks again gets the same object, unless the book was put in order meanwhile."""
        now = self._books.view("main")
        again = self._books.view_at("main", moment)
        assert again is then or now is not (then.view if isinstance(then, AsOf) else then)

    def _write(self, given: Given, batch_id: str, validate_only: bool) -> None:  # noqa: FBT001 - as above
        self.now_us += 10
        super()._write(given, batch_id, validate_only)
        self.memory.note(self.now_us, self.naive.records)

    def files(self) -> list[str]:
        """The names of the files of the past."""
        return [path.name for path in (self._root / str(self._crashes)).rglob("history.*.arrow")]

    def _look(self) -> None:
        """Only compare."""

    def _open(self) -> None:
        directory = self._root / str(self._crashes)
        directory.mkdir(exist_ok=True)
        policy = CheckpointPolicy(after_bytes=50_000, on_close_bytes=10_000)
        self._books = Books(directory, Words(), policy=policy, clock=lambda: self.now_us)
        self._books.open()


@settings(max_examples=settings().max_examples if SOAKING else 60, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=25))
def test_the_past_is_what_a_naive_memory_has(steps: list[tuple[Given, str, bool] | str]) -> None:
    """Records and owners at every moment are those of the last write before it, the first of those that came later.

    Who was deleted is in no past; restarts, crashes and checkpoints change nothing.
    """
    with RememberedHistory() as history:
        for step in (*((each, "", False) for each in BEGINNING), *steps, "crash", "look", "checkpoint", "restart"):
            history.step(step)


@pytest.mark.parametrize("seed", range(200 if SOAKING else 4))
def test_long_pasts_are_what_a_naive_memory_has(seed: int) -> None:
    """The same of records that change often, with files that are carried on, merged and written anew."""
    chance = random.Random(seed)  # noqa: S311 - the same in each run
    with RememberedHistory() as history:
        history.step((Given(RecordKind.CUSTOMER, CUSTOMERS, {}), "", False))
        for _ in range(25):
            for _ in range(chance.randrange(1, 8)):
                history.step((some_records(chance), "", False))
            history.step(chance.choice(["checkpoint", "checkpoint", "checkpoint", "restart", "crash", "look"]))
        assert len(history.files()) <= MOST_FILES
