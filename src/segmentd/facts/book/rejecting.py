"""Rows of a batch that are not written, each with the first thing that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from segmentd.facts.records import Rejection, RowNumbers

Wrong = npt.NDArray[np.bool_]


class Rejected:
    """The rejected records of a batch. `rows`: which row of the client's batch each record is."""

    def __init__(self, rows: RowNumbers) -> None:
        self._rows = rows
        self._reasons: list[Rejection] = []
        self.wrong: Wrong = np.zeros(len(rows), np.bool_)
        """By record."""

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def add(self, wrong: Wrong, field: str, message: str | Callable[[int], str]) -> None:
        """Reject records that were right so far. `message`: for all, or of a record's place."""
        for place in np.flatnonzero(wrong & ~self.wrong).tolist():
            told = message if isinstance(message, str) else message(place)
            self._reasons.append(Rejection(int(self._rows[place]), field, told))
        self.wrong |= wrong

    def with_others(self, others: tuple[Rejection, ...]) -> tuple[Rejection, ...]:
        """All rejections of the batch, by row."""
        return tuple(sorted((*others, *self._reasons), key=lambda rejection: rejection.row))

    @property
    def right(self) -> npt.NDArray[np.int64]:
        """The places of the records that are right."""
        return np.flatnonzero(~self.wrong)
