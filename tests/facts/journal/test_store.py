"""What the journal keeps, forgets, and refuses to open."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from segmentd.errors import ErrorReason
from segmentd.facts.journal import Entry, FactsDamagedError, Journal
from segmentd.facts.records import Rejection, WriteOutcome
from segmentd.storage import SchemaTooNewError, StoreFailedError

DAY_US = 86_400_000_000


class Clock:
    """A clock that tells what it is set to, in microseconds."""

    def __init__(self) -> None:
        self.now_us = 1_800_000_000_000_000

    def __call__(self) -> int:
        """The moment."""
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    """An open, empty journal."""
    journal = Journal(tmp_path, clock)
    yield journal
    journal.close()


def entry(version: int, payload: bytes | None = b"payload", batch_id: str = "", ledger_id: str = "main") -> Entry:
    """An entry of a batch that inserted as many records as its version says."""
    return Entry(ledger_id, batch_id, WriteOutcome(version, inserted=version), payload)


def tables(number: int) -> dict[str, pa.Table]:
    """Two tables, an empty one and one that holds a number."""
    return {"one": pa.table({"number": [number]}), "two": pa.table({"text": pa.array([], pa.string())})}


def file_names(directory: Path) -> list[str]:
    """All files below the directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_what_was_appended_is_replayed_after_opening_again(tmp_path: Path) -> None:
    """Payloads come back in the order of their versions, those of each ledger apart, from any version on."""
    first = Journal(tmp_path)
    first.append([entry(1, b"a"), entry(1, b"x", ledger_id="other"), entry(2, b"b")])
    first.append([entry(number, b"c") for number in range(3, 60)])
    first.close()
    journal = Journal(tmp_path)
    assert journal.ledgers() == ("main", "other")
    assert list(journal.replay("main", 0)) == [(1, b"a"), (2, b"b"), *((number, b"c") for number in range(3, 60))]
    assert list(journal.replay("main", 58)) == [(59, b"c")]
    assert list(journal.replay("other", 0)) == [(1, b"x")]
    assert journal.pending_bytes("main") == 59
    journal.close()


def test_the_outcome_of_a_batch_is_found_by_its_id(tmp_path: Path) -> None:
    """With counts and rejected rows, said to be repeated, after opening again too; ids belong to their ledger."""
    rejected = (Rejection(3, "account", "there is no account 'ä'"), Rejection(9, "", ""))
    outcome = WriteOutcome(7, 1, 2, 3, 4, rejected)
    journal = Journal(tmp_path)
    journal.append([Entry("main", "import 1", outcome, b"x"), Entry("main", "nothing", WriteOutcome(7), None)])
    journal.close()
    journal = Journal(tmp_path)
    assert journal.outcome("main", "import 1") == WriteOutcome(7, 1, 2, 3, 4, rejected, repeated=True)
    assert journal.outcome("main", "nothing") == WriteOutcome(7, repeated=True)
    assert journal.outcome("main", "import 2") is None
    assert journal.outcome("other", "import 1") is None
    journal.close()


def test_batch_ids_are_kept_for_thirty_days(journal: Journal, clock: Clock) -> None:
    """On the thirtieth day an id is known, after it it is forgotten; what it wrote stays."""
    journal.append([entry(1, batch_id="old")])
    clock.now_us += 10 * DAY_US
    journal.append([entry(2, batch_id="young")])
    clock.now_us += 20 * DAY_US
    journal.forget_old_ids()
    assert journal.outcome("main", "old") is not None
    clock.now_us += 1
    journal.forget_old_ids()
    assert journal.outcome("main", "old") is None
    assert journal.outcome("main", "young") is not None
    assert [version for version, _ in journal.replay("main", 0)] == [1, 2]


def test_a_group_is_kept_whole_or_not_at_all(journal: Journal) -> None:
    """An entry whose version is taken fails the group, and those before it in the group are not there either."""
    journal.append([entry(1)])
    with pytest.raises(StoreFailedError):
        journal.append([entry(2, batch_id="b"), entry(1)])
    assert [version for version, _ in journal.replay("main", 0)] == [1]
    assert journal.outcome("main", "b") is None
    assert journal.pending_bytes("main") == len(b"payload")
    journal.append([entry(2, batch_id="b")])


def test_a_checkpoint_takes_the_place_of_what_it_holds(tmp_path: Path, journal: Journal) -> None:
    """Batches up to its version are deleted, later ones and all ids stay; the checkpoint before it is removed."""
    journal.append([entry(number, b"x" * 100, batch_id=f"b{number}") for number in range(1, 201)])
    journal.save("main", 100, tables(100))
    journal.save("main", 150, tables(150))
    version, found = journal.load("main")
    assert (version, found) == (150, tables(150))
    assert [number for number, _ in journal.replay("main", 150)] == list(range(151, 201))
    assert journal.pending_bytes("main") == 5_000
    assert journal.outcome("main", "b1") == WriteOutcome(1, inserted=1, repeated=True)
    (folder,) = (tmp_path / "facts" / "main").iterdir()
    assert folder.name.startswith("150-")
    facts = [path for path in folder.iterdir() if not path.name.startswith("history")]
    assert journal.checkpoint_bytes("main") == sum(path.stat().st_size for path in facts)


def test_only_the_owner_may_read_what_is_kept(tmp_path: Path, journal: Journal) -> None:
    """Files have mode 0600 and folders 0700."""
    journal.append([entry(1)])
    journal.save("main", 1, tables(1))
    paths = list(tmp_path.rglob("*"))
    assert len(paths) > 5
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_no_byte_is_left_of_what_was_deleted(tmp_path: Path, journal: Journal) -> None:
    """After a checkpoint and scrubbing neither a payload, a batch id, nor what a rejected row was told is found."""
    secret, told, batch_id = b"4711-Erika-Mustermann", "no account 4712-Erika", "for 4713-Erika"
    outcome = WriteOutcome(1, rejected=(Rejection(5, "account", told),))
    journal.append([Entry("main", batch_id, outcome, secret * 1_000)])
    journal.append([entry(2, b"y")])
    assert any(secret in path.read_bytes() for path in tmp_path.iterdir())
    journal.save("main", 2, tables(2))
    journal.scrub("main")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(each in content for each in (secret, told.encode(), batch_id.encode())), path
    repeated = journal.outcome("main", batch_id)
    assert repeated is not None
    assert [(each.row, each.field) for each in repeated.rejected] == [(5, "account")]


def test_what_a_killed_checkpoint_left_is_removed(tmp_path: Path, journal: Journal) -> None:
    """Unfinished folders, and finished ones that nobody named, go; the current one stays."""
    journal.append([entry(1)])
    journal.save("main", 1, tables(1))
    (current,) = (tmp_path / "facts" / "main").iterdir()
    for name in ("2-0badcafe.new", "2-0badcafe"):
        (current.parent / name).mkdir()
        (current.parent / name / "one.arrow").write_bytes(b"half")
    journal.clean("main")
    assert list(current.parent.iterdir()) == [current]


def damage(path: Path) -> None:
    """Flip a bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Cut the last byte off."""
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "words"),
    [(Path.unlink, "is lacking"), (truncate, "has 4.. bytes, and had"), (damage, "is damaged")],
)
def test_a_checkpoint_file_that_is_not_as_it_was_is_named(tmp_path: Path, harm: object, words: str) -> None:
    """Lacking, shorter or changed: the error says which file, what is wrong and what to do; nothing is removed."""
    journal = Journal(tmp_path)
    journal.append([entry(1)])
    journal.save("main", 1, tables(1))
    (path,) = (tmp_path / "facts").rglob("one.arrow")
    assert callable(harm)
    harm(path)
    before = file_names(tmp_path)
    with pytest.raises(FactsDamagedError, match=words) as caught:
        journal.load("main")
    assert caught.value.reason is ErrorReason.STORE_FAILED
    assert caught.value.metadata["path"] == str(path)
    assert "put back the whole data directory" in caught.value.message
    assert file_names(tmp_path) == before
    journal.close()


def test_checkpoints_without_the_file_that_names_them_are_not_begun_anew(tmp_path: Path) -> None:
    """Where facts.sqlite3 is lacking and checkpoints are there, nothing is opened, and nothing removed."""
    journal = Journal(tmp_path)
    journal.append([entry(1)])
    journal.save("main", 1, tables(1))
    journal.close()
    (tmp_path / "facts.sqlite3").unlink()
    before = file_names(tmp_path)
    with pytest.raises(FactsDamagedError, match=r"facts\.sqlite3 is lacking"):
        Journal(tmp_path)
    assert file_names(tmp_path) == before


def change(directory: Path, statement: str) -> None:
    """Change the closed file behind the journal's back."""
    with closing(sqlite3.connect(directory / "facts.sqlite3")) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM payloads WHERE version = 2", "lacks the batches of ledger 'main' after 1"),
        ("UPDATE payloads SET payload = x'00' WHERE version = 2", "has batch 2 of ledger 'main' damaged"),
    ],
)
def test_batches_that_are_lacking_or_changed_are_told(tmp_path: Path, statement: str, words: str) -> None:
    """A replay goes as far as all is right, and then raises instead of leaving something out."""
    journal = Journal(tmp_path)
    journal.append([entry(number) for number in (1, 2, 3)])
    journal.close()
    change(tmp_path, statement)
    journal = Journal(tmp_path)
    replayed = journal.replay("main", 0)
    assert next(replayed) == (1, b"payload")
    with pytest.raises(FactsDamagedError, match=words):
        next(replayed)
    journal.close()


def test_the_file_of_a_later_release_is_refused(tmp_path: Path) -> None:
    """The error says which schema was found, up to which one is known, and to install the later release."""
    Journal(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "facts.sqlite3")) as connection:
        (known,) = connection.execute("PRAGMA user_version").fetchone()
    change(tmp_path, "PRAGMA user_version = 99")
    with pytest.raises(SchemaTooNewError, match="schema 99") as caught:
        Journal(tmp_path)
    assert caught.value.metadata["found"] == "99"
    change(tmp_path, f"PRAGMA user_version = {known}")
    Journal(tmp_path).close()


def test_a_file_that_has_lost_its_content_is_refused(tmp_path: Path) -> None:
    """An empty file is no empty journal: to begin anew in it would hide the loss."""
    (tmp_path / "facts.sqlite3").touch()
    with pytest.raises(StoreFailedError, match="the file is empty"):
        Journal(tmp_path)
    assert (tmp_path / "facts.sqlite3").stat().st_size == 0


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    """Where half of it is lacking, opening fails with its path, and changes nothing."""
    journal = Journal(tmp_path)
    journal.append([entry(number, b"x" * 50_000) for number in range(1, 9)])
    journal.close()
    path = tmp_path / "facts.sqlite3"
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with pytest.raises(StoreFailedError, match=r"facts\.sqlite3 failed.*malformed"):
        Journal(tmp_path)
    assert path.read_bytes() == half


@pytest.mark.parametrize(
    ("content", "words"), [(b"notes, no tables " * 1_000, "not a database"), (b"", "something else")]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """A text, or an SQLite database of another program, is left as it is."""
    path = tmp_path / "facts.sqlite3"
    path.write_bytes(content)
    if not content:
        path.unlink()
        change(tmp_path, "CREATE TABLE notes (note)")
    before = path.read_bytes()
    with pytest.raises(StoreFailedError, match=words):
        Journal(tmp_path)
    if content:
        assert path.read_bytes() == before


def test_a_second_journal_on_the_same_file_is_refused(tmp_path: Path, journal: Journal) -> None:
    """Even where the directory's lock is gone round, the file is locked as long as it is open."""
    journal.append([entry(1)])
    with pytest.raises(StoreFailedError, match="locked"):
        Journal(tmp_path)
    journal.append([entry(2)])
