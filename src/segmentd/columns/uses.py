"""What a file's columns are used as: under which id, or why not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from segmentd.columns.headers import attribute_id, unusable
from segmentd.schema import Schema


@dataclass(frozen=True, slots=True)
class ColumnUses:
    """Columns by header: `renamed` to the id of another spelling, `left_out` for a reason."""

    renamed: Mapping[str, str]
    left_out: Mapping[str, str]


def find_uses(table: pa.Table, schema: Schema, id_column: str) -> ColumnUses:
    """How the columns of a table are used that is read by a schema; those used under their own headers are not told."""
    renamed, left_out = {}, {}
    for field in table.schema:
        if field.name == id_column:
            continue
        attribute = attribute_id(field.name)
        if why := unusable(attribute) or _unread(field, schema, attribute):
            left_out[field.name] = why
        elif attribute != field.name:
            renamed[field.name] = attribute
    return ColumnUses(renamed, left_out)


def _unread(field: pa.Field, schema: Schema, attribute: str) -> str:
    spec = schema.get(attribute)
    if spec is not None:
        return "" if spec.expression is None else "the attribute of its id is computed"
    if pa.types.is_null(field.type):
        return "it has no values to take a type from"
    return f"no attribute has values of type {field.type}"
