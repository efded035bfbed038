"""The rows of a scenario: columns of numbers or of coded text, with or without missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Values = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary:
    """The distinct texts of a column; known by identity, so that what holds of each text can be kept beside it."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """`values[rows]`, of text their places in `dictionary`; `missing[rows]`, or None where every row has a value.

    The values of missing rows mean nothing.
    """

    values: Values
    missing: Bools | None = None
    dictionary: Dictionary | None = None

    def slice(self, start: int, stop: int) -> Column:
        """The rows `start` to `stop`, sharing the values."""
        missing = None if self.missing is None else self.missing[start:stop]
        return Column(self.values[start:stop], missing, self.dictionary)

    def to_arrow(self) -> pa.Array:
        """The column with nulls; text as plain strings."""
        found = pa.array(self.values, mask=self.missing)
        return found if self.dictionary is None else pa.array(self.dictionary.texts, pa.string()).take(found)


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Columns of equal length by id."""

    rows: int
    columns: Mapping[str, Column]

    @property
    def nullable(self) -> frozenset[str]:
        """The columns with missing values."""
        return frozenset(id_ for id_, column in self.columns.items() if column.missing is not None)

    @property
    def nbytes(self) -> int:
        """Bytes of the values, of text of its places; missing values as a bit a row."""
        columns = self.columns.values()
        return sum(column.values.nbytes + (0 if column.missing is None else self.rows // 8) for column in columns)

    def slice(self, start: int, stop: int) -> Population:
        """The rows `start` to `stop`, sharing the values."""
        stop = min(stop, self.rows)
        return Population(stop - start, {id_: column.slice(start, stop) for id_, column in self.columns.items()})

    def to_arrow(self) -> pa.Table:
        """All columns; text as plain strings."""
        return pa.table({id_: column.to_arrow() for id_, column in self.columns.items()})
