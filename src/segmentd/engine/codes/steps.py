"""How codes are made: of a column's values, of what is tabulated over text, of values and planes that are computed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.columns import coding
from segmentd.columns.coding import MAX_CODES, Coding, Ranges, Truths, bit_count, block_count, empty_planes
from segmentd.columns.column import FixedColumn
from segmentd.columns.planes import popcount
from segmentd.engine.binding import ELEMENTS, Bound, Tabulations
from segmentd.engine.running import run_outputs
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.program import opcodes
from segmentd.kernels.program.codes import MAX_BITS, encode_classes, encode_values
from segmentd.plan.coding import Classes, run_count
from segmentd.plan.operations import Flag, Op, Register, register_of
from segmentd.plan.parts import Part
from segmentd.plan.sources import CodeColumn, Table

Task = Callable[[], None]
Words = npt.NDArray[np.uint64]

TASK_BLOCKS: Final = 64
"""Blocks of a task: a quarter of a million rows, some milliseconds."""

if (coding.BLOCK_ROWS, coding.BLOCK_WORDS) != (BLOCK_ROWS, BLOCK_WORDS):
    raise ImportError("the blocks of codes are not those of the kernels, which would read past their ends")
if bit_count(MAX_CODES) > MAX_BITS:
    raise ImportError("there are codes of more bits than the kernels compare")

MAX_CLASSES: Final = 256
"""Classes of tabulated values that are told apart by codes."""

MAX_CLASS_RUNS: Final = 4
"""Runs of classes that fulfil a condition; one of more is kept as a plane."""

_BITS: Final[Mapping[Flag, int]] = {
    Flag.TRUE: opcodes.TRUE_BIT,
    Flag.FALSE: opcodes.FALSE_BIT,
    Flag.NULL: opcodes.NULL_BIT,
    Flag.PRESENT: opcodes.PRESENT_BIT,
}


class ColumnCoding:
    """The ranges of a column's values."""

    def __init__(self, attribute: str, column: FixedColumn, cuts: tuple[int | float, ...]) -> None:
        rows = len(column.values)
        has_missing = column.validity is not None and popcount(column.validity) < rows
        has_nan = column.values.dtype.kind == "f" and bool(np.isnan(column.values).any())
        self._attribute = attribute
        self.layout: Final = Ranges(cuts, has_missing, has_nan)
        self._planes = empty_planes(rows, self.layout.size)
        validity = 0 if column.validity is None else column.validity.ctypes.data
        encode = _Encoding(self.layout, column.values.dtype.str)
        self._column = column
        self.tasks: Final[list[Task]] = [
            partial(encode, column.values, validity, first, end, self._planes) for first, end in _spans(rows)
        ]

    def made(self) -> dict[Hashable, Coding]:
        """The coding, after its tasks."""
        return {(self._attribute,): Coding((self._attribute,), self.layout, self._planes)}


class _Encoding:
    """The kernel that finds ranges, with what it wants to know of them."""

    def __init__(self, layout: Ranges, dtype: str) -> None:
        self._layout = layout
        self._dtype = dtype
        self._levels = len(layout.cuts).bit_length()
        missing = (1 << self._levels) - 1 - len(layout.cuts)
        self._ints, self._doubles = np.zeros(1, np.int64), np.zeros(1, np.float64)
        if dtype[1] == "f":
            self._doubles = np.array((*layout.cuts, *[np.inf] * missing), np.float64)
        else:
            self._ints = np.array((*layout.cuts, *[2**63 - 1] * missing), np.int64)

    def __call__(self, values: npt.NDArray[np.generic], validity: int, first: int, end: int, planes: Words) -> None:
        """Encode blocks `first` to before `end` of the values."""
        encode_values(
            values.ctypes.data,
            ELEMENTS[self._dtype],
            values.itemsize,
            validity,
            len(values),
            self._ints,
            self._doubles,
            len(self._layout.cuts),
            self._levels,
            self._layout.first_range,
            first,
            end,
            planes,
        )


class Classification:
    """The classes of distinct tuples of values that all conditions about them answer alike.

    At most `planes` conditions, that classes fulfil here and there, are kept as planes of their own.
    """

    def __init__(
        self, work: Tabulations, attributes: tuple[str, ...], asked: AbstractSet[tuple[Table, Flag]], planes: int
    ) -> None:
        self._tabulations = work
        self._attributes = attributes
        self._asked = sorted(asked, key=lambda pair: (repr(pair[0].node), pair[1]))
        self._max_planes = planes
        self._made: dict[Hashable, Coding] = {}
        self.tasks: Final[list[Task]] = [self._make]

    def made(self) -> dict[Hashable, Coding]:
        """The codings, after the task: of the classes, and of conditions that many of them fulfil here and there."""
        return self._made

    def _make(self) -> None:
        codes = self._tabulations.distinct(self._attributes).codes
        truths = np.stack([self._truths(table, flag) for table, flag in self._asked])
        packed = np.ascontiguousarray(np.packbits(truths, axis=0).T)
        _, first, classes = np.unique(
            packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_index=True, return_inverse=True
        )
        sets = {pair: _set_of(truths[row, first]) for row, pair in enumerate(self._asked)}
        scattered = {pair for pair, members in sets.items() if run_count(members) > MAX_CLASS_RUNS}
        if len(first) > MAX_CLASSES:
            scattered = set(sets)
        rows = len(codes)
        layout = Classes(
            len(first) if len(scattered) < len(sets) else 1,
            {pair: members for pair, members in sets.items() if pair not in scattered},
            frozenset(self._asked),
        )
        planes = empty_planes(rows, layout.size)
        encode_classes(classes.astype(np.int64), codes, 0, block_count(rows), planes)
        self._made[self._attributes] = Coding(self._attributes, layout, planes)
        rows_of_scattered = [row for row, pair in enumerate(self._asked) if pair in scattered]
        for row in rows_of_scattered[: self._max_planes]:
            self._keep_plane(*self._asked[row], truths[row], codes)

    def _truths(self, table: Table, flag: Flag) -> npt.NDArray[np.bool_]:
        """Whether the flag is set, by distinct tuple."""
        found: npt.NDArray[np.bool_] = (self._tabulations.array(table) >> _BITS[flag]) & 1 == 1
        return found

    def _keep_plane(
        self, table: Table, flag: Flag, truths: npt.NDArray[np.bool_], codes: npt.NDArray[np.int32]
    ) -> None:
        part = scattered_part(self._attributes, table, flag)
        layout = Truths(is_empty=not truths.any())
        planes = empty_planes(len(codes), layout.size)
        if not layout.is_empty:
            encode_classes(truths.astype(np.int64), codes, 0, block_count(len(codes)), planes)
        self._made[part] = Coding(self._attributes, layout, planes)


def scattered_part(attributes: tuple[str, ...], table: Table, flag: Flag) -> Part:
    """The plane of a condition about tabulated values, as a part."""
    return Part(Op.LOOKUP_BIT, (), (CodeColumn(attributes), table, flag))


def _set_of(truths: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(truths, bitorder="little").tobytes(), "little")


class PartCoding:
    """The ranges of computed values, and planes that are computed: by a program of their own, span by span."""

    def __init__(self, rows: int, parts: Mapping[Part, tuple[int | float, ...]], work: Callable[[], Bound]) -> None:
        self._rows = rows
        self._work = work
        self._bound: Bound | None = None
        self._lock = Lock()
        self._steps = [_step_of(part, cuts, rows) for part, cuts in parts.items()]
        self.tasks: Final[list[Task]] = [partial(self._make, first, end) for first, end in _spans(rows)]

    def made(self) -> dict[Hashable, Coding]:
        """The codings, after the tasks."""
        return {step.part: step.made() for step in self._steps}

    def _make(self, first: int, end: int) -> None:
        stop = min(end * BLOCK_ROWS, self._rows)
        with self._lock:  # the first task binds: text that the parts read is tabulated then
            bound = self._bound = self._bound or self._work()
        outputs = run_outputs(bound, first * BLOCK_ROWS, stop)
        for step, output in zip(self._steps, outputs, strict=True):
            step.take(output, first, stop - first * BLOCK_ROWS)


class _ValueStep:
    """Ranges of one computed value. Where it is missing or failed it is anything; other planes say where."""

    def __init__(self, part: Part, cuts: tuple[int | float, ...], rows: int) -> None:
        self.part: Final = part
        is_double = register_of(part.op) is Register.DOUBLE
        self._layout = Ranges(cuts, has_missing=False, has_nan=is_double)
        self._planes = empty_planes(rows, self._layout.size)
        self._encode = _Encoding(self._layout, "<f8" if is_double else "<i8")

    def take(self, output: npt.NDArray[np.generic], first: int, rows: int) -> None:
        """Encode the values of a span, whose first block is this one."""
        self._encode(output[:rows], 0, 0, block_count(rows), self._planes[first:])

    def made(self) -> Coding:
        """The coding."""
        return Coding(tuple(sorted(self.part.attributes)), self._layout, self._planes)


class _PlaneStep:
    """A plane that is kept, or that it is empty, as planes of failures mostly are."""

    def __init__(self, part: Part, rows: int) -> None:
        self.part: Final = part
        self._rows = rows
        self._planes = empty_planes(rows, 2)
        self._found = False

    def take(self, output: npt.NDArray[np.generic], first: int, rows: int) -> None:
        """Keep the words of a span, whose first block is this one."""
        words = self._planes.reshape(-1)[first * BLOCK_WORDS : (first + block_count(rows)) * BLOCK_WORDS]
        words[: len(output)] = output
        words[len(output) :] = 0
        if output.any():
            self._found = True

    def made(self) -> Coding:
        """The coding."""
        planes = self._planes if self._found else empty_planes(self._rows, 1)
        return Coding(tuple(sorted(self.part.attributes)), Truths(is_empty=not self._found), planes)


def _step_of(part: Part, cuts: tuple[int | float, ...], rows: int) -> _ValueStep | _PlaneStep:
    return _PlaneStep(part, rows) if register_of(part.op) is Register.PLANE else _ValueStep(part, cuts, rows)


def _spans(rows: int) -> Iterator[tuple[int, int]]:
    """The blocks of each task."""
    blocks = block_count(rows)
    for first in range(0, blocks, TASK_BLOCKS):
        yield first, min(first + TASK_BLOCKS, blocks)
