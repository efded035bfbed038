"""Naive twins of the scoring encoders: sets of (row, segment), a row at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from pyroaring import BitMap

from segmentd.api.v1 import membership_pb2
from segmentd.columns.planes import pack, word_count
from segmentd.scoring.verdicts import Verdicts

ROWS = (0, 1, 7, 8, 9, 63, 64, 65, 200, 4_095, 4_096, 4_097)


@dataclass(frozen=True)
class Case:
    """Truth and ignorance as lists of bools, a list a segment; `ids` or None."""

    rows: int
    row_start: int
    members: list[list[bool]]
    unknowns: list[list[bool]]
    ids: list[str] | None

    @property
    def verdicts(self) -> Verdicts:
        """The case as the engine's planes."""
        return Verdicts(
            tuple(f"segment-{index}" for index in range(len(self.members))),
            self.rows,
            np.array([sum(row) for row in self.members], dtype=np.int64),
            np.array([sum(row) for row in self.unknowns], dtype=np.int64),
            planes_of(self.members, self.rows),
            planes_of(self.unknowns, self.rows),
            self.row_start,
            None if self.ids is None else pa.array(self.ids, pa.string()),
        )


def planes_of(bits: list[list[bool]], rows: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """A plane a list."""
    planes = np.zeros((len(bits), word_count(rows)), dtype=np.uint64)
    for index, row_bits in enumerate(bits):
        planes[index] = pack(np.array(row_bits, dtype=np.bool_))
    return planes


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Random planes over row counts around words and blocks, sparse and dense ones among them."""
    rows = draw(st.sampled_from(ROWS))
    segments = draw(st.integers(0, 5))
    random = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    truth = [random.random(rows) for _ in range(segments)]
    bounds = [draw(st.sampled_from([(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.3, 0.5), (0.01, 0.02)])) for _ in truth]
    members = [(values < low).tolist() for values, (low, _) in zip(truth, bounds, strict=True)]
    unknowns = [((values >= low) & (values < high)).tolist() for values, (low, high) in zip(truth, bounds, strict=True)]
    ids = [f"č{row}" * (row % 3) for row in range(rows)] if draw(st.booleans()) else None
    return Case(rows, draw(st.sampled_from([0, 64, 70_000])), members, unknowns, ids)


Decoded = tuple[list[set[int]], list[set[int]]]
"""Members and unknowns of each segment, as row numbers of the data version."""


def expected(case: Case) -> Decoded:
    """What every form has to say."""
    return _rows(case, case.members), _rows(case, case.unknowns)


def _rows(case: Case, bits: list[list[bool]]) -> list[set[int]]:
    return [{row + case.row_start for row, bit in enumerate(row_bits) if bit} for row_bits in bits]


def decode_planes(answer: membership_pb2.Memberships) -> Decoded:
    """Bit by bit, as `Planes` says."""

    def rows(bitmap: bytes) -> set[int]:
        return {answer.row_start + i for i in range(8 * len(bitmap)) if bitmap[i // 8] >> (i % 8) & 1}

    planes = [segment.planes for segment in answer.segments]
    return [rows(plane.members) for plane in planes], [rows(plane.unknowns) for plane in planes]


def decode_bitmaps(answer: membership_pb2.Memberships) -> Decoded:
    """By the Roaring library; absent unknowns are nobody."""
    bitmaps = [segment.bitmaps for segment in answer.segments]
    members = [set(BitMap.deserialize(bitmap.members)) for bitmap in bitmaps]
    return members, [set(BitMap.deserialize(bitmap.unknowns)) if bitmap.unknowns else set() for bitmap in bitmaps]


def decode_lists(answer: membership_pb2.Memberships) -> Decoded:
    """Entry by entry, as `SubjectLists` says."""

    def rows(ends: list[int], entries: list[int]) -> list[set[int]]:
        segments: list[set[int]] = [set() for _ in answer.segments]
        for row, end in enumerate(ends):
            for entry in entries[ends[row - 1] if row else 0 : end]:
                segments[entry].add(answer.row_start + row)
        return segments

    lists = answer.lists
    members = rows(list(lists.member_ends), list(lists.members))
    return members, rows(list(lists.unknown_ends), list(lists.unknowns))
