"""CSV files, plain or compressed: every value is text, and a line with too few or too many fields is a bad row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.fs as pafs

from segmentd.facts.imports.bad_rows import BadRows
from segmentd.facts.imports.mapping import CsvOptions
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.imports.reading import without_first
from segmentd.facts.imports.streams import RawStream

BLOCK_BYTES: Final = 4 << 20
_DELIMITERS: Final = (",", ";", "\t", "|")


class CsvReader:
    """Reads a CSV file; see `SourceReader`."""

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile, options: CsvOptions) -> None:
        self._stream = RawStream(filesystem, file)
        self._options = options
        self._delimiter = options.delimiter or self._guess()
        self.bad_rows = BadRows()
        self._columns = dict.fromkeys(self._headers(), pa.string())

    @property
    def columns(self) -> Mapping[str, pa.DataType] | None:
        """The columns by name: all of them text; None of an empty file, which has not even headers."""
        return self._columns if self._stream.size else None

    def pieces(self, columns: Sequence[str], skipped: int) -> Iterator[pa.Table]:
        """The good rows after the first `skipped`."""
        return without_first(self._pieces(columns), skipped)

    def bytes_read(self) -> int:
        """How much of the file, as it lies there, has been read."""
        return self._stream.position()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _pieces(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        if self._stream.size == 0:
            return
        with self._open(list(columns), self._note) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

    def _headers(self) -> list[str]:
        if self._options.columns:
            return list(self._options.columns)
        if self._stream.size == 0:
            return []
        with self._open([], lambda _row: "skip") as reader:
            names: list[str] = reader.schema.names
        twice = {name for name in names if names.count(name) > 1}
        return [name for name in names if name not in twice]  # a column that is there twice is none that can be named

    def _open(self, columns: list[str], note: Any) -> pa.csv.CSVStreamingReader:
        options = self._options
        return pa.csv.open_csv(
            self._stream.open(),
            read_options=pa.csv.ReadOptions(
                use_threads=False,  # or rows that are skipped have no number
                block_size=BLOCK_BYTES,
                encoding=options.encoding,
                column_names=list(options.columns) or None,
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self._delimiter,
                quote_char=options.quote,
                newlines_in_values=True,
                invalid_row_handler=note,
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=list(options.null_values),
                strings_can_be_null=True,
            ),
        )

    def _note(self, row: Any) -> str:
        """Rows are counted from 1 and, where there are headers, with them."""
        first = 1 if self._options.columns else 2
        fields = f"has {row.actual_columns} fields, and {row.expected_columns} are expected"
        self.bad_rows.add(row.number - first, fields)
        return "skip"

    def _guess(self) -> str:
        line = self._stream.first_line().decode(self._options.encoding, "replace")
        return max(_DELIMITERS, key=line.count)
