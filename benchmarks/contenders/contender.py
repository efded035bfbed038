"""What a contender is: an engine that holds a scenario's columns and answers questions about its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.population import Population
from benchmarks.scenario import Scenario
from segmentd.columns.planes import from_bitmap, word_count, zeros

Planes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

PAGE_ROWS: Final = 1 << 20
"""Rows that a page may have at most."""


@unique
class Question(StrEnum):
    """What is asked about all segments at once.

    COUNTS: how many members and how many unknown each has. PLANES: who they are besides, a bit or a boolean a customer
    and segment, in the memory of the process that asks. PAGES: the same in pages of rows in order, each let go before
    the next one is asked for.
    """

    COUNTS = "counts"
    PLANES = "planes"
    PAGES = "pages"


@unique
class Form(StrEnum):
    """What an engine is given: the raw columns, or codes of the ranges that conditions cut them into."""

    NATIVE = "native"
    PREPARED = "prepared"


@dataclass(frozen=True, slots=True)
class Answer:
    """Members and unknown of each segment: int64[segments], and who they are, uint64[segments, words].

    An answer to COUNTS has no planes; `unknowns` is None too where nobody is unknown.
    """

    member_counts: Counts
    unknown_counts: Counts
    members: Planes | None = None
    unknowns: Planes | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way to put a question. `ask` is timed and gives the engine's own result; `read` turns that into an answer.

    To PAGES, `ask` gives an iterator of results in the order of the rows, each of which `read` reads.
    """

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


class Maker(Protocol):
    """The class of a contender."""

    name: str

    def __call__(self, scenario: Scenario, population: Population, threads: int, /) -> Contender:
        """The contender, with the columns and segments in it."""

    def declines(self, scenario: Scenario, question: Question, rows: int) -> str | None:
        """Why it does not take part, or None where it does."""


def arrow_answer(table: pa.Table) -> Answer:
    """The answer in a table with a boolean column a segment, null where unknown, as Arrow keeps them: in bitmaps."""
    shape = (table.num_columns, word_count(table.num_rows))
    members, unknowns = np.empty(shape, np.uint64), None
    for number, column in enumerate(table.columns):
        bits = pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
        members[number] = _plane(bits, 1)
        if bits.null_count:
            unknowns = np.zeros(shape, np.uint64) if unknowns is None else unknowns
            there = _plane(bits, 0)
            members[number] &= there
            unknowns[number] = _plane(pc.is_null(bits), 1)
    return Answer(*count_verdicts(members, unknowns), members, unknowns)


def _plane(bits: pa.BooleanArray, buffer: int) -> npt.NDArray[np.uint64]:
    if len(bits) == 0:
        return zeros(0)
    return from_bitmap(memoryview(bits.buffers()[buffer]), len(bits), offset=bits.offset)


def count_verdicts(members: Planes, unknowns: Planes | None) -> tuple[Counts, Counts]:
    """The ones of each plane."""
    counted: Counts = np.bitwise_count(members).sum(axis=1, dtype=np.int64)
    if unknowns is None:
        return counted, np.zeros(len(members), np.int64)
    return counted, np.bitwise_count(unknowns).sum(axis=1, dtype=np.int64)


def drain(pages: Iterator[Any]) -> None:
    """Ask for every page and let it go."""
    for page in pages:
        del page
