"""Imported where children are forked from: the kernels that a book needs are loaded once, not in every child."""

from __future__ import annotations

from segmentd.facts.book import Book
from tests.facts.book.records import LEDGER
from tests.facts.journal.writing import WORDS, given, record_batch


def _write_and_restore() -> None:
    book = Book(LEDGER)
    for number in range(100):
        book.stage(record_batch(given(number)), WORDS, delete_customers=True)
        book.publish()
    book = Book.restore(LEDGER, book.dump(book.view), book.version)
    book.stage(record_batch(given(100)), WORDS)
    book.undo()


_write_and_restore()
