"""Disks that fail, and directories that are not ours: a clear error each, and nothing lost."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from segmentd.errors import ErrorReason
from segmentd.facts.books import Books
from segmentd.facts.journal import Entry, Journal
from segmentd.facts.records import WriteOutcome
from segmentd.storage import DataDirectory, DataDirectoryInUseError, StoreFailedError
from tests.facts.ingestion.batches import Definitions
from tests.facts.ingestion.naive_book import NaiveBook
from tests.facts.journal.faults import (
    numbered,
    open_as_nobody,
    own,
    save_beyond_a_limit,
    save_until,
    write_beyond_a_limit,
)
from tests.storage.children import start_child


def test_a_disk_that_takes_no_more_loses_nothing(tmp_path: Path) -> None:
    """A write that the system refuses half-way fails; smaller ones, reads, and the same one later work.

    The process ends without closing anything, and all that was acknowledged is there.
    """
    child, pipe = start_child(write_beyond_a_limit, tmp_path)
    assert pipe.recv() == ("StoreFailedError", ["before"])
    failures, seen = pipe.recv()
    assert seen == ["before", "small"]
    assert set(failures) <= {"StoreFailedError"}
    assert pipe.recv() == 20_002
    child.join(60)
    books = Books(tmp_path, Definitions(), make=NaiveBook)
    books.open()
    view: Any = books.view("main")
    assert len(view.facts["customer"]) == 20_002
    assert len(list((tmp_path / "facts" / "main").iterdir())) == 1
    books.close()


def test_a_checkpoint_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    """It fails with the folder's name, its files are removed, the journal has what it had; later it is made."""
    child, pipe = start_child(save_beyond_a_limit, tmp_path)
    message, left, kept = pipe.recv()
    assert f"writing {tmp_path}/facts/main/1-" in message
    assert "File too large" in message
    assert (left, kept) == ([], [(1, b"payload")])
    assert pipe.recv() is True
    child.join(60)


def test_a_directory_that_cannot_be_written_is_told() -> None:
    """Opening fails with STORE_FAILED and the file's name, whether there is a journal or none; what is there stays."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for there in (False, True):
            if there:
                journal = Journal(directory)
                journal.append([Entry("main", "", WriteOutcome(1), b"payload")])
                journal.close()
                (directory / "facts.sqlite3").chmod(0o444)
            directory.chmod(0o555)
            child, pipe = start_child(open_as_nobody, directory)
            reason, message = pipe.recv()
            child.join(60)
            directory.chmod(0o700)
            assert reason is ErrorReason.STORE_FAILED
            assert f"opening {directory}/{'facts.mark' if there else 'facts.sqlite3'} failed" in message
        (directory / "facts.sqlite3").chmod(0o600)
        journal = Journal(directory)
        assert list(journal.replay("main", 0)) == [(1, b"payload")]
        journal.close()


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    """By the directory's lock, and by that of the file where somebody goes round the first; the owner goes on."""
    child, pipe = start_child(own, tmp_path)
    assert pipe.recv() == "written"
    with pytest.raises(DataDirectoryInUseError):
        DataDirectory(tmp_path)
    with pytest.raises(StoreFailedError, match="locked"):
        Journal(tmp_path)
    pipe.send("go on")
    child.join(60)
    assert child.exitcode == 0
    with DataDirectory(tmp_path):
        books = Books(tmp_path, Definitions(), make=NaiveBook)
        books.open()
        view: Any = books.view("main")
        assert view.facts == {"customer": {"a": {"count": 1}}}
        books.close()


def test_a_checkpoint_may_be_killed_at_every_step(tmp_path: Path) -> None:
    """Before each file, name and statement of it: what is opened then is all facts, from the old one or the new one."""
    found = []
    for step in count(1):
        directory = tmp_path / str(step)
        directory.mkdir()
        journal = Journal(directory)
        journal.append([Entry("main", "", WriteOutcome(number), b"%d" % number) for number in (1, 2, 3, 4)])
        journal.save("main", 1, numbered(1))
        journal.close()
        child, _ = start_child(save_until, directory, step)
        child.join(60)
        journal = Journal(directory)
        version, tables = journal.load("main")
        assert tables == numbered(version)
        assert [number for number, _ in journal.replay("main", version)] == list(range(version + 1, 5))
        journal.clean("main")
        assert journal.load("main") == (version, tables)
        assert len(list((directory / "facts" / "main").iterdir())) == 1
        assert journal.pending_bytes("main") == 4 - version
        journal.close()
        found.append(version)
        if child.exitcode == 0:
            break
    assert found == sorted(found)
    assert found.count(1) > 10
    assert found.count(3) > 5
