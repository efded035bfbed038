"""Files that have types of their own: Parquet, and Arrow's files and streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet

from segmentd.facts.imports.bad_rows import BadRows
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.imports.reading import BATCH_ROWS, without_first


class ParquetReader:
    """Reads a Parquet file; see `SourceReader`. Row groups that are skipped are not read."""

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile) -> None:
        self.bad_rows = BadRows()
        self._size = file.size
        self._file = pa.parquet.ParquetFile(filesystem.open_input_file(file.path), pre_buffer=False)
        self._rows_read = 0

    @property
    def columns(self) -> Mapping[str, pa.DataType]:
        """The columns by name."""
        return columns_of(self._file.schema_arrow)

    def pieces(self, columns: Sequence[str], skipped: int) -> Iterator[pa.Table]:
        """The rows after the first `skipped`."""
        group = 0
        while group < self._file.num_row_groups and skipped >= self._file.metadata.row_group(group).num_rows:
            skipped -= self._file.metadata.row_group(group).num_rows
            self._rows_read += self._file.metadata.row_group(group).num_rows
            group += 1
        return without_first(self._pieces(list(columns), range(group, self._file.num_row_groups)), skipped)

    def bytes_read(self) -> int:
        """The share of rows that have been read, as bytes of the file."""
        total = self._file.metadata.num_rows
        return self._size if total == 0 else self._size * self._rows_read // total

    def close(self) -> None:
        """Close the file."""
        self._file.close(force=True)

    def _pieces(self, columns: list[str], groups: range) -> Iterator[pa.Table]:
        if len(groups) == 0:
            return
        for batch in self._file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns):
            self._rows_read += batch.num_rows
            yield pa.Table.from_batches([batch])


class ArrowReader:
    """Reads an Arrow IPC file or stream, whatever its name says; see `SourceReader`."""

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile) -> None:
        self.bad_rows = BadRows()
        self._size = file.size
        self._raw: Any = filesystem.open_input_file(file.path)
        try:
            self._reader: Any = pa.ipc.open_file(self._raw)
        except pa.ArrowInvalid:
            self._raw.seek(0)
            self._reader = pa.ipc.open_stream(self._raw)

    @property
    def columns(self) -> Mapping[str, pa.DataType]:
        """The columns by name."""
        return columns_of(self._reader.schema)

    def pieces(self, columns: Sequence[str], skipped: int) -> Iterator[pa.Table]:
        """The rows after the first `skipped`."""
        return without_first(self._pieces(list(columns)), skipped)

    def bytes_read(self) -> int:
        """How much of the file has been read."""
        return self._size if self._raw.closed else min(int(self._raw.tell()), self._size)

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def _pieces(self, columns: list[str]) -> Iterator[pa.Table]:
        for batch in self._batches():
            batch.validate(full=True)  # a file may come from anywhere
            yield pa.Table.from_batches([batch]).select(columns)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if isinstance(self._reader, pa.ipc.RecordBatchFileReader):
            yield from (self._reader.get_batch(number) for number in range(self._reader.num_record_batches))
        else:
            yield from self._reader


def columns_of(schema: pa.Schema) -> dict[str, pa.DataType]:
    """The columns by name; those that are there twice can be none that is named."""
    return {field.name: field.type for field in schema if schema.names.count(field.name) == 1}
