"""Data frames as Arrow IPC streams. pyarrow is imported here when the first one comes."""

from __future__ import annotations

import sys
from typing import Any

ID_FIELD = "id"
"""The field that the service takes the subjects' ids from."""


def encode_arrow(frame: Any, id_column: str | None) -> memoryview:
    """The frame as an IPC stream, its `id_column` as text under the name that the service expects."""
    import pyarrow as pa  # noqa: PLC0415 - only callers with data frames need it

    table = to_table(frame)
    if id_column is not None:
        table = name_ids(table, id_column)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def to_table(frame: Any) -> Any:
    """A pandas, Polars or Arrow table, a record batch, or a mapping of Arrow arrays or series, as a `pyarrow.Table`."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if is_pandas(frame):
        return pa.Table.from_pandas(frame, preserve_index=False)
    try:
        return pa.table(frame)
    except (TypeError, ValueError) as error:
        allowed = "a mapping of arrays or lists, a pandas or Polars DataFrame, or an Arrow table"
        given = type(frame).__name__
        raise TypeError(f"features of type {given} are not understood, give {allowed}: {error}") from error


def is_pandas(frame: Any) -> bool:
    """Whether it is a pandas DataFrame; pandas is not imported to know that."""
    # Another thread may be importing pandas just now: its module is there before its classes are.
    data_frame = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return data_frame is not None and isinstance(frame, data_frame)


def name_ids(table: Any, id_column: str) -> Any:
    """The table with `id_column` as text, named `id`. Raises ValueError if there is none, or an `id` beside it."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    names = table.schema.names
    if id_column not in names:
        raise ValueError(f"there is no column {id_column!r} for the ids; there are {', '.join(names)}")
    if id_column != ID_FIELD and ID_FIELD in names:
        raise ValueError(f"the ids are in {id_column!r}, but there is a column {ID_FIELD!r} too; rename it")
    position = names.index(id_column)
    return table.set_column(position, ID_FIELD, table.column(position).cast(pa.string()))
