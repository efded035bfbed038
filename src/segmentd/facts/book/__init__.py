"""A ledger's facts in memory: interned texts, tables with a sorted prefix and a tail, and versions of them."""

from segmentd.facts.book.book import Book
from segmentd.facts.book.view import View

__all__ = ["Book", "View"]
