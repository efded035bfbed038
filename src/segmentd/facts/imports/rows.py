"""Rows of a file as records: columns typed, expressions evaluated, fields made, wrong rows left out and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.arrow import column_from_arrow
from segmentd.columns.column import Batch
from segmentd.columns.planes import unpack
from segmentd.engine import ComputedValues, Engine
from segmentd.facts.imports.conversion import convert, normalized, one_array, prefixed, type_of, without_spare_digits
from segmentd.facts.imports.mapping import ID
from segmentd.facts.imports.moments import dates_of
from segmentd.facts.imports.planning import Computed, Constant, FilePlan, Given
from segmentd.facts.imports.said_columns import apart
from segmentd.facts.imports.texts import UTC_MOMENT, Values, read_texts
from segmentd.facts.records import Rejection, RowNumbers, Said
from segmentd.schema import STRING, DataType, Kind

Cancelled = Callable[[], bool]
Wrong = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class MappedRows:
    """Records as a table of their fields, the row of the batch that each was, and the rows that are none.

    `said`: by field, which records say it, where not all do.
    """

    table: pa.Table
    rows: RowNumbers
    rejected: tuple[Rejection, ...]
    said: Mapping[str, Said] = field(default_factory=dict)


def map_rows(
    table: pa.Table, plan: FilePlan, engine: Engine, now_us: int, cancelled: Cancelled | None = None
) -> MappedRows:
    """The records of a batch of a file. `now_us`: what `now` means in expressions. Raises EvaluationCancelledError."""
    return _Mapper(table, plan).mapped(engine, now_us, cancelled)


class _Mapper:
    """Collects, step by step, the rows that are wrong; each is told once, for the first reason that is found."""

    def __init__(self, table: pa.Table, plan: FilePlan) -> None:
        self._table, self._plan = table, plan
        self._wrong: Wrong = np.zeros(table.num_rows, dtype=np.bool_)
        self._rejected: list[Rejection] = []
        self._said: dict[str, Said] = {}
        """By column, where not all rows say it."""

    def mapped(self, engine: Engine, now_us: int, cancelled: Cancelled | None) -> MappedRows:
        columns = {name: self._column(name) for name in self._plan.columns}
        computed = self._evaluate(columns, engine, now_us, cancelled)
        fields, said = {}, {}
        for source in self._plan.fields:
            values = self._field(source, columns, computed)
            self._reject(values, source.target.name)
            fields[source.target.name] = values.array
            if isinstance(source, Given) and source.column in self._said and source.target.name != ID:
                said[source.target.name] = self._said[source.column]
        table = pa.table(fields)
        rows = np.flatnonzero(~self._wrong)
        if len(rows) < table.num_rows:
            table = table.take(pa.array(rows))
            said = {name: each[rows] for name, each in said.items()}
        rejected = tuple(sorted(self._rejected, key=lambda rejection: rejection.row))
        return MappedRows(table, rows, rejected, said)

    def _column(self, name: str) -> pa.Array:
        array, said = apart(one_array(self._table.column(name)))
        type_ = self._plan.columns[name]
        if said is not None:
            self._said[name] = said
        if type_of(array.type) != STRING:
            values = without_spare_digits(normalized(array, type_.type, self._plan.reading))
            self._reject(values, name)
            return values.array
        values = read_texts(array.cast(pa.string()), type_, self._plan.reading)
        self._reject(values, name)
        return values.array

    def _field(
        self, field: Given | Constant | Computed, columns: dict[str, pa.Array], computed: dict[str, ComputedValues]
    ) -> Values:
        match field:
            case Given():
                return self._given(field, columns[field.column])
            case Constant():
                return Values(pa.repeat(field.value[0], self._table.num_rows))
            case Computed():
                return self._computed(field, computed[field.target.name])

    def _given(self, field: Given, column: pa.Array) -> Values:
        if not field.prefix:
            return convert(column, field.type.type, field.target, self._plan.reading)
        texts = prefixed(field.prefix, column.cast(pa.string()))
        return convert(texts, STRING, field.target, self._plan.reading)

    def _computed(self, field: Computed, computed: ComputedValues) -> Values:
        if not field.unknown_is_missing:
            unknown = unpack(computed.unknown, self._table.num_rows)
            self._reject(
                Values(None, unknown, "the expression is unknown: a value that it needs is missing or out of range"),
                field.target.name,
            )
        present = unpack(computed.present, self._table.num_rows)
        return convert(
            _array(computed, present, self._plan.reading.day_zone), computed.type, field.target, self._plan.reading
        )

    def _evaluate(
        self, columns: dict[str, pa.Array], engine: Engine, now_us: int, cancelled: Cancelled | None
    ) -> dict[str, ComputedValues]:
        program = self._plan.program
        if program is None:
            return {}
        inputs = {}
        for attribute, column in self._plan.inputs.items():
            spec = program.schema.get(attribute)
            if spec is not None:
                inputs[attribute] = column_from_arrow(spec, columns[column], time_zone=program.schema.time_zone)
        batch = Batch(self._table.num_rows, inputs)
        evaluation = engine.evaluate(program, batch, now_us, planes=False, cancelled=cancelled)
        return {values.id: values for values in evaluation.computed}

    def _reject(self, values: Values, field: str) -> None:
        if values.wrong is None:
            return
        for row in np.flatnonzero(values.wrong & ~self._wrong).tolist():
            self._rejected.append(Rejection(row, field, values.allowed))
        self._wrong |= values.wrong


def _array(computed: ComputedValues, present: npt.NDArray[np.bool_], day_zone: str) -> pa.Array:
    """The values of an expression in the Arrow type that stands for their type, null where there is none."""
    values: Any = computed.values
    match computed.type.kind:
        case Kind.STRING | Kind.LIST:
            return values
        case Kind.BOOL:
            return pa.array(values, pa.bool_(), mask=~present)
        case Kind.DECIMAL:
            return _decimals(values, present, computed.type)
        case Kind.TIMESTAMP:
            return pa.array(values, pa.int64(), mask=~present).cast(UTC_MOMENT)
        case Kind.DATE:
            return dates_of(pa.array(values, pa.int64(), mask=~present).cast(UTC_MOMENT), day_zone)
        case Kind.DOUBLE:
            return pa.array(values, pa.float64(), mask=~present)
        case _:
            return pa.array(values, pa.int64(), mask=~present)


def _decimals(minor: npt.NDArray[np.int64], present: npt.NDArray[np.bool_], type_: DataType) -> pa.Array:
    """Decimals of minor units: the same 128-bit words with a point put in."""
    words = np.empty((len(minor), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = minor, minor >> 63
    bitmap = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(pa.decimal128(38, type_.scale), len(minor), [bitmap, pa.py_buffer(words)])
