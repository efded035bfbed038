"""A program bound to a batch and a moment: addresses of columns, values of parameters, tables by code.

Kernels read whole words of 64 rows. Where the last rows do not fill a word, those of the last block are copied, so that
nothing is read past a column's end; all other rows are read where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.build import first_missing
from segmentd.columns.column import Batch, BoolColumn, FixedColumn
from segmentd.engine.encoding import Encoded, encode
from segmentd.engine.errors import RequiredAttributeMissingError
from segmentd.engine.items import FoldedItems, ItemsValues
from segmentd.engine.text.distinct import DistinctTuples, distinct_column, distinct_tuples
from segmentd.engine.text.tabulation import Cancelled, Evaluators, Tabulated, TextPool, tabulate, tabulated
from segmentd.engine.zones import zone_grid
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.kernels.program import opcodes
from segmentd.kernels.program.words import PLANE_BYTES
from segmentd.language.tree import Node
from segmentd.plan.program import Program
from segmentd.plan.sources import (
    CodeColumn,
    ColumnSource,
    ItemsColumn,
    ParameterKind,
    SlicedCodes,
    Table,
    Uniform,
    ZoneTable,
)
from segmentd.schema import Kind, Schema

Array = npt.NDArray[Any]

ELEMENTS: Final = {
    "<f8": opcodes.FLOAT64,
    "<f4": opcodes.FLOAT32,
    "<i8": opcodes.INT64,
    "<i4": opcodes.INT32,
    "<i2": opcodes.INT16,
    "|i1": opcodes.INT8,
}

VARIANT_ROWS: Final = 1 << 18
"""Rows from which it pays to compile a program anew for attributes without missing values: tens of ms, once."""

COMPLETE_ROWS: Final = 1 << 15
"""Rows from which it pays where nothing at all is missing: there is one such variant, so batches do not take turns."""

_NO_VALUES: Final = np.zeros(BLOCK_ROWS, np.int64)
"""What stands in for an absent column: one block, read again for each block."""
_ALL: Final = np.full(BLOCK_WORDS, ~np.uint64(0), np.uint64)
_NONE: Final = np.zeros(BLOCK_WORDS, np.uint64)
_NO_COLUMN: Final = (0, 0, 0, 0, 0)
_PLANE_WORD_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A column as the kernels read it: values, their element type, and the plane of rows that have one.

    `block_bytes` and `word_bytes`: how far the values of the next block and of the next 64 rows are; 0 where one block
    stands for all, as it does for absent columns.
    """

    values: Array
    element: int
    validity: Array
    block_bytes: int
    word_bytes: int

    @property
    def start(self) -> tuple[int, int, int, int, int]:
        """The kernel's row of this column from its first row on."""
        return (
            self.values.ctypes.data,
            self.block_bytes,
            self.element,
            self.validity.ctypes.data,
            self._validity_step * BLOCK_WORDS,
        )

    @property
    def word_steps(self) -> tuple[int, int, int, int, int]:
        """What the kernel's row grows by with each word that is left out."""
        return self.word_bytes, 0, 0, self._validity_step, 0

    @property
    def _validity_step(self) -> int:
        return 0 if self.validity is _ALL or self.validity is _NONE else 8

    def tail(self, rows: int) -> Array | None:
        """A copy of the values of the last, partial block that ends with a whole word; None where it does anyway."""
        if self.word_bytes <= _PLANE_WORD_BYTES:
            return None
        first = rows // BLOCK_ROWS * BLOCK_ROWS
        copied = np.zeros(-(-(rows - first) // 64) * 64, self.values.dtype)
        copied[: rows - first] = self.values[first:]
        return copied


def _fixed_source(values: Array, validity: Array) -> Source:
    size = values.itemsize
    return Source(values, ELEMENTS[values.dtype.str], validity, size * BLOCK_ROWS, size * 64)


@dataclass(frozen=True, slots=True)
class Bound:
    """A program with everything it reads in one batch at one moment; runs over any range of its rows.

    `columns` int64[c, 5]: the kernels' rows from the first row on; `tail_columns` the same, to be used for what ends
    within the last word; `word_steps` int64[c, 5]. `kept`: the arrays whose addresses they hold.
    """

    program: Program
    encoded: Encoded
    rows: int
    columns: npt.NDArray[np.int64]
    tail_columns: npt.NDArray[np.int64]
    word_steps: npt.NDArray[np.int64]
    flags: npt.NDArray[np.uint8]
    ints: npt.NDArray[np.int64]
    doubles: npt.NDArray[np.float64]
    tables: npt.NDArray[np.int64]
    kept: tuple[Array, ...]
    pool: TextPool
    absent: tuple[str, ...]

    def columns_at(self, first_row: int, stop_row: int) -> npt.NDArray[np.int64]:
        """The kernels' rows of all columns from a row on, a multiple of 64; those before `stop_row` are read."""
        within_word = stop_row == self.rows and stop_row % 64 > 0
        block, words = first_row // BLOCK_ROWS, first_row % BLOCK_ROWS // 64
        table = (self.tail_columns if within_word else self.columns) + words * self.word_steps
        table[:, 0] += block * table[:, 1]
        table[:, 3] += block * table[:, 4]
        return table


def program_for(program: Program, batch: Batch) -> Program:
    """The variant of a program for the codes of a batch and for its attributes without missing values."""
    layouts = {key: coding.layout for key, coding in batch.codings.items() if program.reads(coding.attributes)}
    if not layouts and batch.rows < COMPLETE_ROWS:
        return program
    complete = _complete(program, batch)
    if not layouts and batch.rows < VARIANT_ROWS and len(complete) < _nullable_count(program):
        return program
    return program.for_batch(layouts, complete)


def prepare(program: Program, batch: Batch) -> None:
    """Do what binding does once for a program and such columns, some ms, so that no request has to."""
    encode(program_for(program, batch))


def bind(
    program: Program,
    batch: Batch,
    now_us: int,
    evaluators: Evaluators,
    cancelled: Cancelled | None = None,
    items: FoldedItems | None = None,
) -> Bound:
    """Bind a program. `items`: the columns of its macros.

    Raises RequiredAttributeMissingError, DistinctLimitError, EvaluationCancelledError.
    """
    folded = items or FoldedItems()
    absent = (*check_attributes(program, batch), *folded.absent)
    program = program_for(program, batch)
    tables = Tabulations(program.schema, batch, evaluators, cancelled, folded.values)
    encoded = encode(program)
    flags, ints, doubles = encoded.flags.copy(), encoded.ints.copy(), encoded.doubles.copy()
    arrays: dict[ParameterKind, Array] = {
        ParameterKind.FLAGS: flags,
        ParameterKind.INT: ints,
        ParameterKind.POOL: ints,
        ParameterKind.DOUBLE: doubles,
    }
    uniform: dict[Node, Tabulated] = {}
    for place, parameter in zip(encoded.places, program.parameters, strict=True):
        if isinstance(parameter, Uniform):
            if parameter.node not in uniform:
                uniform[parameter.node] = tables.uniform(parameter.node, now_us)
            value = uniform[parameter.node].array(parameter.kind, tables.pool)
            arrays[parameter.kind][place] = value[0]
    table_arrays = tuple(tables.array(table) for table in program.tables)
    addresses = [(array.ctypes.data, len(array)) for array in table_arrays] or [(0, 0)]
    sources = [tables.source(column) for column in program.columns]
    tails = [source.tail(batch.rows) if batch.rows % 64 else None for source in sources]
    columns = np.array([source.start for source in sources] or [_NO_COLUMN], np.int64)
    return Bound(
        program=program,
        encoded=encoded,
        rows=batch.rows,
        columns=columns,
        tail_columns=_with_tails(columns, tails, batch.rows // BLOCK_ROWS),
        word_steps=np.array([source.word_steps for source in sources] or [_NO_COLUMN], np.int64),
        flags=flags,
        ints=ints,
        doubles=doubles,
        tables=np.array(addresses, np.int64),
        kept=(*table_arrays, *_arrays(sources), *(tail for tail in tails if tail is not None)),
        pool=tables.pool,
        absent=absent,
    )


def _with_tails(columns: npt.NDArray[np.int64], tails: Sequence[Array | None], block: int) -> npt.NDArray[np.int64]:
    """The kernels' rows with addresses that lead to the copies, once the blocks before the last have been added."""
    moved = columns.copy()
    for row, tail in zip(moved, tails, strict=False):
        if tail is not None:
            row[0] = tail.ctypes.data - block * row[1]
    return moved


def _arrays(sources: Iterable[Source]) -> Iterator[Array]:
    for source in sources:
        yield source.values
        yield source.validity


def _nullable_count(program: Program) -> int:
    """How many of the attributes that are read may be missing, text apart."""
    specs = [spec for attribute in program.attributes if (spec := program.schema.get(attribute)) is not None]
    return sum(not spec.required and spec.type.kind not in (Kind.STRING, Kind.LIST) for spec in specs)


def _complete(program: Program, batch: Batch) -> frozenset[str]:
    """The nullable attributes that are read and have a value in every row, as far as their columns say so."""
    return frozenset(
        attribute
        for attribute in program.attributes
        if isinstance(column := batch.columns.get(attribute), FixedColumn | BoolColumn)
        and column.validity is None
        and (spec := program.schema.get(attribute)) is not None
        and not spec.required
    )


def check_attributes(program: Program, batch: Batch) -> tuple[str, ...]:
    """The nullable attributes that are read and absent; RequiredAttributeMissingError for a required one."""
    absent = []
    for attribute, readers in program.attributes.items():
        spec = program.schema.get(attribute)
        column = batch.columns.get(attribute)
        required = spec is not None and spec.required
        if column is None:
            if required:
                raise RequiredAttributeMissingError(attribute, readers, None)
            absent.append(attribute)
        elif required and (row := first_missing(column, batch.rows)) is not None:
            raise RequiredAttributeMissingError(attribute, readers, row)
    return tuple(absent)


class Tabulations:
    """Evaluates what programs tabulate over one batch, each node and each tuple of columns once."""

    def __init__(
        self,
        schema: Schema,
        batch: Batch,
        evaluators: Evaluators,
        cancelled: Cancelled | None,
        items: ItemsValues | None = None,
    ) -> None:
        self._items = items or {}
        self.pool = TextPool()
        self._schema = schema
        self._batch = batch
        self._evaluators = evaluators
        self._cancelled = cancelled
        self._distinct: dict[tuple[str, ...], DistinctTuples] = {}
        self._tabulated: dict[Node, Tabulated] = {}

    def uniform(self, node: Node, now_us: int) -> Tabulated:
        """A node without attributes, at the request's `now`."""
        results = self._evaluators.evaluate(node, (), self._schema.time_zone, [()], now_us)
        return tabulated(results, truth=node.type.kind is Kind.BOOL)

    def array(self, table: Table | ZoneTable) -> Array:
        """The array that a table is in the kernels."""
        if isinstance(table, ZoneTable):
            return zone_grid(table.zone)[table.offsets]
        found = self._tabulated.get(table.node)
        if found is None:
            distinct = self.distinct(table.attributes)
            zone = self._schema.time_zone
            found = tabulate(table, distinct, self._evaluators, zone=zone, cancelled=self._cancelled)
            self._tabulated[table.node] = found
        return found.array(table.kind, self.pool)

    def distinct(self, attributes: tuple[str, ...]) -> DistinctTuples:
        """The distinct tuples of some attributes."""
        found = self._distinct.get(attributes)
        if found is None:
            known = self._evaluators.dictionaries.known
            columns = [known(distinct_column(self._batch, attribute, self._schema)) for attribute in attributes]
            found = self._distinct[attributes] = distinct_tuples(columns)
        return found

    def source(self, column: ColumnSource) -> Source:
        """The column as the kernels read it."""
        if isinstance(column, CodeColumn):
            return _fixed_source(self.distinct(column.attributes).codes, _ALL)
        if isinstance(column, SlicedCodes):
            coding = self._batch.codings[column.key]
            return Source(coding.planes, coding.bits, _ALL, coding.bits * PLANE_BYTES, _PLANE_WORD_BYTES)
        found = self._items[column] if isinstance(column, ItemsColumn) else self._batch.columns.get(column.attribute)
        if found is None:
            return Source(_NO_VALUES, opcodes.INT64, _NONE, 0, 0)
        validity = _ALL if not isinstance(found, FixedColumn | BoolColumn) or found.validity is None else found.validity
        if isinstance(found, BoolColumn):
            return Source(found.values, opcodes.INT64, validity, PLANE_BYTES, _PLANE_WORD_BYTES)
        if isinstance(found, FixedColumn):
            return _fixed_source(found.values, validity)
        raise TypeError(f"{column} is read as a number and has a column of text")
