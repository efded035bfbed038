"""A program bound to a batch and a moment: addresses of columns, values of parameters, tables by code.

Kernels read whole words of 64 rows. The rows of the last, partial block are copied into padded buffers, so that they
never read past a column's end; all other rows are read where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.build import first_missing
from segmentd.columns.column import Batch, BoolColumn, FixedColumn
from segmentd.engine.distinct import DistinctTuples, distinct_column, distinct_tuples
from segmentd.engine.encoding import Encoded, encode
from segmentd.engine.errors import RequiredAttributeMissingError
from segmentd.engine.tabulation import Cancelled, Evaluators, Tabulated, TextPool, tabulate, tabulated
from segmentd.engine.zones import transition_table
from segmentd.kernels import opcodes
from segmentd.kernels.compiler import BLOCK_ROWS, BLOCK_WORDS
from segmentd.language.tree import Node
from segmentd.plan.program import Program
from segmentd.plan.sources import AttributeColumn, ColumnSource, ParameterKind, Table, Uniform, ZoneTable
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

_NO_VALUES: Final = np.zeros(BLOCK_ROWS, np.int64)
"""What stands in for an absent column: one block, read again for each block."""
_ALL: Final = np.full(BLOCK_WORDS, ~np.uint64(0), np.uint64)
_NONE: Final = np.zeros(BLOCK_WORDS, np.uint64)


@dataclass(frozen=True, slots=True)
class Source:
    """A column as the kernels read it. `values` of one block only stand for every block (step 0)."""

    values: Array
    element: int
    validity: Array

    def row(self, start_row: int, keep: list[Array], *, copy_rows: int = 0) -> tuple[int, int, int, int, int]:
        """The kernel's row of this column from a row on; with `copy_rows`, of a padded copy of that many rows."""
        values_step = 0 if self.values is _NO_VALUES else self._per_row() * BLOCK_ROWS
        validity_step = 0 if self.validity is _ALL or self.validity is _NONE else BLOCK_WORDS * 8
        validity = self.validity[start_row // 64 :] if validity_step else self.validity
        values = self._from(start_row)
        if copy_rows and values_step:
            values = _padded(values, copy_rows, is_plane=self._is_plane())
        keep += [values, validity]
        return values.ctypes.data, int(values_step), self.element, validity.ctypes.data, validity_step

    def _is_plane(self) -> bool:
        return self.values.dtype == np.uint64

    def _per_row(self) -> float:
        return 1 / 8 if self._is_plane() else self.values.itemsize

    def _from(self, start_row: int) -> Array:
        if self.values is _NO_VALUES:
            return self.values
        return self.values[start_row // 64 if self._is_plane() else start_row :]


def _padded(values: Array, rows: int, *, is_plane: bool) -> Array:
    if is_plane or rows % 64 == 0:
        return values
    padded = np.zeros(-(-rows // 64) * 64, values.dtype)
    padded[:rows] = values[:rows]
    return padded


@dataclass(frozen=True, slots=True)
class Bound:
    """A program with everything it reads in one batch at one moment; runs over any range of its rows."""

    program: Program
    encoded: Encoded
    rows: int
    sources: tuple[Source, ...]
    flags: npt.NDArray[np.uint8]
    ints: npt.NDArray[np.int64]
    doubles: npt.NDArray[np.float64]
    tables: npt.NDArray[np.int64]
    table_arrays: tuple[Array, ...]
    pool: TextPool
    absent: tuple[str, ...]


def bind(
    program: Program, batch: Batch, now_us: int, evaluators: Evaluators, cancelled: Cancelled | None = None
) -> Bound:
    """Bind a program. Raises RequiredAttributeMissingError, DistinctLimitError, EvaluationCancelledError."""
    absent = check_attributes(program, batch)
    if batch.rows >= VARIANT_ROWS and (complete := _complete(program, batch)):
        program = program.for_complete(complete)
    tables = _Tables(program, batch, evaluators, cancelled)
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
    return Bound(
        program=program,
        encoded=encoded,
        rows=batch.rows,
        sources=tuple(tables.source(column) for column in program.columns),
        flags=flags,
        ints=ints,
        doubles=doubles,
        tables=np.array(addresses, np.int64),
        table_arrays=table_arrays,
        pool=tables.pool,
        absent=absent,
    )


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


class _Tables:
    """Evaluates what a program tabulates over one batch, each node and each tuple of columns once."""

    def __init__(self, program: Program, batch: Batch, evaluators: Evaluators, cancelled: Cancelled | None) -> None:
        self.pool = TextPool()
        self._schema: Schema = program.schema
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
            return transition_table(table.zone)[table.offsets]
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
            columns = [distinct_column(self._batch, attribute, self._schema) for attribute in attributes]
            found = self._distinct[attributes] = distinct_tuples(columns)
        return found

    def source(self, column: ColumnSource) -> Source:
        """The column as the kernels read it."""
        if not isinstance(column, AttributeColumn):
            return Source(self.distinct(column.attributes).codes, opcodes.INT32, _ALL)
        found = self._batch.columns.get(column.attribute)
        if found is None:
            return Source(_NO_VALUES, opcodes.INT64, _NONE)
        validity = _ALL if not isinstance(found, FixedColumn | BoolColumn) or found.validity is None else found.validity
        if isinstance(found, BoolColumn):
            return Source(found.values, opcodes.INT64, validity)
        if isinstance(found, FixedColumn):
            return Source(found.values, ELEMENTS[found.values.dtype.str], validity)
        raise TypeError(f"attribute {column.attribute!r} is read as a number and has a column of text")
