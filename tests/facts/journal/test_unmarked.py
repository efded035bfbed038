"""A mark that cannot be written: nothing is acknowledged that could be lost unseen, and nothing is told wrongly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from segmentd.facts.journal import Entry, Journal
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import History, PastValues
from segmentd.facts.records import WriteOutcome
from segmentd.schema import INT64
from segmentd.storage import StoreFailedError, UnmarkedError
from tests.facts.ingestion.batches import customers
from tests.facts.ingestion.test_ingestion import facts_of, opened, write
from tests.facts.journal.test_reopening import Slow


@contextmanager
def refused(journal: Journal) -> Iterator[None]:
    """The system refuses to write the journal's mark: it is open for reading alone."""
    mark = journal._store._file._mark
    good = mark._descriptor
    mark._descriptor = os.open(mark.path, os.O_RDONLY)
    try:
        yield
    finally:
        os.close(mark._descriptor)
        mark._descriptor = good


def test_what_was_not_marked_is_not_acknowledged_by_its_id(tmp_path: Path) -> None:
    """The first group fails, though it may be on disk; then nothing is begun, nor answered, until the mark is kept."""
    journal = Journal(tmp_path)
    with refused(journal):
        with pytest.raises(UnmarkedError, match=r"may be on disk.*facts\.mark failed.*send it again"):
            journal.append([Entry("main", "one", WriteOutcome(1, inserted=1), b"payload")])
        assert journal.pending_bytes("main") == 7
        for _ in range(2):
            with pytest.raises(StoreFailedError, match=r"writing .*facts\.mark failed") as caught:
                journal.append([Entry("main", "two", WriteOutcome(2, inserted=1), b"payload")])
            assert not isinstance(caught.value, UnmarkedError)
            with pytest.raises(StoreFailedError):
                journal.outcome("main", "one")
    assert journal.outcome("main", "one") == WriteOutcome(1, inserted=1, repeated=True)
    assert journal.outcome("main", "two") is None
    journal.append([Entry("main", "two", WriteOutcome(2, inserted=1), b"payload")])
    journal.close()
    journal = Journal(tmp_path)
    assert [number for number, _ in journal.replay("main", 0)] == [1, 2]
    journal.close()


def test_a_batch_that_was_not_marked_is_sent_again(tmp_path: Path) -> None:
    """Its sender is told to; readers and the journal have it once, in one version, and the next batch in the next."""
    with opened(tmp_path) as books:
        write(books, customers({"a": 1}), "first")
        with refused(books.journal):
            with pytest.raises(UnmarkedError):
                write(books, customers({"a": 2}), "second")
            for batch_id in ("second", "third"):
                with pytest.raises(StoreFailedError):
                    write(books, customers({"a": 3}), batch_id)
        assert facts_of(books) == {"customer": {"a": {"count": 2}}}
        assert write(books, customers({"a": 2}), "second") == WriteOutcome(2, updated=1, repeated=True)
        assert write(books, customers({"a": 3}), "third") == WriteOutcome(3, updated=1)
    with opened(tmp_path) as books:
        assert facts_of(books) == {"customer": {"a": {"count": 3}}}


def test_closing_with_a_mark_that_cannot_be_written_raises_no_false_alarm(tmp_path: Path) -> None:
    """The log is left where it is, from which the next opening takes all."""
    journal = Journal(tmp_path)
    journal.append([Entry("main", "one", WriteOutcome(1), b"payload")])
    mark = journal._store._file._mark
    good, mark._descriptor = mark._descriptor, os.open(mark.path, os.O_RDONLY)
    journal.close()
    os.close(good)
    assert (tmp_path / "facts.sqlite3-wal").stat().st_size > 0
    journal = Journal(tmp_path)
    assert [number for number, _ in journal.replay("main", 0)] == [1]
    journal.close()


def test_a_checkpoint_that_was_not_marked_is_current_all_the_same(tmp_path: Path) -> None:
    """Making it fails, and the next one takes over its files of the past, not those of the one before."""
    journal = Journal(tmp_path, lambda: 40)
    with ExitStack() as refusing:
        for version, until_us in ((1, 10), (2, 20), (3, 30)):
            journal.append([Entry("main", "", WriteOutcome(version, inserted=1), b"payload")])
            replaced = PastValues(
                RecordKind.CUSTOMER, "age", INT64, pa.array(["a"]), np.array([until_us]), pa.array([version])
            )
            past = History(until_us, (replaced,))
            if version == 2:
                with pytest.raises(UnmarkedError):
                    journal.save("main", 2, Slow(lambda: refusing.enter_context(refused(journal))), past)
                refusing.close()
            else:
                journal.save("main", version, Slow(lambda: None), past)
    found = [each for values in journal.history.read_history("main", 0) for each in values.values.to_pylist()]
    assert found == [1, 2, 3]
    assert journal.pending_bytes("main") == 0
    journal.close()
