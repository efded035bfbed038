"""What a contender is: an engine that holds a scenario's columns and answers questions about its segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.planes import from_bitmap, word_count

Planes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


@unique
class Question(StrEnum):
    """What is asked about all segments at once."""

    COUNTS = "counts"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Answer:
    """Members of each segment: `counts` int64[segments], and who they are, `planes` uint64[segments, words].

    An answer to COUNTS has no planes.
    """

    counts: Counts
    planes: Planes | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way to put a question. `ask` is timed and gives the engine's own result; `read` turns that into an answer."""

    name: str
    ask: Callable[[], Any]
    read: Callable[[Any], Answer]


class Contender(Protocol):
    """An engine, ready to answer from its own resident columns with the threads it was given."""

    @property
    def name(self) -> str:
        """What people call it."""

    def ways(self, question: Question) -> Sequence[Way]:
        """All ways that are worth trying; the fastest is compared."""

    def close(self) -> None:
        """Give back threads and memory."""


def arrow_planes(table: pa.Table) -> Planes:
    """The planes of a table of booleans without nulls, which Arrow keeps as bitmaps as well."""
    planes = np.empty((table.num_columns, word_count(table.num_rows)), np.uint64)
    for plane, column in zip(planes, table.columns, strict=True):
        if column.null_count:
            raise ValueError(f"{column.null_count} rows are neither in nor out")
        bits = pa.concat_arrays(column.chunks)
        plane[:] = from_bitmap(memoryview(bits.buffers()[1]), len(bits), offset=bits.offset)
    return planes
