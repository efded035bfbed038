"""Rows of a file that are no rows: noted while it is read, so that the others keep their numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np

from segmentd.facts.records import RowNumbers

MAX_BAD_ROWS: Final = 100_000
"""With more of them a file is not what the mapping says."""


class TooManyBadRowsError(ValueError):
    """Hardly any row of the file can be read."""


class BadRows:
    """The rows that a reader skipped. `good`: those that it gives; both are numbered from 0 in the file together.

    A reader may be ahead of who asks: rows that it adds later never change what was said of earlier ones.
    """

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._good_before: list[int] = []
        self._messages: list[str] = []

    def add(self, row: int, message: str) -> None:
        """Note the next bad row of the file. TooManyBadRowsError."""
        if len(self._rows) >= MAX_BAD_ROWS:
            raise TooManyBadRowsError(f"{MAX_BAD_ROWS} rows cannot be read, the last one because it {message}")
        self._good_before.append(row - len(self._rows))
        self._rows.append(row)
        self._messages.append(message)

    def rows_of_good(self, first: int, count: int) -> RowNumbers:
        """The numbers in the file of the good rows from `first` on."""
        good = np.arange(first, first + count, dtype=np.int64)
        before = np.array(self._good_before[: bisect_right(self._good_before, first + count)], dtype=np.int64)
        return good + np.searchsorted(before, good, side="right")

    def between(self, first: int, stop: int | None) -> list[tuple[int, str]]:
        """Those that lie before or among the good rows `first` to `stop`, or after, where `stop` is None."""
        start = bisect_left(self._good_before, first)
        end = len(self._rows) if stop is None else bisect_left(self._good_before, stop)
        return list(zip(self._rows[start:end], self._messages[start:end], strict=True))
