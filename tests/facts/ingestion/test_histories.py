"""Random histories through ingestion, with restarts and crashes at random points, equal a naive book's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentd.facts.books import Books
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.records import WriteOutcome
from segmentd.ledger.vocabulary import Vocabulary
from tests.facts.book.comparing import assert_same
from tests.facts.book.histories import WORDS, batches, record_batch
from tests.facts.book.model import Given, NaiveBook

SOAKING = settings.get_current_profile_name() == "soak"
pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]

STEPS: Final = st.one_of(
    st.tuples(batches(), st.sampled_from(("", "", "a", "b", "c")), st.sampled_from((False, False, False, True))),
    st.tuples(batches(), st.just(""), st.just(False)),
    st.sampled_from(("restart", "crash", "checkpoint")),
)


MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a directory of one's own in it
"""Where files are in memory: it is not the disk that this tests, and each of its checkpoints waits 30 times for one."""


def told(outcome: WriteOutcome) -> tuple[object, ...]:
    """What stays of an outcome, also after an erasure: not what rejected rows were told."""
    counts = (outcome.version, outcome.inserted, outcome.updated, outcome.unchanged, outcome.deleted)
    return (*counts, *((each.row, each.field) for each in outcome.rejected))


class Words:
    """The definitions of ledger `main`."""

    def vocabulary(self, ledger_id: str) -> Vocabulary:
        """Its vocabulary."""
        assert ledger_id == "main"
        return WORDS


class History:
    """Books in a directory, and a naive one beside them."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self._crashes = 0
        self._version = 0
        self._known: dict[str, WriteOutcome] = {}
        self.naive = NaiveBook()
        self._open()

    def step(self, step: tuple[Given, str, bool] | str) -> None:
        """Do it on both sides."""
        if isinstance(step, tuple):
            self._write(*step)
        else:
            getattr(self, f"_{step}")()
            self.compare()

    def compare(self) -> None:
        """Readers see what the naive book has."""
        view = self._books.view("main")
        if self._version:
            assert view is not None
            assert view.version == self._version
        if view is not None:
            assert_same(view, self.naive.records)

    def _write(self, given: Given, batch_id: str, validate_only: bool) -> None:  # noqa: FBT001 - drawn
        outcome = self._books.ingestion.submit(
            "main",
            record_batch(given),
            batch_id,
            all_or_nothing=given.all_or_nothing,
            validate_only=validate_only,
            delete_customers=True,
        ).result(60)
        if batch_id in self._known:
            assert told(outcome) == told(self._known[batch_id])
            assert outcome.repeated
            return
        before = self.naive.copied()
        wanted = self.naive.write(given)
        counts = (outcome.inserted, outcome.updated, outcome.unchanged, outcome.deleted)
        assert counts == (wanted.inserted, wanted.updated, wanted.unchanged, wanted.deleted)
        assert [(each.row, each.field) for each in outcome.rejected] == list(wanted.rejected)
        if validate_only:
            self.naive.records = before
        else:
            self._version += bool(wanted.inserted + wanted.updated + wanted.deleted)
            if batch_id:
                self._known[batch_id] = outcome
        assert outcome.version == self._version

    def _restart(self) -> None:
        self._books.close()
        self._open()

    def _crash(self) -> None:
        """Go on in a copy of the files as they are now, which nobody has closed."""
        before, self._crashes = self._books, self._crashes + 1
        shutil.copytree(self._root / str(self._crashes - 1), self._root / str(self._crashes))
        before.close()
        self._open()

    def _checkpoint(self) -> None:
        self._books.ingestion.scrub("main").result(60)

    def _open(self) -> None:
        directory = self._root / str(self._crashes)
        directory.mkdir(exist_ok=True)
        self._books = Books(directory, Words(), policy=CheckpointPolicy(after_bytes=50_000, on_close_bytes=10_000))
        self._books.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._books.close()
        shutil.rmtree(self._root)


@settings(max_examples=settings().max_examples if SOAKING else 60, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=3, max_size=25))
def test_restarts_and_crashes_change_nothing(steps: list[tuple[Given, str, bool] | str]) -> None:
    """Outcomes, versions, known batch ids and all that readers see are those of a naive book that never stops."""
    with History() as history:
        for step in [*steps, "crash", "checkpoint", "restart"]:
            history.step(step)
