"""Scenarios as this engine takes them in: a schema, a program of CEL texts, batches of typed columns."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from benchmarks.dialects.cel import cel
from benchmarks.population import Column, Population, Values
from benchmarks.scenario import Scenario
from segmentd.columns.column import Batch, FixedColumn, TextColumn
from segmentd.columns.column import Column as TypedColumn
from segmentd.columns.planes import pack
from segmentd.language import Environment
from segmentd.plan import Program, compile_program
from segmentd.schema import AttributeSpec, DataType, Schema, Subject


def schema_of(scenario: Scenario) -> Schema:
    """The scenario's columns as given attributes, nullable as attributes are unless told otherwise."""
    return Schema(Subject.CUSTOMER, tuple(AttributeSpec(spec.id, spec.type) for spec in scenario.columns))


def program_of(scenario: Scenario) -> Program:
    """One program for all segments of the scenario, compiled from CEL text."""
    schema = schema_of(scenario)
    environment = Environment(schema)
    trees = {segment.id: environment.compile(cel(segment.rule)).tree for segment in scenario.segments}
    return compile_program(list(trees), [], trees, schema)


def batch_of(scenario: Scenario, columns: Mapping[str, Values]) -> Batch:
    """The columns of numbers as the engine reads them, without a copy."""
    rows = len(columns[scenario.columns[0].id])
    return batch_of_population(scenario, Population(rows, {id_: Column(values) for id_, values in columns.items()}))


def batch_of_population(scenario: Scenario, population: Population) -> Batch:
    """The columns as the engine reads them; numbers without a copy."""
    typed = {spec.id: _typed(spec.type, population.columns[spec.id]) for spec in scenario.columns}
    return Batch(population.rows, typed)


def _typed(type_: DataType, column: Column) -> TypedColumn:
    if column.dictionary is None:
        return FixedColumn(type_, column.values, None if column.missing is None else pack(~column.missing))
    codes = column.values
    if column.missing is not None:
        codes = codes.copy()
        codes[column.missing] = len(column.dictionary.texts)
    return TextColumn(codes, pa.array(column.dictionary.texts, pa.string()))
