"""Verdicts: who is in each asked segment, and for whom that is unknown, over a range of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.planes import WORD, byte_count, word_count

Planes = npt.NDArray[np.uint64]
"""A plane a segment: `uint64[segments, ceil(rows / 64)]`, the bits past the last row zero."""

Counts = npt.NDArray[np.int64]
"""A count a segment."""

CELLS_AT_ONCE: Final = 1 << 24
"""Bits that are unpacked to bytes at a time: 16 MiB."""


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Counts, and planes where they were asked for, of `rows` rows from `row_start` on.

    `row_start` is 0 for a batch, else the range's first row in the data version. `ids` names the rows of the
    range, or is None.
    """

    segments: tuple[str, ...]
    rows: int
    member_counts: Counts
    unknown_counts: Counts
    members: Planes | None = None
    unknowns: Planes | None = None
    row_start: int = 0
    ids: pa.StringArray | None = None

    def known_planes(self) -> tuple[Planes, Planes]:
        """The planes of members and unknowns; ValueError if only counts were asked for."""
        if self.members is None or self.unknowns is None:
            raise ValueError("the verdicts were evaluated without planes")
        return self.members, self.unknowns

    def plus(self, other: Verdicts) -> Verdicts:
        """The counts over the rows of both."""
        members = self.member_counts + other.member_counts
        return Verdicts(self.segments, self.rows + other.rows, members, self.unknown_counts + other.unknown_counts)

    def cut(self, start: int, stop: int) -> Verdicts:
        """The rows `start` to `stop` of the range, counted anew."""
        if (start, stop) == (0, self.rows):
            return self
        members, unknowns = (cut_planes(planes, start, stop) for planes in self.known_planes())
        ids = None if self.ids is None else self.ids.slice(start, stop - start)
        counts = count_planes(members), count_planes(unknowns)
        return Verdicts(self.segments, stop - start, *counts, members, unknowns, self.row_start + start, ids)


def count_planes(planes: Planes) -> Counts:
    """The number of ones of each plane."""
    counts: Counts = np.bitwise_count(planes).sum(axis=1, dtype=np.int64)
    return counts


def cut_planes(planes: Planes, start: int, stop: int) -> Planes:
    """The bits `start` to `stop` of each plane, moved down to bit 0."""
    words = word_count(stop - start)
    first, shift = divmod(start, WORD)
    cut = np.zeros((planes.shape[0], words), dtype=np.uint64)
    low = planes[:, first : first + words]
    cut[:, : low.shape[1]] = low >> np.uint64(shift)
    if shift:
        high = planes[:, first + 1 : first + 1 + words]
        cut[:, : high.shape[1]] |= high << np.uint64(WORD - shift)
    if words and (stop - start) % WORD:
        cut[:, -1] &= np.uint64((1 << ((stop - start) % WORD)) - 1)
    return cut


def spread_planes(planes: Planes, rows: npt.NDArray[np.int64], total: int) -> Planes:
    """Planes of `total` rows in which row `rows[i]` has the bit of row `i`, and all others zero."""
    spread = np.zeros((planes.shape[0], word_count(total)), dtype=np.uint64)
    for given, target in zip(planes, spread, strict=True):
        bits = np.zeros(total, dtype=np.uint8)
        bits[rows] = np.unpackbits(given.view(np.uint8), count=len(rows), bitorder="little")
        target.view(np.uint8)[: byte_count(total)] = np.packbits(bits, bitorder="little")
    return spread


def rows_of(plane: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The rows whose bit is one, ascending."""
    return np.flatnonzero(np.unpackbits(plane.view(np.uint8), bitorder="little"))


def segments_per_row(planes: Planes, rows: int) -> npt.NDArray[np.int64]:
    """In how many planes each row's bit is one."""
    counts = np.zeros(rows, dtype=np.int64)
    for plane in planes:
        counts += np.unpackbits(plane.view(np.uint8), count=rows, bitorder="little")
    return counts


def transpose(
    planes: Planes, rows: int, *, cells_at_once: int = CELLS_AT_ONCE
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Per row the indices of its planes: where each row's list ends, and the lists one after the other."""
    step = max(cells_at_once // max(len(planes), 1) // WORD, 1) * WORD
    lists = [np.zeros(0, dtype=np.int64)]
    lengths = np.zeros(rows, dtype=np.int64)
    for start in range(0, rows if len(planes) else 0, step):
        stop = min(start + step, rows)
        words = np.ascontiguousarray(planes[:, start // WORD : word_count(stop)])
        bits = np.unpackbits(words.view(np.uint8), axis=1, count=stop - start, bitorder="little")
        row_numbers, indices = np.nonzero(np.ascontiguousarray(bits.T))
        lists.append(indices)
        lengths[start:stop] = np.bincount(row_numbers, minlength=stop - start)
    return np.cumsum(lengths), np.concatenate(lists)
