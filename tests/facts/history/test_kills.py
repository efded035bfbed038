"""Wherever a process that writes is killed, the past of every record is whole: nothing of it is lost or doubled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

from segmentd.facts.book.past_values import gone_of, past_values
from segmentd.facts.book.view import View
from segmentd.facts.books import Books
from segmentd.facts.kinds import RecordKind
from segmentd.facts.past_values import OWNERS, PastValues
from tests.facts.book.model import NaiveBook, Record
from tests.facts.history.remembering import KINDS, Memory
from tests.facts.journal.test_kills import kill_after
from tests.facts.journal.writing import IN_FLIGHT, Words, given

SOAKING = settings.get_current_profile_name() == "soak"
KILLS: Final = 300 if SOAKING else 12

pytestmark = [pytest.mark.soak, pytest.mark.timeout(7_200 if SOAKING else 300)]

FIELDS: Final = {"age": RecordKind.CUSTOMER, "balance": RecordKind.ACCOUNT, OWNERS: RecordKind.ACCOUNT}
Pasts = dict[tuple[str, str], list[Any]]
"""All values that a record had in a field, by field and id, each once in a row, the last one its present one."""


class Twin:
    """What the ledger holds after so many batches, and all that its records ever were."""

    def __init__(self) -> None:
        self.naive = NaiveBook()
        self.memory = Memory()
        self.written = 0

    def write(self) -> None:
        """Write the next batch."""
        self.written += 1
        self.naive.write(given(self.written))
        self.memory.note(self.written, self.naive.records)

    def pasts(self) -> Pasts:
        """What the past of every record should be."""
        return {
            (name, id_): once([value_in(record, name) for _, record in versions])
            for name, kind in FIELDS.items()
            for id_, versions in self.memory.versions[kind].items()
        }


def once(values: list[Any]) -> list[Any]:
    """Values without those that equal the one before."""
    return [value for value, _ in groupby(values)]


def value_in(record: Record, name: str) -> Any:
    """A field of a naive record, as files of the past have it."""
    if name != OWNERS:
        return record.get(name)
    pairs = zip(record.get("owners", []), record.get("owner_roles", []), strict=True)
    return [text for pair in pairs for text in pair]


def values_of(books: Books, view: View) -> Iterator[PastValues]:
    """All past values of files and of memory, of each field the earlier first."""
    for values in books.journal.history.read_history("main", -1):
        yield values.up_to(view.past.since_us).without(gone_of(view))
    yield from past_values(view, -1)


def found_pasts(books: Books, view: View, twin: Twin) -> Pasts:
    """What the past of every record is; its present is compared elsewhere."""
    found: Pasts = {key: [] for key in twin.pasts()}
    for values in values_of(books, view):
        for id_, value in zip(values.ids.to_pylist(), values.values.to_pylist(), strict=True):
            if values.name in FIELDS and (values.name, id_) in found:
                found[values.name, id_].append(value)
    now = {kind: twin.naive.records[kind] for kind in KINDS}
    return {(name, id_): once([*past, value_in(now[FIELDS[name]][id_], name)]) for (name, id_), past in found.items()}


def test_the_past_survives_kill_9(tmp_path: Path) -> None:
    """After each kill, opened anew: of every record all values that it had are there, in their order and once."""
    chance = random.Random(20_261_122)  # noqa: S311 - any points will do
    twin = Twin()
    for _ in range(KILLS):
        kill_after(tmp_path, max(1, twin.written + 1 - IN_FLIGHT), chance.choice([5, 20, 60, 90]), chance)
        books = Books(tmp_path, Words())
        books.open()
        while books.journal.outcome("main", f"b{twin.written + 1}"):
            twin.write()
        view = books.view("main")
        assert isinstance(view, View)
        assert found_pasts(books, view, twin) == twin.pasts()
        books.close()
    assert twin.written > 20 * KILLS
    assert books.journal.history.index("main").files
