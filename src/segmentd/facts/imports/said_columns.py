"""Columns of files that say of each row whether it has the column at all: a struct of the values and of that."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from segmentd.facts.records import Said

_VALUE: Final = "value"
_SAID: Final = "said"


def with_said(values: pa.Array, said: Said) -> pa.StructArray:
    """The column of values, of which those that are not said are null."""
    return pa.StructArray.from_arrays([values, pa.array(said)], [_VALUE, _SAID])


def apart(column: pa.Array) -> tuple[pa.Array, Said | None]:
    """The values of a column, and which rows say them; None: all do."""
    if not pa.types.is_struct(column.type):
        return column, None
    values, flags = column.flatten()
    said: Said = flags.to_numpy(zero_copy_only=False)
    return values, None if said.all() else said
