"""The files of the past in the folders of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar

import pytest

from segmentd.columns.zones import DAY_US
from segmentd.facts.book import Book
from segmentd.facts.book.view import View
from segmentd.facts.books import Books
from segmentd.facts.history.errors import HistoryNotKeptError
from segmentd.facts.history.view import AsOf
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.journal import FactsDamagedError
from segmentd.facts.journal.history import KeepHistory
from segmentd.facts.kinds import RecordKind
from tests.facts.book.comparing import python_values
from tests.facts.ingestion.batches import Definitions, customers


class Clerk:
    """Books of a directory whose clock goes on by a day with each batch."""

    def __init__(self, directory: Path, keep_days: int = 400) -> None:
        self.directory = directory
        self.now_us = 1_000 * DAY_US
        self.policy = CheckpointPolicy(keep_history=KeepHistory(keep_days))
        self.books = self._open()

    def write(self, **values: int) -> int:
        """Write what customers have; when that was."""
        self.now_us += DAY_US
        self.books.ingestion.submit("main", customers(values)).result(60)
        return self.now_us

    def checkpoint(self) -> None:
        """Write the journal into files."""
        self.books.ingestion.scrub("main").result(60)

    def reopen(self) -> None:
        """Close the books, and open them anew."""
        self.books.close()
        self.books = self._open()

    def counts(self, moment_us: int) -> dict[str, int | None]:
        """What customers had at a moment."""
        view = self.books.view_at("main", moment_us)
        assert view is not None
        batch = view.entities(RecordKind.CUSTOMER).batch
        assert batch.ids is not None
        return dict(zip(batch.ids.to_pylist(), python_values(batch.columns["count"], batch.rows), strict=True))

    def files(self) -> list[Path]:
        """The files of past values, by number."""
        return sorted(self.directory.glob("facts/main/*/history.*.arrow"))

    def _open(self) -> Books:
        books = Books(self.directory, Definitions(), policy=self.policy, clock=lambda: self.now_us)
        books.open()
        return books


@pytest.fixture
def clerk(tmp_path: Path) -> Iterator[Callable[..., Clerk]]:
    """Makes clerks, and has them close their books."""
    made: list[Clerk] = []

    def make(keep_days: int = 400) -> Clerk:
        made.append(Clerk(tmp_path, keep_days))
        return made[-1]

    yield make
    for each in made:
        each.books.close()


def test_files_stay_as_they_are(clerk: Callable[..., Clerk]) -> None:
    """A checkpoint takes over the larger files of the one before as links, and adds one of what came since."""
    one = clerk()
    moments = [one.write(**{f"c{number}": day for number in range(9)}) for day in range(2)]
    one.checkpoint()
    (file,) = one.files()
    number = file.stat().st_ino
    moments.append(one.write(c0=2))
    one.checkpoint()
    assert len(one.files()) == 2
    assert number in {path.stat().st_ino for path in one.files()}
    one.reopen()
    for day, moment in enumerate(moments):
        assert one.counts(moment)["c0"] == day
        assert one.counts(moment)["c1"] == min(day, 1)
    assert len(list(one.directory.glob("facts/main/*"))) == 1


def test_memory_lets_go_of_what_files_have(clerk: Callable[..., Clerk]) -> None:
    """After a checkpoint and the next batch, only what that replaced is in memory."""
    one = clerk()
    one.write(a=1, b=1)
    one.write(a=2, b=2)
    one.checkpoint()
    one.write(a=3)
    view = one.books.view("main")
    assert isinstance(view, View)
    assert [len(log.numbers) for log in view.past.logs.values()] == [1]
    assert one.counts(0) == {"a": 1, "b": 1}


class SettledBook(Book):
    """A book that says what of the past it has in memory after it was settled."""

    remembered: ClassVar[SimpleQueue[int]] = SimpleQueue()

    def settle(self) -> None:
        """Settle, and say it."""
        super().settle()
        self.remembered.put(sum(len(log.numbers) for log in self.view.past.logs.values()))


def test_memory_lets_go_though_nobody_writes(tmp_path: Path) -> None:
    """After a checkpoint the book is settled once more, and has nothing of the past in memory then."""
    clock = iter(range(1_000, 2_000))
    books = Books(tmp_path, Definitions(), make=SettledBook, clock=lambda: next(clock))
    books.open()
    for value in (1, 2):
        books.ingestion.submit("main", customers({"a": value})).result(60)
    while SettledBook.remembered.get(timeout=60) != 1:
        pass
    books.ingestion.scrub("main").result(60)
    assert SettledBook.remembered.get(timeout=60) == 0
    assert SettledBook.remembered.empty()
    books.close()


def test_nothing_is_read_to_open_a_ledger(clerk: Callable[..., Clerk]) -> None:
    """A file of the past that is damaged keeps nobody from the present, nor from what is written later.

    As of the past it is told, and by checks of files.
    """
    one = clerk()
    moment = one.write(a=1)
    one.write(a=2)
    one.checkpoint()
    one.books.close()
    (file,) = one.files()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    one.books = one._open()
    assert one.counts(one.now_us) == {"a": 2}
    with pytest.raises(FactsDamagedError, match="history"):
        one.counts(moment)
    checkpoint = one.books.journal.checkpoint("main")
    assert checkpoint is not None
    (about,) = (each for each in checkpoint.files if each.name == file.name)
    with pytest.raises(FactsDamagedError, match="is damaged"):
        list(one.books.journal.check_file(checkpoint, about))
    later = one.write(a=3)
    one.write(a=4)
    one.checkpoint()
    assert len(one.files()) == 2
    assert one.counts(later) == {"a": 3}


def test_what_is_too_old_goes(clerk: Callable[..., Clerk]) -> None:
    """Whole files at once, parts of others later; moments before are refused, those after are as they were."""
    one = clerk(keep_days=8)
    moments = []
    for day in range(20):
        moments.append(one.write(a=day, b=day // 10))
        one.checkpoint()
    one.reopen()
    kept_from_us = one.books.journal.history.kept_from_us("main")
    assert one.now_us - 10 * DAY_US <= kept_from_us <= one.now_us - 8 * DAY_US
    for day, moment in enumerate(moments):
        if moment >= kept_from_us:
            assert one.counts(moment) == {"a": day, "b": day // 10}
        else:
            with pytest.raises(HistoryNotKeptError, match="is kept from 1972"):
                one.counts(moment)


def test_a_clock_that_is_put_back_changes_nothing(clerk: Callable[..., Clerk]) -> None:
    """Batches have times of their own, in their order, also over restarts."""
    one = clerk()
    first = one.write(a=1)
    one.now_us -= 5 * DAY_US
    one.write(a=2)
    one.reopen()
    one.write(a=3)
    assert [one.counts(first + later)["a"] for later in range(3)] == [1, 2, 3]


def test_moments_that_are_not_past_have_the_view_itself(clerk: Callable[..., Clerk]) -> None:
    """From the last change on, and in the future, the very same object; before that another."""
    one = clerk()
    one.write(a=1)
    changed = one.write(a=2)
    one.write(b=1)
    view = one.books.view("main")
    for moment in (changed, one.now_us, one.now_us + 10**15):
        assert one.books.view_at("main", moment) is view
    assert isinstance(one.books.view_at("main", changed - 1), AsOf)


def test_before_the_ledger_there_is_no_past(clerk: Callable[..., Clerk]) -> None:
    """What records are now counts for moments before the ledger was created; from its creation on what they were."""
    one = clerk()
    one.write(a=1)
    one.write(a=2)
    assert one.books.view_at("main", -1) is one.books.view("main")
    assert isinstance(one.books.view_at("main", 0), AsOf)
