"""Books are put in order by the thread that writes them, while nobody writes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import ClassVar

from tests.facts.ingestion.batches import customers
from tests.facts.ingestion.naive_book import NaiveBook
from tests.facts.ingestion.test_ingestion import opened, write


class SettlingBook(NaiveBook):
    """A naive book that says when it was settled, and at which version."""

    settled: ClassVar[list[int]] = []
    told = threading.Event()

    def settle(self) -> None:
        """Note it."""
        self.settled.append(self.version)
        self.told.set()


def test_books_are_settled_when_nothing_comes(tmp_path: Path) -> None:
    """Once after what was written, by the thread that writes; never a book that nobody wrote."""
    SettlingBook.settled.clear()
    SettlingBook.told.clear()
    with opened(tmp_path, make=SettlingBook) as books:
        for number in range(3):
            write(books, customers({f"c{number}": number}))
        assert SettlingBook.told.wait(60)
        write(books, customers({"c9": 9}))
    assert SettlingBook.settled[0] == 3
    assert len(SettlingBook.settled) <= 2
