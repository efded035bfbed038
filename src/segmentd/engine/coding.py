"""Codes for resident columns: which columns get them, and the work of making them, in parts that threads can share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.coding import MAX_CODES, Coding, Ranges, bit_count, block_count, empty_planes
from segmentd.columns.column import Batch, FixedColumn
from segmentd.columns.planes import popcount
from segmentd.engine.binding import ELEMENTS
from segmentd.kernels.codes import encode_values
from segmentd.plan.thresholds import Distinctions

Task = Callable[[], None]

TASK_BLOCKS: Final = 128
"""Blocks that a task encodes: some milliseconds."""


class Coder:
    """Makes the codings that a batch lacks for what is to be told apart, and keeps those that serve.

    After all `tasks` have run, in any order and on any threads, `coded` is the batch with its codes.
    """

    def __init__(self, batch: Batch, wanted: Distinctions) -> None:
        self._batch = batch
        self._codings: dict[tuple[str, ...], Coding] = {}
        self.tasks: list[Task] = []
        for attribute, cuts in wanted.cuts.items():
            column = batch.columns.get(attribute)
            if isinstance(column, FixedColumn) and cuts:
                self._add_ranges(attribute, column, cuts)

    def coded(self) -> Batch:
        """The batch with the codings that were wanted and pay."""
        return replace(self._batch, codings=self._codings)

    def _add_ranges(self, attribute: str, column: FixedColumn, cuts: frozenset[int | float]) -> None:
        known = self._batch.codings.get((attribute,))
        if known is not None and isinstance(known.layout, Ranges) and cuts <= set(known.layout.cuts):
            self._codings[attribute,] = known
            return
        layout = _ranges(column, cuts)
        if not pays(layout.size, column.values.itemsize):
            return
        coding = Coding(layout, empty_planes(self._batch.rows, layout.size))
        self._codings[attribute,] = coding
        self.tasks += _encoding(column, layout, coding.planes)


def pays(size: int, value_bytes: int) -> bool:
    """Whether so many codes are fewer bits to read than the values: comparing takes time in proportion to both."""
    return size <= MAX_CODES and bit_count(size) < 8 * value_bytes


def bytes_per_row(batch: Batch) -> tuple[float, float]:
    """What a row takes in columns of numbers, and what its codes take beside them."""
    columns = sum(column.values.itemsize for column in batch.columns.values() if isinstance(column, FixedColumn))
    return columns, sum(coding.bits for coding in batch.codings.values()) / 8


def _ranges(column: FixedColumn, cuts: frozenset[int | float]) -> Ranges:
    rows = len(column.values)
    has_missing = column.validity is not None and popcount(column.validity) < rows
    has_nan = column.values.dtype.kind == "f" and bool(np.isnan(column.values).any())
    return Ranges(tuple(sorted(cuts)), has_missing, has_nan)


def _encoding(column: FixedColumn, layout: Ranges, planes: npt.NDArray[np.uint64]) -> Iterator[Task]:
    blocks = block_count(len(column.values))
    levels = len(layout.cuts).bit_length()
    int_cuts, double_cuts = _filled_cuts(layout, levels, is_double=column.values.dtype.kind == "f")
    validity = 0 if column.validity is None else column.validity.ctypes.data
    for first in range(0, blocks, TASK_BLOCKS):
        yield partial(
            encode_values,
            column.values.ctypes.data,
            ELEMENTS[column.values.dtype.str],
            column.values.itemsize,
            validity,
            len(column.values),
            int_cuts,
            double_cuts,
            len(layout.cuts),
            levels,
            layout.first_range,
            first,
            min(first + TASK_BLOCKS, blocks),
            planes,
        )


def _filled_cuts(
    layout: Ranges, levels: int, *, is_double: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The cuts of either kind, the other empty; filled up as the kernel's search wants them."""
    missing = (1 << levels) - 1 - len(layout.cuts)
    if is_double:
        return np.zeros(1, np.int64), np.array((*layout.cuts, *[np.inf] * missing), np.float64)
    return np.array((*layout.cuts, *[2**63 - 1] * missing), np.int64), np.zeros(1, np.float64)
