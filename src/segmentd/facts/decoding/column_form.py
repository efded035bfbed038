"""Records that come as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from segmentd.api.v1 import feature_batch_pb2
from segmentd.columns.build import build_column, count_rows
from segmentd.columns.column import Column
from segmentd.columns.errors import InvalidValueError, TypeMismatchError
from segmentd.columns.given import GivenColumn, Numbers
from segmentd.columns.messages import given_columns, placed
from segmentd.columns.planes import Buffer, byte_count
from segmentd.facts.decoding.draft import ROW_LIMIT, Draft, check_values
from segmentd.facts.decoding.faults import RowFaults, Wrong
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.schema import AttributeSpec, Schema


def read_columns(message: feature_batch_pb2.ColumnBatch, kind: RecordKind, schema: Schema, path: str) -> Draft:
    """The records of a message that has a column a field. Raises SegmentdError with the field at fault."""
    with placed(message, path):
        given = given_columns(message, schema, ROW_LIMIT, path)
        _refuse_major_units(given, schema)
        rows = count_rows(given, len(message.ids), message.row_count)
        ROW_LIMIT.check(rows)
        check_values(rows, len(given))
        faults = RowFaults(rows)
        columns = {column.attribute: build(column, schema, faults) for column in given}
    ids = pa.array(message.ids, pa.string()) if message.ids else pa.array([""] * rows, pa.string())
    return Draft(kind, schema, path, columns, ids, faults, has_ids=bool(message.ids))


def build(given: GivenColumn, schema: Schema, faults: RowFaults) -> Column:
    """The column of a field; its wrong values are rejected. Raises ColumnErrors for what else is wrong with it."""
    spec, rows = specified(schema, given.attribute), len(faults.wrong)
    validity = given.validity
    # Once for each thing that values of a type can be wrong in: a row that is rejected is missing from then on.
    while True:
        try:
            return build_column(spec, given.values, validity, rows=rows, time_zone=schema.time_zone)
        except InvalidValueError as error:
            validity = _without(faults.reject_values(error, spec.id), validity, rows)


def specified(schema: Schema, name: str) -> AttributeSpec:
    """The field of a name that the schema is known to have."""
    spec = schema.get(name)
    if spec is None:
        raise ValueError(f"the schema has no {name}")
    return spec


def _without(wrong: Wrong, validity: Buffer, rows: int) -> bytes:
    present = ~wrong
    if len(validity):
        bits = np.frombuffer(validity, dtype=np.uint8, count=byte_count(rows))
        present &= np.unpackbits(bits, count=rows, bitorder="little").view(np.bool_)
    return np.packbits(present, bitorder="little").tobytes()


def _refuse_major_units(given: Sequence[GivenColumn], schema: Schema) -> None:
    """Columns have amounts as whole numbers, of minor units, alone."""
    for column in given:
        if (
            specified(schema, column.attribute).type == AMOUNT
            and isinstance(column.values, Numbers)
            and column.values.values.dtype.kind == "f"
        ):
            raise TypeMismatchError(column.attribute, given="doubles", expected="whole minor units")
