"""Books are put in order by the thread that writes them, while nobody writes."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue
from typing import ClassVar

from tests.facts.ingestion.batches import Definitions, customers
from tests.facts.ingestion.naive_book import NaiveBook
from tests.facts.ingestion.test_ingestion import opened, write


class SettlingBook(NaiveBook):
    """A naive book that says at which version it was settled."""

    settled: ClassVar[SimpleQueue[int]] = SimpleQueue()

    def settle(self) -> None:
        """Note it."""
        self.settled.put(self.version)


def test_books_are_settled_when_nothing_comes(tmp_path: Path) -> None:
    """As of the last version at last; when another ledger's book is, one that was not written since is left alone."""
    versions: list[int] = []

    def settled_up_to(version: int) -> None:
        while version not in versions:
            versions.append(SettlingBook.settled.get(timeout=60))

    with opened(tmp_path, Definitions("main", "other"), make=SettlingBook) as books:
        write(books, customers({"a": 1}), "a")
        SettlingBook.settled.get(timeout=60)
        for number in range(2):
            write(books, customers({f"c{number}": number}))
        settled_up_to(3)
        write(books, customers({"c9": 9}))
        settled_up_to(4)
        books.ingestion.submit("other", customers({"c": 1})).result(60)
        settled_up_to(1)
    assert versions.count(4) == 1
    assert SettlingBook.settled.empty()
