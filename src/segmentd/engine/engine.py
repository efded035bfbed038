"""Runs programs over batches: blocks of 4,096 rows on a pool of threads that the kernels leave the interpreter to.

Blocks are independent and counts are integers, so results do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.planes import LINE_WORDS, aligned_words, unpack
from segmentd.engine.binding import Bound, bind
from segmentd.engine.coding import Coder
from segmentd.engine.encoding import is_encoded
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.evaluation import ComputedValues, Evaluation, PlaneBuffers
from segmentd.engine.tabulation import Cancelled, Evaluators
from segmentd.engine.zones import is_prepared
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.interpreter import run_blocks
from segmentd.plan.operations import Op, Register
from segmentd.plan.program import ComputedOutput, Program
from segmentd.plan.sources import Table, Uniform, ZoneTable
from segmentd.plan.thresholds import Distinctions
from segmentd.schema import Kind

INLINE_BLOCKS: Final = 4
"""Fewer blocks run on the calling thread: handing over takes longer than they do."""
TASKS_A_THREAD: Final = 4
POLL_S: Final = 0.005
"""How long a running evaluation may not notice that its caller has left."""

_FULL_WORD: Final = ~np.uint64(0)


def estimate_cost_s(program: Program, rows: int) -> float:
    """Seconds that an evaluation takes on one thread, roughly: instructions by rows, and what CEL's runtime is asked.

    What is done once, such as numbering a program's instructions or looking up a time zone's changes, counts until it
    is done.
    """
    tables = sum(isinstance(table, Table) for table in program.tables)
    uniform = len({parameter.node for parameter in program.parameters if isinstance(parameter, Uniform)})
    zones = {table.zone for table in program.tables if isinstance(table, ZoneTable)}
    new = 0.1 * sum(not is_prepared(zone) for zone in zones) + (
        0 if is_encoded(program) else 5e-6 * len(program.instructions)
    )
    each_row = len(program.instructions) * (rows + 64) * 0.3e-9 + tables * min(rows, 4096) * 8e-6
    return 50e-6 + uniform * 25e-6 + each_row + new


@dataclass(frozen=True, slots=True)
class _Range:
    """Blocks that one kernel call runs, of `words` words each; `first_word` is where their results begin."""

    columns: npt.NDArray[np.int64]
    blocks: int
    words: int
    last_word: np.uint64
    first_word: int


@dataclass(slots=True)
class _Target:
    """Where an evaluation's results go."""

    planes: PlaneBuffers
    outputs: tuple[npt.NDArray[Any], ...]
    addresses: npt.NDArray[np.int64]
    cancelled: npt.NDArray[np.uint8]


class Engine:
    """Evaluates programs with `threads` threads; safe to be called from many. Close it, or use it as a context."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="segmentd-engine")
        self._evaluators = Evaluators()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads; running evaluations finish first."""
        self._pool.shutdown()

    def bind(self, program: Program, batch: Batch, now_us: int, *, cancelled: Cancelled | None = None) -> Bound:
        """The program bound to a whole batch, to run over ranges of its rows. `now_us`: microseconds since 1970.

        Raises RequiredAttributeMissingError, DistinctLimitError, EvaluationCancelledError.
        """
        return bind(program, batch, now_us, self._evaluators, cancelled)

    def coded(self, batch: Batch, wanted: Distinctions, *, cancelled: Cancelled | None = None) -> Batch:
        """The batch with codes beside the columns whose values are to be told apart: for what is asked about often.

        Codes of the batch that tell apart enough are kept, all others dropped. Takes some ns a row and column.
        Raises EvaluationCancelledError.
        """
        coder = Coder(batch, wanted)

        def run(task: Callable[[], None]) -> None:
            if cancelled is not None and cancelled():
                raise EvaluationCancelledError
            task()

        list(self._pool.map(run, coder.tasks))
        return coder.coded()

    def evaluate(
        self,
        program: Program,
        batch: Batch,
        now_us: int,
        *,
        planes: bool,
        cancelled: Cancelled | None = None,
    ) -> Evaluation:
        """Bind the program and run it over all rows of the batch. Raises as `bind` and `run` do."""
        bound = self.bind(program, batch, now_us, cancelled=cancelled)
        return self.run(bound, 0, batch.rows, planes=planes, cancelled=cancelled)

    def run(
        self,
        bound: Bound,
        start: int,
        stop: int,
        *,
        planes: bool,
        into: PlaneBuffers | None = None,
        cancelled: Cancelled | None = None,
    ) -> Evaluation:
        """Run over the rows `start` to `stop`; `start` is a multiple of 64. Raises EvaluationCancelledError.

        `into` are planes of this many segments and rows that are written instead of new ones: whoever asks again and
        again spares the first use of memory, which takes longer than the evaluation. After a failure they mean nothing.
        """
        if start % 64 or not 0 <= start <= stop <= bound.rows:
            raise ValueError(f"rows {start} to {stop} are no range of {bound.rows} rows that starts at a word")
        rows = stop - start
        target = _make_target(bound.program, rows, planes=planes, into=into)
        counts = np.zeros((len(bound.program.segments), 2), np.int64)
        tasks = [self._task(bound, part, target) for part in self._parts(bound, start, stop)]
        for counted in self._run_all(tasks, target, cancelled):
            counts += counted
        return Evaluation(
            rows=rows,
            member_counts=counts[:, 0].copy(),
            unknown_counts=counts[:, 1].copy(),
            members=target.planes.members if planes else None,
            unknowns=target.planes.unknowns if planes else None,
            computed=tuple(_computed(output, bound, target, rows) for output in bound.program.computed),
            absent=bound.absent,
        )

    def _parts(self, bound: Bound, start: int, stop: int) -> list[_Range]:
        """The rows as whole blocks, many to a part, and what lies before and after them.

        Blocks are those of the whole batch: codes lie together by block.
        """
        first = min(-(-start // BLOCK_ROWS) * BLOCK_ROWS, stop)
        last = max(stop // BLOCK_ROWS * BLOCK_ROWS, first)
        parts = [_partial(bound, start, first, start)] if start < first else []
        whole = (last - first) // BLOCK_ROWS
        if whole:
            size = whole if whole <= INLINE_BLOCKS else max(1, -(-whole // (self.threads * TASKS_A_THREAD)))
            for block in range(0, whole, size):
                row = first + block * BLOCK_ROWS
                blocks = min(size, whole - block)
                columns = bound.columns_at(row, row + blocks * BLOCK_ROWS)
                parts.append(_Range(columns, blocks, BLOCK_WORDS, _FULL_WORD, (row - start) // 64))
        if last < stop:
            parts.append(_partial(bound, last, stop, start))
        return parts

    def _task(self, bound: Bound, part: _Range, target: _Target) -> Callable[[], npt.NDArray[np.int64]]:
        def run() -> npt.NDArray[np.int64]:
            return _run_part(bound, part, target)

        return run

    def _run_all(
        self,
        tasks: list[Callable[[], npt.NDArray[np.int64]]],
        target: _Target,
        cancelled: Cancelled | None,
    ) -> list[npt.NDArray[np.int64]]:
        if (len(tasks) <= 2 and cancelled is None) or len(tasks) == 1:
            counts = [task() for task in tasks]
        else:
            counts = self._on_pool(tasks, target, cancelled)
        if target.cancelled[0] or (cancelled is not None and cancelled()):
            raise EvaluationCancelledError
        return counts

    def _on_pool(
        self,
        tasks: list[Callable[[], npt.NDArray[np.int64]]],
        target: _Target,
        cancelled: Cancelled | None,
    ) -> list[npt.NDArray[np.int64]]:
        waiting: set[Future[npt.NDArray[np.int64]]] = set()
        futures = [self._pool.submit(task) for task in tasks]
        waiting.update(futures)
        while waiting:
            _, waiting = wait(waiting, timeout=None if cancelled is None else POLL_S)
            if cancelled is not None and waiting and not target.cancelled[0] and cancelled():
                target.cancelled[0] = 1
                waiting = {future for future in waiting if not future.cancel()}  # others' work may be before them
        return [future.result() for future in futures if not future.cancelled()]


def _partial(bound: Bound, first: int, stop: int, start: int) -> _Range:
    """A part of a block."""
    rows = stop - first
    last_word = _FULL_WORD >> np.uint64(-rows % 64)
    return _Range(bound.columns_at(first, stop), 1, -(-rows // 64), last_word, (first - start) // 64)


def _make_target(program: Program, rows: int, *, planes: bool, into: PlaneBuffers | None) -> _Target:
    words = -(-rows // 64)
    outputs = tuple(_output(operation, words) for operation in program.outputs)
    addresses = np.array([output.ctypes.data for output in outputs] or [0], np.int64)
    if into is None or not planes:
        into = PlaneBuffers(len(program.segments), rows if planes else 0)
    into.prepare(len(program.segments), rows if planes else 0, program.undecided)
    return _Target(into, outputs, addresses, np.zeros(1, np.uint8))


def _output(operation: Op, words: int) -> npt.NDArray[Any]:
    if operation is Op.EMIT_PLANE:
        return np.zeros(words, np.uint64)
    return np.zeros(words * 64, np.float64 if operation is Op.EMIT_DOUBLE else np.int64)


def _run_part(bound: Bound, part: _Range, target: _Target) -> npt.NDArray[np.int64]:
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


def _computed(output: ComputedOutput, bound: Bound, target: _Target, rows: int) -> ComputedValues:
    present = target.outputs[output.present]
    values: Any = target.outputs[output.value]
    match output.type.kind:
        case Kind.BOOL:
            values = unpack(values, rows)
        case Kind.STRING | Kind.LIST:
            values = _texts(values[:rows], unpack(present, rows), bound, output)
        case _:
            values = values[:rows]
    return ComputedValues(output.id, output.type, values, present, target.outputs[output.unknown])


def _texts(numbers: npt.NDArray[np.int64], present: npt.NDArray[np.bool_], bound: Bound, output: ComputedOutput) -> Any:
    is_list = output.type.kind is Kind.LIST
    wanted = tuple if is_list else str
    texts = [text if isinstance(text, wanted) else None for text in bound.pool.texts]
    pool = pa.array(texts, pa.list_(pa.string()) if is_list else pa.string())
    return pool.take(pa.array(numbers, mask=~present))
