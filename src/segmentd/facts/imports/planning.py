"""From a mapping and the columns of a file to a plan: which columns are read, and how each field is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from segmentd.api.errors import nearest
from segmentd.columns.headers import attribute_id, unusable
from segmentd.facts.imports.conversion import Target, convert, type_of
from segmentd.facts.imports.errors import MappingError
from segmentd.facts.imports.mapping import ID, ColumnType, FromColumn, FromConstant, FromExpression, RecordMapping
from segmentd.facts.imports.texts import Reading
from segmentd.facts.kinds import NEED_IDS, RecordKind
from segmentd.language import Environment, ExpressionError
from segmentd.plan.compile import compile_program
from segmentd.plan.program import Program
from segmentd.schema import STRING, AttributeSpec, Schema, Subject, lower_camel

SOURCE: Final = "source"
"""What expressions call the row of a file."""

_TEXT: Final = Target("", STRING, is_amount=False)
_READS: Final = re.compile(rf"\b{SOURCE}\s*\.\s*([A-Za-z][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Given:
    """A field that a column gives. `type`: the column's."""

    target: Target
    column: str
    type: ColumnType
    prefix: str


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A field that is the same everywhere: an array of one value."""

    target: Target
    value: pa.Array


@dataclass(frozen=True, slots=True)
class Computed:
    """A field that the program computes under its own name."""

    target: Target
    unknown_is_missing: bool


@dataclass(frozen=True, slots=True, eq=False)
class FilePlan:
    """How the rows of one file become records.

    `columns`: those that are read, with the types that their values have or are given. `program` computes the fields of
    expressions from the columns in `inputs`, by attribute id.
    """

    kind: RecordKind
    columns: Mapping[str, ColumnType]
    fields: tuple[Given | Constant | Computed, ...]
    program: Program | None
    inputs: Mapping[str, str]
    reading: Reading
    records: Schema


def plan_file(
    mapping: RecordMapping, kind: RecordKind, records: Schema, columns: Mapping[str, pa.DataType] | None
) -> FilePlan:
    """The plan for a file with these columns; None: each row says what it has. `records`: the kind's schema.

    Raises MappingError.
    """
    return _Planner(mapping, kind, records, columns).plan()


class _Planner:
    """Collects, field by field, the columns that are needed."""

    def __init__(
        self, mapping: RecordMapping, kind: RecordKind, records: Schema, columns: Mapping[str, pa.DataType] | None
    ) -> None:
        self._mapping, self._kind, self._records = mapping, kind, records
        self._known = columns
        self._types = self._typed(columns)
        self._reading = Reading(mapping.time_zone or records.time_zone, records.time_zone, mapping.decimal_point)
        self._source_ids = _source_ids(self._types)
        self._needed: dict[str, ColumnType] = {}

    def plan(self) -> FilePlan:
        self._check_kind()
        expressions: list[tuple[str, FromExpression]] = []
        fields: list[Given | Constant | Computed] = []
        for name, source in self._mapping.fields.items():
            target = self._target(name)
            match source:
                case FromColumn():
                    fields.append(self._given(target, source))
                case FromConstant():
                    fields.append(self._constant(target, source))
                case FromExpression():
                    expressions.append((name, source))
                    fields.append(Computed(target, source.unknown_is_missing))
        program, inputs = self._compile(expressions)
        return FilePlan(self._kind, self._needed, tuple(fields), program, inputs, self._reading, self._records)

    def _check_kind(self) -> None:
        if self._mapping.kind not in (None, self._kind):
            raise MappingError(f"it is for records of kind {self._mapping.kind}, and {self._kind} is to be imported")
        if self._kind in NEED_IDS and ID not in self._mapping.fields:
            raise MappingError(f"the key 'id' is missing: records of kind {self._kind} have ids of their own")

    def _typed(self, columns: Mapping[str, pa.DataType] | None) -> dict[str, ColumnType]:
        declared = self._mapping.types
        if columns is None:
            texts = [source.text for source in self._mapping.fields.values() if isinstance(source, FromExpression)]
            read = {name for text in texts for name in _READS.findall(text)}
            named = {source.column for source in self._mapping.fields.values() if isinstance(source, FromColumn)}
            return {name: declared.get(name, ColumnType()) for name in sorted(read | named | set(declared))}
        own = {name: type_ for name, arrow in columns.items() if (type_ := type_of(arrow)) is not None}
        for name in declared:
            if name not in columns:
                hint = _hint(name, columns) or f"; it has {', '.join(columns)}"
                raise MappingError(f"'types' names the column {name!r}, which the file lacks{hint}")
            if own.get(name) != STRING:
                raise MappingError(f"'types' names the column {name!r}, which is {columns[name]} and not text")
        return {name: declared.get(name, ColumnType(type_)) for name, type_ in own.items()}

    def _target(self, name: str) -> Target:
        if name == ID:
            return Target(ID, STRING, is_amount=False)
        spec = self._records.get(name)
        if spec is None and name in self._records.derived:
            how = self._records.derived[name]
            raise MappingError(f"field {name!r} is {how}, so it cannot be written", self._line(name))
        if spec is None:
            known = [each.id for each in self._records]
            hint = _hint(name, known) or f"; there are {', '.join(known)}"
            raise MappingError(f"records of kind {self._kind} have no field {name!r}{hint}", self._line(name))
        return Target.of(self._kind, spec)

    def _given(self, target: Target, source: FromColumn) -> Given:
        type_ = self._types.get(source.column)
        if type_ is None:
            raise self._lacking(target.name, source.column)
        if not target.takes(type_.type):
            raise self._unfit(target, f"column {source.column!r} is {type_.type}")
        if source.prefix and not (_TEXT.takes(type_.type) and target.takes(STRING)):
            raise self._unfit(target, f"column {source.column!r} is {type_.type}, which takes no prefix")
        self._needed[source.column] = type_
        return Given(target, source.column, type_, source.prefix)

    def _constant(self, target: Target, source: FromConstant) -> Constant:
        values = convert(pa.array([source.text], pa.string()), STRING, target, self._reading)
        if values.wrong is not None:
            raise self._unfit(target, f"{source.text!r} is not allowed: {values.allowed}")
        return Constant(target, values.array)

    def _compile(self, expressions: list[tuple[str, FromExpression]]) -> tuple[Program | None, dict[str, str]]:
        if not expressions:
            return None, {}
        specs = tuple(AttributeSpec(id_, self._types[name].type) for id_, name in self._source_ids.items())
        schema = Schema(Subject.TRANSACTION, specs, self._records.time_zone, named=SOURCE)
        environment = Environment(schema)
        trees = []
        for name, source in expressions:
            try:
                compiled = environment.compile(source.text, result=None)
            except ExpressionError as error:
                raise MappingError(f"field {name!r}: {error.message}", self._line(name)) from error
            target = self._target(name)
            if not target.takes(compiled.type):
                raise self._unfit(target, f"the expression's value is {compiled.type}")
            trees.append((name, compiled.tree))
        program = compile_program((), trees, {}, schema)
        inputs = {attribute: self._source_ids[attribute] for attribute in program.attributes}
        self._needed.update({column: self._types[column] for column in inputs.values()})
        return program, inputs

    def _lacking(self, field: str, column: str) -> MappingError:
        if self._known is not None and column in self._known:
            given = self._known[column]
            return MappingError(
                f"field {field!r}: no field can be taken from values of type {given}", self._line(field)
            )
        known = self._known or ()
        hint = _hint(column, known) or f"; it has {', '.join(known)}"
        return MappingError(f"field {field!r}: the file has no column {column!r}{hint}", self._line(field))

    def _unfit(self, target: Target, why: str) -> MappingError:
        type_ = "an amount" if target.is_amount else str(target.type)
        return MappingError(f"field {target.name!r} is {type_}: {why}", self._line(target.name))

    def _line(self, field: str) -> int:
        return self._mapping.lines.get(field, 0)


def _source_ids(columns: Iterable[str]) -> dict[str, str]:
    """The columns that expressions can read, by the id that they read them by; of two that share one, the first."""
    ids: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        id_ = attribute_id(column)
        if not unusable(id_) and lower_camel(id_) not in taken:
            ids[id_] = column
            taken.add(lower_camel(id_))
    return ids


def _hint(name: str, known: Iterable[str]) -> str:
    likely = nearest(name, list(known))
    return f"; did you mean {likely!r}?" if likely else ""
