"""Lines of JSON through a kernel: where the values of flat objects lie, and which lines are something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.requests.texts import Values, join_texts
from segmentd.kernels.facts import json_lines as kernels

_NEWLINE: Final = 10

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Rows of a block of whole lines, the blank ones left out.

    `data`: the block. `plain`: the rows that were read; the others' values are null. `bounds[2, rows]`: where each row
    begins and ends.
    """

    data: npt.NDArray[np.uint8]
    plain: Flags
    bounds: npt.NDArray[np.int32]
    _values: Values

    def texts(self, place: int) -> pa.StringArray:
        """The values of the key at a place, as they are written, strings without quotes; null where there is none."""
        sizes = self._values.sizes[place]
        present = self.plain & (sizes >= 0)
        return join_texts(self.data, Values(self._values.starts[place], np.where(present, sizes, np.int32(0))), present)

    def has(self, place: int) -> Flags:
        """Which of the rows that were read have the key at a place, with a value or with null."""
        return np.asarray(self.plain & (self._values.sizes[place] != kernels.ABSENT))

    def line(self, row: int) -> bytes:
        """The bytes of a row."""
        return self.data[self.bounds[0, row] : self.bounds[1, row]].tobytes()


def read_lines(block: bytes, keys: Sequence[str]) -> Lines:
    """The rows of a block of lines, with the values of some keys."""
    names = [key.encode("utf-8", "surrogatepass") for key in keys]
    joined = np.frombuffer(b"".join(names) or b"\0", np.uint8)
    offsets = np.cumsum([0, *map(len, names)]).astype(np.int32)
    data = np.frombuffer(block, np.uint8)
    most = min(int(np.count_nonzero(data == _NEWLINE)), len(data) // 2) + 1
    starts, sizes = np.zeros((len(keys), most), np.int32), np.empty((len(keys), most), np.int32)
    bounds, plain = np.empty((2, most), np.int32), np.empty(most, np.uint8)
    rows = kernels.read_lines(data, joined, offsets, starts, sizes, bounds, plain)
    values = Values(starts[:, :rows], sizes[:, :rows])
    return Lines(data, plain[:rows].view(np.bool_), bounds[:, :rows], values)


def read_lines_sample() -> None:
    """Load or compile the kernel before a file waits for it."""
    read_lines(b"{}\n", ["id"])
