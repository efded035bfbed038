"""Runs bound programs over stretches of blocks: what a thread does, without the threads."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import LINE_WORDS, aligned_words
from segmentd.engine.binding import Bound
from segmentd.engine.evaluation import PlaneBuffers
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.program.interpreter import run_blocks
from segmentd.plan.operations import Op, Register
from segmentd.plan.program import Program

INLINE_BLOCKS: Final = 4
"""Fewer blocks run on the calling thread: handing over takes longer than they do."""
INLINE_STEPS: Final = 16_384
"""As do fewer steps times blocks: about a millisecond, which nothing interrupts, and other threads are seldom free."""
VALUE_STEPS: Final = 20
"""Steps of an instruction on values, of which a block has 64 times as many as words: remainders take 0.3 µs a block, of
calendars and look-ups some take 1 to 5 µs. What works on planes alone is a step."""
TASKS_A_THREAD: Final = 4

_PLANE_OPERATIONS: Final = frozenset(
    {Op.ZEROS, Op.ONES, Op.COLUMN_BITS, Op.VALIDITY, Op.PARAMETER_BIT, Op.AND, Op.OR, Op.AND_NOT, Op.NOT}
    | {Op.CODE_AT_LEAST, Op.EMIT_SEGMENT, Op.EMIT_PLANE}
)
_STEPS: Final[WeakKeyDictionary[Program, int]] = WeakKeyDictionary()
_COUNTING: Final = Lock()
"""Two threads must not change the dictionary at once."""

_FULL_WORD: Final = ~np.uint64(0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Blocks that one kernel call runs, of `words` words each; `first_word` is where their results begin."""

    columns: npt.NDArray[np.int64]
    blocks: int
    words: int
    last_word: np.uint64
    first_word: int


@dataclass(slots=True)
class Target:
    """Where an evaluation's results go."""

    planes: PlaneBuffers
    outputs: tuple[npt.NDArray[Any], ...]
    addresses: npt.NDArray[np.int64]
    cancelled: npt.NDArray[np.uint8]


def stretches(bound: Bound, start: int, stop: int, threads: int) -> list[Stretch]:
    """The rows as whole blocks, as many to a stretch as share the work well, and what lies before and after them.

    Blocks are those of the whole batch: codes lie together by block.
    """
    first = min(-(-start // BLOCK_ROWS) * BLOCK_ROWS, stop)
    last = max(stop // BLOCK_ROWS * BLOCK_ROWS, first)
    parts = [_partial(bound, start, first, start)] if start < first else []
    whole = (last - first) // BLOCK_ROWS
    if whole:
        inline = whole <= INLINE_BLOCKS or is_brief(bound.program, whole)
        size = whole if inline else max(1, -(-whole // (threads * TASKS_A_THREAD)))
        for block in range(0, whole, size):
            row = first + block * BLOCK_ROWS
            blocks = min(size, whole - block)
            columns = bound.columns_at(row, row + blocks * BLOCK_ROWS)
            parts.append(Stretch(columns, blocks, BLOCK_WORDS, _FULL_WORD, (row - start) // 64))
    if last < stop:
        parts.append(_partial(bound, last, stop, start))
    return parts


def is_brief(program: Program, blocks: int) -> bool:
    """Whether so many blocks are no work to be shared."""
    return blocks * steps_of(program) <= INLINE_STEPS


def steps_of(program: Program) -> int:
    """What a block of rows takes, in instructions on planes. Counted once a program."""
    with _COUNTING:
        steps = _STEPS.get(program)
    if steps is None:
        steps = sum(1 if each.op in _PLANE_OPERATIONS else VALUE_STEPS for each in program.instructions)
        with _COUNTING:
            _STEPS[program] = steps
    return steps


def _partial(bound: Bound, first: int, stop: int, start: int) -> Stretch:
    """A stretch within a block."""
    rows = stop - first
    last_word = _FULL_WORD >> np.uint64(-rows % 64)
    return Stretch(bound.columns_at(first, stop), 1, -(-rows // 64), last_word, (first - start) // 64)


def make_target(program: Program, rows: int, *, planes: bool, into: PlaneBuffers | None) -> Target:
    """Where the results over so many rows go: new memory, but for planes that are given. ValueError as of `prepare`."""
    words = -(-rows // 64)
    outputs = tuple(_output(operation, words) for operation in program.outputs)
    addresses = np.array([output.ctypes.data for output in outputs] or [0], np.int64)
    if into is None or not planes:
        into = PlaneBuffers(len(program.segments), rows if planes else 0)
    into.prepare(len(program.segments), rows if planes else 0, program.undecided)
    return Target(into, outputs, addresses, np.zeros(1, np.uint8))


def _output(operation: Op, words: int) -> npt.NDArray[Any]:
    if operation is Op.EMIT_PLANE:
        return np.zeros(words, np.uint64)
    return np.zeros(words * 64, np.float64 if operation is Op.EMIT_DOUBLE else np.int64)


def run_part(bound: Bound, part: Stretch, target: Target) -> npt.NDArray[np.int64]:
    """Run the program over a stretch; the counts of its members and unknowns, int64[segments, 2]."""
    registers = bound.program.registers
    counts = np.zeros((len(bound.program.segments), 2), np.int64)
    run_blocks(
        bound.encoded.code,
        part.columns,
        part.blocks,
        part.words,
        part.last_word,
        part.first_word,
        bound.flags,
        bound.ints,
        bound.doubles,
        bound.tables,
        aligned_words(max(1, registers[Register.PLANE]) * BLOCK_WORDS).reshape(-1, BLOCK_WORDS),
        np.empty((max(1, registers[Register.INT]), BLOCK_ROWS), np.int64),
        np.empty((max(1, registers[Register.DOUBLE]), BLOCK_ROWS), np.float64),
        target.addresses,
        target.planes.members.ctypes.data,
        target.planes.unknowns.ctypes.data,
        target.planes.row_words,
        int(target.planes.is_large and part.first_word % LINE_WORDS == 0),
        counts,
        target.cancelled,
    )
    return counts


def run_outputs(bound: Bound, start: int, stop: int) -> tuple[npt.NDArray[Any], ...]:
    """The outputs of a program over the rows `start` to `stop`, made on the calling thread."""
    target = make_target(bound.program, stop - start, planes=False, into=None)
    for part in stretches(bound, start, stop, threads=1):
        run_part(bound, part, target)
    return target.outputs
