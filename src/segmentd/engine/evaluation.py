"""What an evaluation gives: counts, planes and the values of computed attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import Plane
from segmentd.schema import DataType

Planes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ComputedValues:
    """The values of a computed attribute, by row.

    bool, int64 (DECIMAL in minor units; TIMESTAMP, DATE and DURATION in microseconds) or float64 arrays, or an Arrow
    array of strings or lists. Where `present` is 0 they mean nothing; `unknown` is 1 where the expression failed, and a
    row that is neither is missing.
    """

    id: str
    type: DataType
    values: Any
    present: Plane
    unknown: Plane


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer for a range of rows, by the segments of the program.

    `member_counts` and `unknown_counts` int64[segments]; `members` and `unknowns` uint64[segments, words], a bit a row
    from the first of the range, or None if only counts were asked for. `absent`: nullable attributes that were read and
    have no column.
    """

    rows: int
    member_counts: npt.NDArray[np.int64]
    unknown_counts: npt.NDArray[np.int64]
    members: Planes | None
    unknowns: Planes | None
    computed: tuple[ComputedValues, ...]
    absent: tuple[str, ...]
