"""The mark: what it keeps, and what is left of it when a write is torn."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from segmentd.storage import StoreFailedError
from segmentd.storage.mark import SLOT_BYTES, Mark, Marked


def read(path: Path) -> Marked | None:
    """What a mark holds."""
    mark = Mark(path)
    mark.close()
    return mark.found


def spoil(path: Path, slot: int) -> None:
    """Flip a bit of a slot's number of commits."""
    content = bytearray(path.read_bytes())
    content[slot * SLOT_BYTES + 16] ^= 1
    path.write_bytes(content)


def test_what_was_kept_last_is_found(tmp_path: Path) -> None:
    """Commits and the flag, of any number of writes, in a file of two pages that only its owner may read."""
    path = tmp_path / "facts.mark"
    mark = Mark(path)
    assert mark.found is None
    for commits in range(7):
        mark.keep(commits)
        assert read(path) == Marked(commits)
    mark.keep_copying(is_copying=True)
    assert read(path) == Marked(6, is_copying=True)
    mark.keep(7)
    assert read(path) == Marked(7, is_copying=True)
    mark.keep_copying(is_copying=False)
    mark.close()
    assert read(path) == Marked(7)
    assert path.stat().st_size == 2 * SLOT_BYTES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_mark_never_goes_back(tmp_path: Path) -> None:
    """Where a thread that committed earlier comes later, what was kept stays."""
    mark = Mark(tmp_path / "mark")
    mark.keep(9)
    mark.keep(8)
    mark.close()
    assert read(mark.path) == Marked(9)


@pytest.mark.parametrize("commits", [6, 7])
def test_a_torn_write_leaves_what_was_kept_before(tmp_path: Path, commits: int) -> None:
    """Whichever slot was written last: spoiled, it tells nothing, and the other one tells one commit less."""
    mark = Mark(tmp_path / "mark")
    for number in range(1, commits + 1):
        mark.keep(number)
    mark.close()
    found = []
    for slot in range(2):
        spoil(mark.path, slot)
        found.append(read(mark.path))
        spoil(mark.path, slot)
    assert sorted(each.commits for each in found if each) == [commits - 1, commits]


def test_a_mark_without_a_slot_that_can_be_read_is_made_anew(tmp_path: Path) -> None:
    """Both slots spoiled, or the file empty: nothing is found, and the next write makes the file."""
    path = tmp_path / "mark"
    for content in (b"", b"x" * 100, bytes(3 * SLOT_BYTES)):
        path.write_bytes(content)
        mark = Mark(path)
        assert mark.found is None
        mark.keep(5)
        mark.close()
        assert read(path) == Marked(5)
        assert path.stat().st_size == 2 * SLOT_BYTES


def test_what_could_not_be_kept_is_kept_by_the_next_try(tmp_path: Path) -> None:
    """A write that the system refuses raises; `settle` writes what was wanted, and says so while it cannot."""
    mark = Mark(tmp_path / "mark")
    mark.keep(1)
    # The system refuses writes to a file that was opened for reading.
    good, mark._descriptor = mark._descriptor, os.open(mark.path, os.O_RDONLY)
    with pytest.raises(StoreFailedError, match=f"writing {mark.path} failed"):
        mark.keep(2)
    with pytest.raises(StoreFailedError):
        mark.settle()
    assert read(mark.path) == Marked(1)
    mark.close()
    mark._descriptor = good
    mark.settle()
    assert read(mark.path) == Marked(2)
    mark.close()
