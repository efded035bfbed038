"""The same rows in every format that can be imported, and a naive reading of them."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet

Rows = Sequence[Mapping[str, Any]]


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    """CSV with a header; None is an empty field."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return out.getvalue().encode()


def as_json_lines(rows: Rows) -> bytes:
    """An object a line; None is left out."""
    lines = [{key: value for key, value in row.items() if value is not None} for row in rows]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def as_parquet(rows: Rows) -> bytes:
    """Parquet with row groups of 700 rows, all columns text."""
    out = io.BytesIO()
    pa.parquet.write_table(as_table(rows), out, row_group_size=700)
    return out.getvalue()


def as_arrow_file(rows: Rows) -> bytes:
    """An Arrow IPC file with batches of 300 rows."""
    out = io.BytesIO()
    table = as_table(rows)
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    return out.getvalue()


def as_arrow_stream(rows: Rows) -> bytes:
    """An Arrow IPC stream."""
    out = io.BytesIO()
    table = as_table(rows)
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def as_table(rows: Rows) -> pa.Table:
    """A table of texts."""
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]})


FORMATS: Final[Mapping[str, Callable[[Rows], bytes]]] = {
    "rows.csv": as_csv,
    "rows.tsv": lambda rows: as_csv(rows, "\t"),
    "rows.csv.gz": lambda rows: gzip.compress(as_csv(rows)),
    "rows.csv.bz2": lambda rows: bz2.compress(as_csv(rows)),
    "rows.csv.zst": lambda rows: pa.compress(as_csv(rows), "zstd", asbytes=True),
    "rows.jsonl": as_json_lines,
    "rows.ndjson.gz": lambda rows: gzip.compress(as_json_lines(rows)),
    "rows.parquet": as_parquet,
    "rows.arrow": as_arrow_file,
    "rows.feather": as_arrow_file,
    "rows.arrows": as_arrow_stream,
}
"""Writers by the name of the file."""


def write(folder: Path, name: str, rows: Rows) -> Path:
    """A file of the format that its name says."""
    path = folder / name
    kind = next(known for known in FORMATS if name.endswith(known.removeprefix("rows")))
    path.write_bytes(FORMATS[kind](rows))
    return path
