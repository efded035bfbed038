"""A process that writes is killed at random moments: what it acknowledged is there, once, and nothing is half there."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from segmentd.facts.books import Books
from tests.facts.ingestion.batches import Definitions
from tests.facts.ingestion.naive_book import Facts, NaiveBook, apply
from tests.facts.journal.writing import IN_FLIGHT, batch, work
from tests.storage.children import start_child

SOAKING = settings.get_current_profile_name() == "soak"
KILLS = 1_000 if SOAKING else 100

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]


def kill_after(directory: Path, start: int, acknowledged: int, chance: random.Random) -> int:
    """Run the work, kill it some time after it told so many numbers, and return the last one, or that before all."""
    child, pipe = start_child(work, directory, start)
    for _ in range(acknowledged):
        pipe.recv()
    # From while it opens until some batches later, at no particular point of one.
    pipe.poll(chance.uniform(0, 0.02 if acknowledged else 0.2))
    child.kill()
    child.join(60)
    last = start - 1 + acknowledged
    try:
        while pipe.poll():
            last = pipe.recv()
    except EOFError:
        pass
    return last


def test_acknowledged_batches_survive_kill_9(tmp_path: Path) -> None:
    """After each of a hundred kills: all that was told is there, in order and once, and at most what was on its way.

    Resubmitting what was on its way writes what is not there, and only that.
    """
    chance = random.Random(20_260_131)  # noqa: S311 - any points will do
    facts: Facts = {}
    written = 0
    for _ in range(KILLS):
        start = max(1, written - IN_FLIGHT)
        last = kill_after(tmp_path, start, chance.choice([0, 1, 5, 20, 45]), chance)
        books = Books(tmp_path, Definitions(), make=NaiveBook)
        books.open()
        view: Any = books.view("main")
        version = 0 if view is None else view.version
        assert max(last, written) <= version <= max(last, start - 1, written) + IN_FLIGHT
        for number in range(written + 1, version + 1):
            apply(facts, batch(number))
        assert version == 0 or view.facts == facts
        assert all(books._journal.outcome("main", f"b{number}") for number in range(1, version + 1))
        assert books._journal.outcome("main", f"b{version + 1}") is None
        assert len(list((tmp_path / "facts").glob("*/*"))) <= 1
        books.close()
        written = version
    assert written > 5 * KILLS
