"""Work on long arrays, cut into pieces, on a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")

PIECE_ROWS: Final = 262_144
"""So many rows are worked on at a time: what is in between takes some megabytes."""

THREADS: Final = min(os.cpu_count() or 1, 4)
"""Rows are moved about no faster by more: memory is what they wait for."""


def each(pieces: Sequence[Piece], work: Callable[[Piece], Result]) -> list[Result]:
    """What became of each piece, in their order; `work` holds Python's lock as little as it can."""
    if len(pieces) < 2:
        return [work(piece) for piece in pieces]
    with ThreadPoolExecutor(THREADS, "segmentd-pieces") as threads:
        return list(threads.map(work, pieces))


def spans(first: int, end: int, rows: int = PIECE_ROWS) -> list[slice]:
    """The rows `first` to before `end`, so many at a time."""
    return [slice(start, min(start + rows, end)) for start in range(first, end, rows)]
