"""Tabulated operations: evaluated once per distinct value, by Arrow where it can, else by the official runtime."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.distinct import Distinct, DistinctTuples
from segmentd.engine.errors import DistinctLimitError, EvaluationCancelledError, TextLimitError
from segmentd.engine.spans import Sizes, byte_sizes, pattern_weight, spans
from segmentd.engine.vectorised import vectorised
from segmentd.language.runtime import UNKNOWN, SubtreeEvaluator
from segmentd.language.text_size import text_bound
from segmentd.language.tree import Node, Value
from segmentd.plan.sources import ParameterKind, Table
from segmentd.schema import Kind

MAX_DISTINCT: Final = 1_048_576
"""Distinct tuples that the official runtime is asked for, at some seconds a million."""
MIN_VECTORISED: Final = 256
"""Distinct values below which the official runtime is as quick as Arrow, at a few microseconds a value."""
SPAN_ROWS: Final = 512
VECTORISED_ROWS: Final = 1 << 16
MAX_TEXT_BYTES: Final = 1 << 16
"""Bytes of a text or list that an operation without a kernel takes."""
MAX_MADE_BYTES: Final = 1 << 20
"""Bytes of a text that an operation may make on the way."""
MAX_EVALUATORS: Final = 4_096

TRUE, FALSE, NULL, PRESENT = (np.uint8(1 << bit) for bit in range(4))
"""Flags of a value; the kernels' `TRUE_BIT` to `PRESENT_BIT`. An unknown one has none."""

Flags = npt.NDArray[np.uint8]
Cancelled = Callable[[], bool]


@dataclass(slots=True)
class TextPool:
    """The texts and lists that a program's outputs may hold, each with a number."""

    texts: list[Value] = field(default_factory=list)
    _numbers: dict[Value, int] = field(default_factory=dict)

    def number(self, text: Value) -> int:
        """The text's number, a new one if it is new."""
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number


class Evaluators:
    """The runtime's prepared forms of parts, kept for the next request. Several threads may use one at once."""

    def __init__(self, limit: int = MAX_EVALUATORS) -> None:
        self._kept: OrderedDict[tuple[Node, tuple[str, ...], str], SubtreeEvaluator] = OrderedDict()
        self._limit = limit
        self._lock = threading.Lock()

    def evaluate(
        self, node: Node, inputs: tuple[str, ...], zone: str, rows: Sequence[tuple[Value, ...]], now_us: int | None
    ) -> list[Any]:
        """The node's value for each row of inputs."""
        return self._get(node, inputs, zone).evaluate(rows, now_us)

    def _get(self, node: Node, inputs: tuple[str, ...], zone: str) -> SubtreeEvaluator:
        key = (node, inputs, zone)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = SubtreeEvaluator(node, inputs, zone)  # takes a while, so not under the lock: another may make it too
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True)
class Tabulated:
    """A node's flags and, where PRESENT, values: a sequence of the language's values or a NumPy array."""

    flags: Flags
    values: Any

    def array(self, kind: ParameterKind, pool: TextPool) -> npt.NDArray[Any]:
        """The values as the kernels read them; where there is none, 0."""
        if kind is ParameterKind.FLAGS:
            return self.flags
        dtype = np.float64 if kind is ParameterKind.DOUBLE else np.int64
        present = np.flatnonzero(self.flags & PRESENT)
        table = np.zeros(len(self.flags), dtype)
        if isinstance(self.values, np.ndarray):
            table[present] = self.values[present]
        elif kind is ParameterKind.POOL:
            table[present] = [pool.number(self.values[index]) for index in present]
        else:
            table[present] = [self.values[index] for index in present]
        return table


def tabulate(
    table: Table, distinct: DistinctTuples, evaluators: Evaluators, *, zone: str, cancelled: Cancelled | None = None
) -> Tabulated:
    """The table's node for every distinct tuple.

    Raises DistinctLimitError, TextLimitError, EvaluationCancelledError.
    """
    weight = pattern_weight(table.node)
    if len(distinct.columns) == 1 and len(distinct) >= MIN_VECTORISED:
        column = distinct.columns[0]
        quick = _vectorised(table, column, weight, cancelled)
        if quick is not None:
            missing = evaluators.evaluate(table.node, table.attributes, zone, [(None,)], None)
            return _of_arrow(quick, missing if column.missing else [])
    if len(distinct) > MAX_DISTINCT:
        raise DistinctLimitError(table.attributes, len(distinct), MAX_DISTINCT)
    results: list[Any] = []
    sizes = _tuple_sizes(table, distinct)
    for start, stop in spans(sizes.sum(axis=0), SPAN_ROWS, weight):
        _ask(cancelled)
        _check_growth(table, sizes[:, start:stop])
        rows = distinct.to_tuples(start, stop)
        results += evaluators.evaluate(table.node, table.attributes, zone, rows, None)
    return tabulated(results, truth=table.node.type.kind is Kind.BOOL)


def _ask(cancelled: Cancelled | None) -> None:
    if cancelled is not None and cancelled():
        raise EvaluationCancelledError


def _vectorised(table: Table, column: Distinct, weight: int, cancelled: Cancelled | None) -> pa.Array | None:
    """The node for every value by Arrow, a span at a time; None if Arrow has no such operation."""
    if vectorised(table.node, column.values.slice(0, 1)) is None:
        return None
    sizes = byte_sizes(column.values)
    if weight > 1:
        _check_sizes(table.attributes[0], sizes)
    pieces = []
    for start, stop in spans(sizes, VECTORISED_ROWS, weight):
        _ask(cancelled)
        pieces.append(vectorised(table.node, column.values.slice(start, stop - start)))
    return pa.chunked_array(pieces).combine_chunks()


def _tuple_sizes(table: Table, distinct: DistinctTuples) -> Sizes:
    """The bytes of each part of each distinct tuple, int64[columns, tuples]."""
    rows = []
    for attribute, column, part in zip(table.attributes, distinct.columns, distinct.parts, strict=True):
        sizes = byte_sizes(column.values)
        _check_sizes(attribute, sizes)
        rows.append(np.append(sizes, 0)[part])
    return np.stack(rows)


def _check_sizes(attribute: str, sizes: Sizes) -> None:
    if len(sizes) and int(sizes.max()) > MAX_TEXT_BYTES:
        raise TextLimitError((attribute,), int(sizes.max()), MAX_TEXT_BYTES)


def _check_growth(table: Table, sizes: Sizes) -> None:
    """Refuse tuples of which the node could make a text that is too long: `replace` multiplies, `join` adds up."""
    largest = dict(zip(table.attributes, sizes.max(axis=1).tolist(), strict=True))
    if text_bound(table.node, largest) <= MAX_MADE_BYTES:
        return
    for tuple_sizes in sizes.T.tolist():
        made = text_bound(table.node, dict(zip(table.attributes, tuple_sizes, strict=True)))
        if made > MAX_MADE_BYTES:
            raise TextLimitError(table.attributes, made, MAX_MADE_BYTES)


def tabulated(results: list[Any], *, truth: bool) -> Tabulated:
    """Flags and values of what the runtime gave."""
    flags = np.fromiter((_flag(result, truth=truth) for result in results), np.uint8, len(results))
    return Tabulated(flags, results)


def _flag(result: Any, *, truth: bool) -> np.uint8:
    if result is UNKNOWN:
        return np.uint8(0)
    if result is None:
        return NULL
    if not truth:
        return PRESENT
    return TRUE if result else FALSE


def _of_arrow(values: pa.Array, missing: list[Any]) -> Tabulated:
    array = values.to_numpy(zero_copy_only=False)
    last = tabulated(missing, truth=array.dtype == np.bool_)
    if array.dtype == np.bool_:
        return Tabulated(np.concatenate((np.where(array, TRUE, FALSE), last.flags)), ())
    flags = np.concatenate((np.full(len(array), PRESENT), last.flags))
    present = [value if value is not None and value is not UNKNOWN else 0 for value in missing]
    return Tabulated(flags, np.concatenate((array, np.array(present, array.dtype))))
