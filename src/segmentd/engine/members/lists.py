"""Each row's planes, and its id, as fields of protobuf messages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.members.cutting import Planes, tile_of
from segmentd.engine.members.extraction import address, texts_of
from segmentd.kernels.members import messages as wire
from segmentd.kernels.members import transposition

Bytes = npt.NDArray[np.uint8]


def write_lists(planes: Planes, rows: int, ones: int) -> tuple[Bytes, Bytes]:
    """Each row's planes as packed numbers: where its list ends, and the lists one after the other.

    `ones` are those of all planes.
    """
    given = np.ascontiguousarray(planes)
    ends, entries = np.empty(rows * 10 + 8, np.uint8), np.empty(ones * 2 + 8, np.uint8)
    used = transposition.write_lists(address(given), len(given), rows, tile_of(len(given)), ends, entries)
    return ends[: used[0]], entries[: used[1]]


def write_ids(ids: pa.StringArray, tag: int) -> Bytes:
    """All ids as repeated strings with a tag of one byte."""
    texts, rows = texts_of(ids), len(ids)
    everybody = np.full(-(-rows // 64), ~np.uint64(0))
    everybody[-1:] >>= np.uint64(-rows % 64)
    size = wire.measure_strings(address(everybody), rows, texts.ends)
    out = np.empty(size, np.uint8)
    wire.write_strings(address(everybody), rows, tag, texts.ends, texts.data, texts.data_size, address(out), size)
    return out
