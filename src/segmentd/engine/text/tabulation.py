"""Tabulated operations: evaluated once per distinct value, by Arrow where it can, else by the official runtime."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.errors import DistinctLimitError, EvaluationCancelledError, TextLimitError
from segmentd.engine.text.dictionaries import Dictionaries
from segmentd.engine.text.distinct import Distinct, DistinctTuples
from segmentd.engine.text.spans import Bounds, Sizes, byte_bounds, byte_sizes, pattern_weight, spans, spans_between
from segmentd.engine.text.vectorised import vectorised
from segmentd.engine.text.weak_cache import WeakCache
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
MAX_KEPT_BYTES: Final = 1 << 28
"""Bytes of tables that are kept; a condition on a column of four million distinct texts takes four of them."""
VALUE_BYTES: Final = 64
"""Bytes of a value as a Python object, roughly."""

TRUE, FALSE, NULL, PRESENT = (np.uint8(1 << bit) for bit in range(4))
"""Flags of a value; the kernels' `TRUE_BIT` to `PRESENT_BIT`. An unknown one has none. FALSE is TRUE and one more."""

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
    """The runtime's prepared forms of parts and what was tabulated, kept for the next request.

    Several threads may use one at once.
    """

    def __init__(self, limit: int = MAX_EVALUATORS, kept_bytes: int = MAX_KEPT_BYTES) -> None:
        self.tabulated: WeakCache[Tabulated] = WeakCache(kept_bytes)
        """What was tabulated for whole dictionaries, by node and zone, for as long as the dictionaries live."""
        self.dictionaries: Final = Dictionaries()
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

    @property
    def nbytes(self) -> int:
        """Bytes in memory, roughly."""
        values = self.values.nbytes if isinstance(self.values, np.ndarray) else VALUE_BYTES * len(self.values)
        return int(self.flags.nbytes + values)

    def take(self, places: npt.NDArray[Any]) -> Tabulated:
        """The flags and values at some places."""
        if isinstance(self.values, np.ndarray):
            return Tabulated(self.flags[places], self.values[places])
        values = [self.values[place] for place in places.tolist()] if len(self.values) else self.values
        return Tabulated(self.flags[places], values)

    def array(self, kind: ParameterKind, pool: TextPool) -> npt.NDArray[Any]:
        """The values as the kernels read them; where there is none, 0."""
        if kind is ParameterKind.FLAGS:
            return self.flags
        dtype = np.float64 if kind is ParameterKind.DOUBLE else np.int64
        if isinstance(self.values, np.ndarray):
            return self.values.astype(dtype, copy=False)
        present = np.flatnonzero(self.flags & PRESENT)
        table = np.zeros(len(self.flags), dtype)
        if kind is ParameterKind.POOL:
            table[present] = [pool.number(self.values[index]) for index in present]
        else:
            table[present] = [self.values[index] for index in present]
        return table


def tabulate(
    table: Table, distinct: DistinctTuples, evaluators: Evaluators, *, zone: str, cancelled: Cancelled | None = None
) -> Tabulated:
    """The table's node for every distinct tuple: uint8 flags[len(distinct)], and values.

    What was found for a column's dictionary is kept for as long as that lives, and read-only.
    Raises DistinctLimitError, TextLimitError, EvaluationCancelledError.
    """
    if len(distinct.columns) > 1:
        return _tabulate(table, distinct, evaluators, zone, cancelled)
    column = distinct.columns[0]
    owner = (column.values if column.whole is None else column.whole,)
    kept = evaluators.tabulated.get(owner, (table.node, zone))
    if kept is not None:
        return kept if column.taken is None else kept.take(column.taken)
    found = _tabulate(table, distinct, evaluators, zone, cancelled)
    if column.whole is None:
        found.flags.flags.writeable = False
        evaluators.tabulated.keep(owner, (table.node, zone), found, found.nbytes)
    return found


def _tabulate(
    table: Table, distinct: DistinctTuples, evaluators: Evaluators, zone: str, cancelled: Cancelled | None
) -> Tabulated:
    weight = pattern_weight(table.node)
    if len(distinct.columns) == 1 and len(distinct) >= MIN_VECTORISED:
        column = distinct.columns[0]
        if vectorised(table.node, column.values.slice(0, 1)) is not None:
            missing = evaluators.evaluate(table.node, table.attributes, zone, [(None,)], None)
            return _vectorised(table, column, weight, missing if column.missing else [], cancelled)
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


def _vectorised(
    table: Table, column: Distinct, weight: int, missing: list[Any], cancelled: Cancelled | None
) -> Tabulated:
    """The node for every value by Arrow, a span at a time; `missing` is what the runtime says of no value."""
    bounds = byte_bounds(column.values)
    if weight > 1:
        _check_sizes(table.attributes[0], np.diff(bounds))
    truth = table.node.type.kind is Kind.BOOL
    last = tabulated(missing, truth=truth)
    flags = np.concatenate((np.full(len(column.values), PRESENT), last.flags))
    values = np.zeros(0 if truth else len(flags), np.int64)
    for start, stop in spans_between(bounds, VECTORISED_ROWS, weight):
        _ask(cancelled)
        found: Any = vectorised(table.node, column.values.slice(start, stop - start))
        array = found.to_numpy(zero_copy_only=False)
        if truth:
            np.subtract(FALSE, array.view(np.uint8), out=flags[start:stop])
        else:
            values[start:stop] = array
    if not truth and PRESENT in last.flags:
        values[-1] = missing[0]
    return Tabulated(flags, () if truth else values)


def _tuple_sizes(table: Table, distinct: DistinctTuples) -> Sizes:
    """The bytes of each part of each distinct tuple, int64[columns, tuples]."""
    rows = []
    for attribute, column, part in zip(table.attributes, distinct.columns, distinct.parts(), strict=True):
        sizes = byte_sizes(column.values)
        _check_sizes(attribute, sizes)
        rows.append(np.append(sizes, 0)[part])
    return np.stack(rows)


def _check_sizes(attribute: str, sizes: Bounds) -> None:
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
    return Tabulated(flags, () if truth else results)


def _flag(result: Any, *, truth: bool) -> np.uint8:
    if result is UNKNOWN:
        return np.uint8(0)
    if result is None:
        return NULL
    if not truth:
        return PRESENT
    return TRUE if result else FALSE
