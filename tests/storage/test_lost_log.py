"""Definitions whose write-ahead log is damaged after their process was killed: all are there, or the loss is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pytest

from segmentd.errors import ErrorReason
from segmentd.storage import DamagedError, open_database
from tests.storage.children import kill_myself, run_child
from tests.storage.test_database import add_ledger, ledger_ids

LOG: Final = "segmentd.sqlite3-wal"


def write_and_die(_pipe: Connection, directory: Path) -> None:
    """Keep nine ledgers, one after the other, and be killed."""
    database = open_database(directory)
    for number in range(9):
        with database.write() as connection:
            add_ledger(connection, f"l{number}", "x" * 3_000)
    kill_myself()


def flip(place: float) -> Callable[[Path], None]:
    """What flips a bit of a file, at a part of its length."""

    def harm(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[int(place * (len(content) - 1))] ^= 1
        path.write_bytes(content)

    return harm


HARMS: Final[dict[str, Callable[[Path], None]]] = {
    "header": flip(0),
    "middle": flip(0.5),
    "end": flip(1),
    "cut": lambda path: os.truncate(path, path.stat().st_size - 5_000),
    "removed": Path.unlink,
}


def test_a_damaged_log_of_definitions_is_told(tmp_path: Path) -> None:
    """Wherever it is damaged: opening names the file and what to do, and leaves the log as it is; whole, it is used."""
    (tmp_path / "killed").mkdir()
    assert run_child(write_and_die, tmp_path / "killed") == -9
    for name, harm in HARMS.items():
        directory = tmp_path / name
        shutil.copytree(tmp_path / "killed", directory)
        log = directory / LOG
        harm(log)
        before = log.read_bytes() if log.exists() else b""
        for _ in range(2):
            with pytest.raises(DamagedError, match=r"sqlite3 lacks the last \d of 9 commits that .*mark") as caught:
                open_database(directory)
            assert (log.read_bytes() if log.exists() else b"") == before, name
        assert caught.value.reason is ErrorReason.STORE_FAILED
        (directory / "segmentd.mark").unlink()
        database = open_database(directory)
        assert len(ledger_ids(database)) < 9
        database.close()
    database = open_database(tmp_path / "killed")
    assert len(ledger_ids(database)) == 9
    database.close()


def test_a_database_that_is_gone_is_told_by_its_mark(tmp_path: Path) -> None:
    """Where definitions were written and their file is lacking, none is begun anew beside the facts."""
    database = open_database(tmp_path)
    with database.write() as connection:
        add_ledger(connection, "main")
    database.close()
    (tmp_path / "segmentd.sqlite3").unlink()
    with pytest.raises(DamagedError, match=r"segmentd\.sqlite3 is lacking, of which .* counts 1 commits"):
        open_database(tmp_path)
    assert not (tmp_path / "segmentd.sqlite3").exists()
