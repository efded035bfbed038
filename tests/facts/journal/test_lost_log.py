"""A journal whose write-ahead log is damaged after its process was killed: all is there, or the loss is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pytest

from segmentd.errors import ErrorReason
from segmentd.facts.journal import Entry, FactsDamagedError, Journal
from segmentd.facts.journal.schema import PAGE_BYTES
from segmentd.facts.records import WriteOutcome
from tests.facts.journal.faults import limited_files
from tests.storage.children import kill_myself, start_child

HEADER_BYTES: Final = 32
FRAME_BYTES: Final = 24 + PAGE_BYTES
BATCHES: Final = 40
LOG: Final = "facts.sqlite3-wal"


def write_and_die(pipe: Connection, directory: Path, batches: int, save_at: int) -> None:
    """Append batches, one commit each, make a checkpoint after so many of them, and be killed."""
    journal = Journal(directory)
    for number in range(1, batches + 1):
        payload = b"%d" % number * 9_000
        journal.append([Entry("main", f"b{number}", WriteOutcome(number, inserted=1), payload)])
        pipe.send(number)
        if number == save_at:
            journal.save("main", number, {})
    kill_myself()


def copy_half_and_die(pipe: Connection, directory: Path) -> None:
    """Append batches in the place of others, have the file take the first pages of the log, and close the journal."""
    journal = Journal(directory)
    for first in (1, 11):
        journal.append([Entry("main", "", WriteOutcome(first + number), b"x" * 50_000) for number in range(10)])
        if first == 1:
            journal.save("main", 10, {})
            journal.close()
            journal = Journal(directory)
    before = (directory / "facts.sqlite3").read_bytes()
    with limited_files(350_000):
        journal.close()
    after = (directory / "facts.sqlite3").read_bytes()
    pipe.send((len(after) - len(before), before[:350_000] != after[:350_000], before[350_000:] == after[350_000:]))


def killed(directory: Path, batches: int = BATCHES, save_at: int = 0) -> None:
    """Have a process write so many batches into a directory, and be killed."""
    directory.mkdir(exist_ok=True)
    child, pipe = start_child(write_and_die, directory, batches, save_at)
    child.join(60)
    told = [pipe.recv() for _ in range(batches)]
    assert told[-1] == batches


def frames_in(log: Path) -> int:
    """How many pages of the log belong to its present generation: those whose salt is that of the header."""
    content = log.read_bytes()
    salt, count = content[16:24], 0
    while content[HEADER_BYTES + count * FRAME_BYTES :][8:16] == salt:
        count += 1
    return count


def flip(at: Callable[[int], int]) -> Callable[[Path], None]:
    """What flips a bit of the byte that is found by the number of pages in the log."""

    def harm(log: Path) -> None:
        content = bytearray(log.read_bytes())
        content[at(frames_in(log))] ^= 1
        log.write_bytes(content)

    return harm


def truncate(at: Callable[[int], int]) -> Callable[[Path], None]:
    """What cuts the log off at a byte that is found by the number of pages in it."""

    def harm(log: Path) -> None:
        log.write_bytes(log.read_bytes()[: at(frames_in(log))])

    return harm


def page(number: int) -> int:
    """Where a page's frame begins."""
    return HEADER_BYTES + number * FRAME_BYTES


HARMS: Final[dict[str, Callable[[Path], None]]] = {
    "header": flip(lambda _: 0),
    "salt": flip(lambda _: 17),
    "checksum of the header": flip(lambda _: 30),
    "first frame's header": flip(lambda _: page(0) + 2),
    "first page": flip(lambda _: page(0) + 24 + 5),
    "a page in the middle": flip(lambda count: page(count // 2) + 24 + 1_000),
    "a frame's header in the middle": flip(lambda count: page(count // 2) + 18),
    "last frame's header": flip(lambda count: page(count - 1) + 6),
    "last page": flip(lambda count: page(count) - 1),
    "cut off to nothing": truncate(lambda _: 0),
    "cut off in the header": truncate(lambda _: 20),
    "cut off in the middle": truncate(lambda count: page(count // 2)),
    "cut off before its last byte": truncate(lambda count: page(count) - 1),
    "removed": Path.unlink,
}


def content_of(directory: Path) -> dict[str, bytes]:
    """All files that are not empty, but the database, into which whatever is whole of its log may be copied."""
    paths = [path for path in directory.rglob("*") if path.is_file() and path.name != "facts.sqlite3"]
    return {path.name: content for path in paths if (content := path.read_bytes())}


@pytest.mark.parametrize("save_at", [0, 30])
def test_a_damaged_log_is_told(tmp_path: Path, save_at: int) -> None:
    """Wherever a bit of it is flipped, it is cut off or gone: opening names what is lost, and leaves all as it is.

    Unharmed it gives everything. Before a checkpoint of the facts and after one.
    """
    killed(tmp_path / "killed", save_at=save_at)
    for name, harm in HARMS.items():
        directory = tmp_path / name
        shutil.copytree(tmp_path / "killed", directory)
        harm(directory / LOG)
        before = content_of(directory)
        for _ in range(2):
            with pytest.raises(
                FactsDamagedError, match=r"lacks the last \d+ of \d+ commits that .*facts\.mark"
            ) as caught:
                Journal(directory)
            assert content_of(directory) == before, name
        assert caught.value.reason is ErrorReason.STORE_FAILED
        assert f"{LOG} is damaged or lacking" in caught.value.message
        assert f"or remove {directory}/facts.mark to go on without what is lost" in caught.value.message
    journal = Journal(tmp_path / "killed")
    assert [number for number, _ in journal.replay("main", save_at)] == list(range(save_at + 1, BATCHES + 1))
    assert not journal.was_unguarded
    journal.close()


def test_the_loss_is_accepted_by_removing_the_mark(tmp_path: Path) -> None:
    """What is left is opened, which is said, and guarded from then on."""
    killed(tmp_path)
    HARMS["a page in the middle"](tmp_path / LOG)
    with pytest.raises(FactsDamagedError):
        Journal(tmp_path)
    (tmp_path / "facts.mark").unlink()
    journal = Journal(tmp_path)
    assert journal.was_unguarded
    left = [number for number, _ in journal.replay("main", 0)]
    assert left == list(range(1, len(left) + 1))
    assert 10 < len(left) < BATCHES
    journal.close()
    journal = Journal(tmp_path)
    assert not journal.was_unguarded
    journal.close()


def test_a_log_that_was_half_copied_is_needed(tmp_path: Path) -> None:
    """On a disk that takes no more, closing leaves the log. With it all is there; without, that is told.

    The file has the count of commits then, and not all that was committed.
    """
    child, pipe = start_child(copy_half_and_die, tmp_path)
    assert pipe.recv() == (0, True, True)
    child.join(60)
    log = (tmp_path / LOG).read_bytes()
    for harmed in (b"", bytes([log[0] ^ 1]) + log[1:]):
        (tmp_path / LOG).write_bytes(harmed)
        with pytest.raises(FactsDamagedError, match="may have parts of commits: its write-ahead log"):
            Journal(tmp_path)
    (tmp_path / LOG).write_bytes(log)
    for _ in range(2):
        journal = Journal(tmp_path)
        assert [number for number, _ in journal.replay("main", 10)] == list(range(11, 21))
        journal.close()


def test_a_database_that_is_gone_is_told(tmp_path: Path) -> None:
    """Also where no checkpoint was ever made, so that only the mark knows of it; nothing is begun anew."""
    journal = Journal(tmp_path)
    journal.append([Entry("main", "", WriteOutcome(1), b"payload")])
    journal.close()
    (tmp_path / "facts.sqlite3").unlink()
    with pytest.raises(FactsDamagedError, match=r"facts\.sqlite3 is lacking, of which .*facts\.mark counts \d commits"):
        Journal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["facts.mark"]


def test_a_backup_of_a_moment_is_opened(tmp_path: Path) -> None:
    """What is copied of a stopped server, or killed one, is whole; a mark of later than the database is told."""
    killed(tmp_path / "old", 5)
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    killed_again = Journal(tmp_path / "old")
    killed_again.append([Entry("main", "", WriteOutcome(6), b"payload")])
    killed_again.close()
    for path in ("old", "copy"):
        journal = Journal(tmp_path / path)
        assert len(list(journal.replay("main", 0))) == (6 if path == "old" else 5)
        journal.close()
    shutil.copy(tmp_path / "old" / "facts.mark", tmp_path / "copy")
    with pytest.raises(FactsDamagedError, match="lacks the last"):
        Journal(tmp_path / "copy")


def test_a_mark_that_was_lost_is_made_anew(tmp_path: Path) -> None:
    """Removed, empty or overwritten: the journal is opened with all that it has, and says so once."""
    Journal(tmp_path).close()
    for number, content in enumerate((None, b"", b"x" * 9_000), 1):
        journal = Journal(tmp_path)
        assert not journal.was_unguarded
        journal.append([Entry("main", "", WriteOutcome(number), b"payload")])
        journal.close()
        (tmp_path / "facts.mark").unlink()
        if content is not None:
            (tmp_path / "facts.mark").write_bytes(content)
        journal = Journal(tmp_path)
        assert journal.was_unguarded
        assert len(list(journal.replay("main", 0))) == number
        journal.close()


@pytest.mark.parametrize("name", HARMS)
def test_a_log_that_is_damaged_under_a_running_server_is_told(tmp_path: Path, name: str) -> None:
    """Before a kill makes a loss of it; whole, it is not, whatever was copied of it."""
    journal = Journal(tmp_path)
    assert journal.faults() == ()
    for number in range(1, 9):
        journal.append([Entry("main", f"b{number}", WriteOutcome(number, inserted=1), b"x" * 40_000)])
        assert journal.faults() == ()
    commits = journal._store._file._commits
    HARMS[name](tmp_path / LOG)
    (fault,) = journal.faults()
    assert fault.startswith(f"{tmp_path / LOG} is damaged or lacking: it gives ")
    assert fault.endswith(f" of {commits} commits")


def test_the_log_is_followed_over_copies(tmp_path: Path) -> None:
    """Also where it was begun anew, with older frames behind its own, and where nothing of it is needed."""
    journal = Journal(tmp_path)
    for number in range(1, 500):
        journal.append([Entry("main", "", WriteOutcome(number, inserted=1), b"x" * 90_000)])
        if number % 25 == 0:
            assert journal.faults() == ()
    journal.save("main", 400, {})
    assert journal.faults() == ()
    journal.scrub("main")
    assert journal.faults() == ()
    journal.close()
    journal = Journal(tmp_path)
    assert journal.faults() == ()
    journal.close()


def test_a_mark_that_is_gone_under_a_running_server_is_told(tmp_path: Path) -> None:
    """As what it would have told goes unseen until it is made anew."""
    journal = Journal(tmp_path)
    journal.append([Entry("main", "", WriteOutcome(1), b"payload")])
    (tmp_path / "facts.mark").unlink()
    (fault,) = journal.faults()
    assert fault.startswith(f"{tmp_path}/facts.mark is lacking or damaged, where there were 2: ")
    journal.close()
