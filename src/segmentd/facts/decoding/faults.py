"""The rows of a batch that are wrong, each for the first reason that is found, while the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.api.errors import shorten
from segmentd.columns.errors import InvalidValueError
from segmentd.facts.records import Rejection, RowNumbers

Wrong = npt.NDArray[np.bool_]

EXPLAINED: Final = 1_000
"""Rows whose own value is told of one reason: an answer names no more."""

MISSING: Final = "must have a value"


class RowFaults:
    """Which of so many rows are wrong, and why."""

    def __init__(self, rows: int) -> None:
        self.wrong: Wrong = np.zeros(rows, dtype=np.bool_)
        self._rejections: list[Rejection] = []

    @property
    def right(self) -> RowNumbers:
        """The numbers of the rows that are not wrong."""
        return np.flatnonzero(~self.wrong)

    def rejections(self) -> tuple[Rejection, ...]:
        """Why, by row."""
        return tuple(sorted(self._rejections, key=lambda rejection: rejection.row))

    def reject(self, wrong: Wrong, field: str, allowed: str, shown: Callable[[int], object] | None = None) -> None:
        """Add the rows that are not wrong already. `shown`: the value of a row, for the message."""
        rows = np.flatnonzero(wrong & ~self.wrong)
        if len(rows) == 0:
            return
        self._rejections.extend(_explained(rows.tolist(), field, allowed, shown))
        self.wrong[rows] = True

    def reject_values(self, error: InvalidValueError, field: str) -> Wrong:
        """Add the rows of an error, which are returned. Raises the error where it does not tell them."""
        if error.wrong is None:
            raise error
        given: npt.NDArray[Any] | None = error.given
        self.reject(error.wrong, field, error.allowed, None if given is None else lambda row: given[row])
        return error.wrong


def _explained(rows: list[int], field: str, allowed: str, shown: Callable[[int], object] | None) -> Iterator[Rejection]:
    for place, row in enumerate(rows):
        given = f"{shorten(str(shown(row)))} is not allowed: " if shown and place < EXPLAINED else ""
        yield Rejection(row, field, given + allowed)
