"""The data directory has one owner, and says so."""

from __future__ import annotations

import os
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from segmentd.errors import ErrorReason, Status
from segmentd.storage import DataDirectory, DataDirectoryInUseError, StoreFailedError, open_database
from tests.storage.children import become_nobody, kill_myself, run_child, start_child


def own(pipe: Connection, path: Path) -> None:
    """Own the directory until told to go on."""
    with DataDirectory(path):
        pipe.send("owned")
        pipe.recv()


def own_and_die(_pipe: Connection, path: Path) -> None:
    """Own the directory, and be killed."""
    DataDirectory(path)
    kill_myself()


def open_as_nobody(pipe: Connection, path: Path) -> None:
    """Try to own the directory without the right to write there, and tell what happens."""
    become_nobody()
    try:
        DataDirectory(path)
    except StoreFailedError as error:
        pipe.send((error.reason, error.metadata["error"]))


def test_a_second_owner_is_refused_with_path_process_and_what_to_do(tmp_path: Path) -> None:
    """While a process owns the directory, the error names the path, that process and the ways out."""
    child, pipe = start_child(own, tmp_path)
    assert pipe.recv() == "owned"
    with pytest.raises(DataDirectoryInUseError, match="stop that server") as caught:
        DataDirectory(tmp_path)
    assert caught.value.reason is ErrorReason.DATA_DIRECTORY_IN_USE
    assert caught.value.status is Status.FAILED_PRECONDITION
    assert caught.value.metadata == {"path": str(tmp_path), "process": str(child.pid)}
    pipe.send("go")
    child.join(60)
    DataDirectory(tmp_path).release()


def test_the_directory_is_free_when_its_owner_is_killed(tmp_path: Path) -> None:
    """A lock does not outlive its process, so nothing has to be cleaned up by hand."""
    assert run_child(own_and_die, tmp_path) == -9
    with DataDirectory(tmp_path) as directory:
        assert directory.path == tmp_path


def test_the_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    """A data directory that does not exist is made."""
    with DataDirectory(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The error names the path and what the system said."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailedError, match=r"opening the data directory .*file failed.*[Ff]ile exists"):
        DataDirectory(tmp_path / "file")


def test_a_directory_that_cannot_be_written_is_refused() -> None:
    """Without the right to write, opening fails with STORE_FAILED and the system's reason."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        child, pipe = start_child(open_as_nobody, Path(name))
        answer = pipe.recv()
        child.join(60)
    assert answer == (ErrorReason.STORE_FAILED, "Permission denied")


def test_only_the_owner_may_read_what_is_made(tmp_path: Path) -> None:
    """The directory and all files in it are closed to others, whatever the process would let them do."""
    before = os.umask(0)
    try:
        with DataDirectory(tmp_path / "data") as directory:
            database = open_database(directory.path)
            with database.read():
                modes = {path.name: path.stat().st_mode & 0o777 for path in directory.path.iterdir()}
            database.close()
    finally:
        os.umask(before)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert {"segmentd.lock", "segmentd.sqlite3"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_who_deletes_the_lock_file_lets_nobody_in(tmp_path: Path) -> None:
    """The directory is in use as long as its owner lives, with a lock file or without."""
    with DataDirectory(tmp_path):
        (tmp_path / "segmentd.lock").unlink()
        with pytest.raises(DataDirectoryInUseError):
            DataDirectory(tmp_path)
    DataDirectory(tmp_path).release()
