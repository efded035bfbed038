"""Runs programs over batches: blocks of 4,096 rows on a pool of threads that the kernels leave the interpreter to.

Blocks are independent and counts are integers, so results do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch
from segmentd.columns.planes import unpack
from segmentd.engine.binding import Bound, bind, check_attributes
from segmentd.engine.codes.coder import Coder
from segmentd.engine.encoding import is_encoded
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.engine.evaluation import ComputedValues, Evaluation, PlaneBuffers
from segmentd.engine.items import KEPT_BYTES, Folding, KeptFolds, fold_items
from segmentd.engine.running import Stretch, Target, is_brief, make_target, run_part, stretches
from segmentd.engine.text.tabulation import Cancelled, Evaluators
from segmentd.engine.zones import is_prepared
from segmentd.plan.program import ComputedOutput, Program
from segmentd.plan.sources import Table, Uniform, ZoneTable
from segmentd.plan.thresholds import Distinctions
from segmentd.schema import Kind

POLL_S: Final = 0.005
"""How long a running evaluation may not notice that its caller has left."""

ITEMS_A_ROW: Final = 3
"""Accounts of a customer and owners of an account, at most, of most of them."""


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
    macros = sum(estimate_cost_s(part.program, ITEMS_A_ROW * rows) for part in program.items)
    return 50e-6 + uniform * 25e-6 + each_row + new + macros


class Engine:
    """Evaluates programs with `threads` threads; safe to be called from many. Close it, or use it as a context."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="segmentd-engine")
        self._evaluators = Evaluators()
        self._folds = KeptFolds(KEPT_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the threads; running evaluations finish first."""
        self._pool.shutdown()

    def run_tasks(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run tasks that leave the interpreter to others on the engine's threads; what they return, in order.

        The failure of the first that failed is raised once none runs any more: they write to memory of the caller's.
        """
        if len(tasks) <= 1:
            return [task() for task in tasks]
        futures: list[Future[Any]] = []
        try:
            futures.extend(self._pool.submit(task) for task in tasks)
        finally:
            wait(futures)
        return [future.result() for future in futures]

    def bind(self, program: Program, batch: Batch, now_us: int, *, cancelled: Cancelled | None = None) -> Bound:
        """The program bound to a whole batch, to run over ranges of its rows. `now_us`: microseconds since 1970.

        What its macros say of all rows is computed here, once. Raises RequiredAttributeMissingError,
        DistinctLimitError, EvaluationCancelledError.
        """
        check_attributes(program, batch)

        def evaluate(over: Program, among: Batch) -> Evaluation:
            return self.evaluate(over, among, now_us, planes=True, cancelled=cancelled)

        items = fold_items(program, batch, Folding(evaluate, self.run_tasks, self._folds)) if program.items else None
        return bind(program, batch, now_us, self._evaluators, cancelled, items)

    def coder(self, batch: Batch, wanted: Distinctions, *, cancelled: Cancelled | None = None) -> Coder:
        """What `coded` does, as tasks for threads of the caller's."""
        return Coder(batch, wanted, self._evaluators, cancelled)

    def coded(self, batch: Batch, wanted: Distinctions, *, cancelled: Cancelled | None = None) -> Batch:
        """The batch with codes beside the columns whose values are to be told apart: for what is asked about often.

        Codes of the batch that tell apart enough are kept, all others dropped. Takes some ns a row and column.
        Raises EvaluationCancelledError.
        """
        coder = self.coder(batch, wanted, cancelled=cancelled)

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
        target = make_target(bound.program, rows, planes=planes, into=into)
        counts = np.zeros((len(bound.program.segments), 2), np.int64)
        parts = stretches(bound, start, stop, self.threads)
        tasks = [self._task(bound, part, target) for part in parts]
        brief = is_brief(bound.program, sum(part.blocks for part in parts))
        for counted in self._run_all(tasks, target, cancelled, brief=brief):
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

    def _task(self, bound: Bound, part: Stretch, target: Target) -> Callable[[], npt.NDArray[np.int64]]:
        def run() -> npt.NDArray[np.int64]:
            return run_part(bound, part, target)

        return run

    def _run_all(
        self,
        tasks: list[Callable[[], npt.NDArray[np.int64]]],
        target: Target,
        cancelled: Cancelled | None,
        *,
        brief: bool,
    ) -> list[npt.NDArray[np.int64]]:
        if (len(tasks) <= 2 and cancelled is None) or len(tasks) == 1 or brief:
            counts = [task() for task in tasks]
        else:
            counts = self._on_pool(tasks, target, cancelled)
        if target.cancelled[0] or (cancelled is not None and cancelled()):
            raise EvaluationCancelledError
        return counts

    def _on_pool(
        self,
        tasks: list[Callable[[], npt.NDArray[np.int64]]],
        target: Target,
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


def _computed(output: ComputedOutput, bound: Bound, target: Target, rows: int) -> ComputedValues:
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
