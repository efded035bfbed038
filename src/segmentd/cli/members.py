"""The file that `--members` writes: `customer_id, segment`, a row a membership, as Parquet or CSV.

Of accounts it is `account_id, segment`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import typer

from segmentd.schema import Subject

GROUP_ROWS = 262_144
"""Memberships kept in memory before they are written."""

ENDINGS = (".parquet", ".csv")


def check_ending(path: Path | None) -> Path | None:
    """The path of a file that can be written, or None for none. Raises BadParameter for another ending."""
    if path is not None and path.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{path.name!r} ends in neither {' nor '.join(ENDINGS)}")
    return path


def open_members(path: Path | None, subject: Subject = Subject.CUSTOMER) -> AbstractContextManager[MembersFile | None]:
    """The file to write, or None where no path is given."""
    return nullcontext() if path is None else MembersFile(path, subject)


class MembersFile:
    """Writes memberships in row groups; the file appears under its name once it is complete."""

    def __init__(self, path: Path, subject: Subject = Subject.CUSTOMER) -> None:
        self._schema = pa.schema([(f"{subject}_id", pa.string()), ("segment", pa.string())])
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        open_writer = pa.csv.CSVWriter if path.suffix.lower() == ".csv" else pa.parquet.ParquetWriter
        self._writer = open_writer(self._partial, self._schema)
        self._waiting: list[Any] = []
        self._rows = 0

    def write(self, ids: Any, segment: str) -> None:
        """Add the members of a segment: an Arrow array of their ids."""
        self._add(ids, pa.repeat(pa.scalar(segment), len(ids)))

    def write_all(self, memberships: Any) -> None:
        """Add the members of a table with `id`, `segment` and `member`, which is null where it is unknown."""
        members = memberships.filter(memberships["member"])
        self._add(members["id"], members["segment"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._writer.close()
            self._partial.unlink()
            return
        self._flush()
        self._writer.close()
        self._partial.replace(self._path)

    def _add(self, ids: Any, segments: Any) -> None:
        self._waiting.append(pa.table([ids.cast(pa.string()), segments.cast(pa.string())], schema=self._schema))
        self._rows += len(ids)
        if self._rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting, self._rows = [], 0
