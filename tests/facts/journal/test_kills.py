"""A process that writes is killed at random moments: what it acknowledged is there, once, and nothing is half there."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import settings

from segmentd.facts.books import Books
from tests.facts.book.comparing import assert_same
from tests.facts.book.model import NaiveBook
from tests.facts.journal.writing import IN_FLIGHT, Words, given, work
from tests.storage.children import start_child

SOAKING = settings.get_current_profile_name() == "soak"
KILLS = 1_000 if SOAKING else 100

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]

Told = list[tuple[int, int]]
"""Numbers of batches that were acknowledged, and the versions that the acknowledgements said."""


def kill_after(directory: Path, start: int, acknowledged: int, chance: random.Random) -> Told:
    """Run the work, kill it some time after it told so many numbers, and return all that it told."""
    child, pipe = start_child(work, directory, start)
    told: Told = [pipe.recv() for _ in range(acknowledged)]
    # From while it opens until some batches later, at no particular point of one.
    pipe.poll(chance.uniform(0, 0.02 if acknowledged else 0.2))
    child.kill()
    child.join(60)
    try:
        while pipe.poll():
            told.append(pipe.recv())
    except EOFError:
        pass
    return told


class Twin:
    """What the ledger holds after so many batches, and the version that each of them made."""

    def __init__(self) -> None:
        self.naive = NaiveBook()
        self.versions = [0]

    @property
    def written(self) -> int:
        """The number of the last batch."""
        return len(self.versions) - 1

    def write(self) -> None:
        """Write the next batch."""
        outcome = self.naive.write(given(self.written + 1))
        changed = outcome.inserted + outcome.updated + outcome.deleted > 0
        self.versions.append(self.versions[-1] + changed)


def compare(directory: Path, twin: Twin, last: int) -> None:
    """Open the ledger, and see that it is what its twin will have been after the last batch or a few more."""
    books = Books(directory, Words())
    books.open()
    known = twin.written
    while books._journal.outcome("main", f"b{known + 1}"):
        known += 1
    assert max(last, twin.written) <= known <= max(last, twin.written) + IN_FLIGHT
    while twin.written < known:
        twin.write()
    view = books.view("main")
    assert (0 if view is None else view.version) == twin.versions[-1]
    if view is not None:
        assert_same(view, twin.naive.records)
    for number in random.Random(known).sample(range(1, known + 1), min(known, 20)):  # noqa: S311 - some of many
        outcome = books._journal.outcome("main", f"b{number}")
        assert outcome is not None
        assert outcome.version == twin.versions[number]
    assert len(list((directory / "facts").glob("*/*"))) <= 1
    books.close()


def test_acknowledged_batches_survive_kill_9(tmp_path: Path) -> None:
    """After each of a hundred kills: all that was told is there, in order and once, and at most what was on its way.

    Each child resubmits what was on its way when the last one was killed: that is written where it is not there, and
    only there, and told with the version that it made then.
    """
    chance = random.Random(20_260_131)  # noqa: S311 - any points will do
    twin = Twin()
    for _ in range(KILLS):
        start = max(1, twin.written + 1 - IN_FLIGHT)
        told = kill_after(tmp_path, start, chance.choice([0, 1, 5, 20, 45]), chance)
        compare(tmp_path, twin, max((number for number, _ in told), default=0))
        assert all(version == twin.versions[number] for number, version in told)
    assert twin.written > 5 * KILLS
