"""Verdicts as bytes of the API's messages, without a Python object a subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.members.bitmaps import write_bitmaps
from segmentd.engine.members.extraction import Texts, address, texts_of
from segmentd.engine.members.sets import Grew, Sets
from segmentd.kernels.members import messages as wire

Bytes = npt.NDArray[np.uint8]


@unique
class Details(IntEnum):
    """What is said of a segment beside its counts."""

    NONE = wire.NO_DETAILS
    IDS = wire.TEXTS
    ROWS = wire.ROWS
    PLANES = wire.BITS
    BITMAPS = wire.BLOBS


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """The field `segment` of each segment's message, one after the other, and where each ends; both with addresses."""

    data: Bytes
    ends: npt.NDArray[np.int64]
    data_at: int
    ends_at: int


@lru_cache(maxsize=64)
def segment_names(segments: tuple[str, ...]) -> SegmentNames:
    """The names of segments as fields of their messages."""
    fields = [b"" if not name else b"\x0a" + varint(len(name)) + name for name in (each.encode() for each in segments)]
    ends = np.cumsum([0, *map(len, fields)], dtype=np.int64)
    data = np.frombuffer(b"".join(fields), np.uint8)
    return SegmentNames(data, ends, address(data), address(ends))


def write_memberships(sets: Sets, details: Details, grew: Grew) -> Bytes:
    """The message `Memberships` of the sets, without lists.

    `grew` hears first of what it takes at least, then of the rest.
    """
    writing = _Writing(sets, details, grew)
    return writing.write()


class _Writing:
    """One message: measured, then written."""

    def __init__(self, sets: Sets, details: Details, grew: Grew) -> None:
        least = _least(sets, details)
        grew(least)
        self._sets, self._details = sets, details
        self._texts = Texts(0, 0, 0, ()) if sets.ids is None or details is not Details.IDS else texts_of(sets.ids)
        self._names = segment_names(sets.segments)
        self._sizes = np.zeros((len(sets.segments), 2), np.int64)
        self._bitmaps = write_bitmaps(sets, self._sizes, grew) if details is Details.BITMAPS else _NOTHING
        planes = details in (Details.IDS, Details.ROWS, Details.PLANES)
        self._kept = [np.ascontiguousarray(each) for each in _arrays(sets, with_planes=planes)]
        self._at = _addresses(self._kept)
        self._size: int = wire.measure_memberships(
            int(details),
            self._names.ends_at,
            *self._at,
            sets.rows,
            sets.row_start,
            self._texts.ends,
            self._sizes,
        )
        grew(self._size - least - len(self._bitmaps))

    def write(self) -> Bytes:
        """The message."""
        out = np.empty(self._size, np.uint8)
        wire.write_memberships(
            int(self._details),
            self._names.data_at,
            self._names.ends_at,
            *self._at,
            self._sets.rows,
            self._sets.row_start,
            self._texts.ends,
            self._texts.data if self._details is Details.IDS else address(self._bitmaps),
            self._texts.data_size,
            self._sizes,
            address(out),
            self._size,
        )
        return out


def _addresses(arrays: Sequence[npt.NDArray[Any]]) -> tuple[int, int, int, int]:
    member_counts, unknown_counts, members, unknowns = map(address, arrays)
    return member_counts, unknown_counts, members, unknowns


_NOTHING: Final = np.empty(0, np.uint8)

_LEAST: Final = {Details.IDS: 2, Details.ROWS: 1}
"""Bytes of a member: tag and length of its id, or a number."""


def _least(sets: Sets, details: Details) -> int:
    """What the message takes at least, known from the counts."""
    segments = 2 * len(sets.segments)
    if details is Details.PLANES:
        return segments + len(sets.segments) * (sets.rows // 8)
    return segments + _LEAST.get(details, 0) * int(sets.member_counts.sum() + sets.unknown_counts.sum())


def _arrays(sets: Sets, *, with_planes: bool) -> Sequence[npt.NDArray[Any]]:
    end = len(sets.segments) if with_planes else 0
    return sets.member_counts, sets.unknown_counts, sets.members[:end], sets.unknowns[:end]


def field(number: int, payload: Sequence[Any], *, always: bool = False) -> list[Any]:
    """A field of messages, strings, bytes or packed numbers as buffers to be joined; none if empty, unless `always`."""
    size = sum(memoryview(each).nbytes for each in payload)
    return [varint(number << 3 | 2) + varint(size), *payload] if size or always else []


def varint(value: int) -> bytes:
    """A number from 0 on as protobuf writes it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
