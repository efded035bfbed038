"""JSON lines: an object a line. Every value is text as it is written, so that amounts are exact; lists are of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.fs as pafs

from segmentd.facts.imports.bad_rows import BadRows
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.imports.reading import without_first
from segmentd.facts.imports.streams import MAX_LINE_BYTES, RawStream

PIECE_ROWS: Final = 16_384
CHUNK_BYTES: Final = 1 << 20
LISTS: Final = pa.list_(pa.string())


class JsonReader:
    """Reads JSON lines; see `SourceReader`. `lists`: the columns whose values are lists. Blank lines do not count."""

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile, lists: frozenset[str]) -> None:
        self._stream = RawStream(filesystem, file)
        self._lists = lists
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
        self.bad_rows = BadRows()

    @property
    def columns(self) -> None:
        """Each line says itself what it has; what it has not is missing."""
        return

    def pieces(self, columns: Sequence[str], skipped: int) -> Iterator[pa.Table]:
        """The good rows after the first `skipped`."""
        return without_first(self._pieces(tuple(columns)), skipped)

    def bytes_read(self) -> int:
        """How much of the file, as it lies there, has been read."""
        return self._stream.position()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _pieces(self, columns: tuple[str, ...]) -> Iterator[pa.Table]:
        rows: list[list[Any]] = []
        for row in self._rows(columns):
            rows.append(row)
            if len(rows) == PIECE_ROWS:
                yield self._table(columns, rows)
                rows = []
        if rows:
            yield self._table(columns, rows)

    def _rows(self, columns: tuple[str, ...]) -> Iterator[list[Any]]:
        number = -1
        for line in self._lines():
            if not line.strip():
                continue
            number += 1
            try:
                found = self._decoder.decode(line.decode("utf-8"))
                row = [self._value(found, column) for column in columns]
            except (ValueError, TypeError, RecursionError) as error:
                self.bad_rows.add(number, _why(error))
                continue
            yield row

    def _lines(self) -> Iterator[bytes]:
        source, rest = self._stream.open(), b""
        while chunk := source.read(CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            if len(rest) > MAX_LINE_BYTES:
                raise ValueError(f"a line has more than {MAX_LINE_BYTES} bytes; each line holds one object")
        if rest:
            yield rest

    def _value(self, found: Any, column: str) -> str | list[str] | None:
        if not isinstance(found, dict):
            raise TypeError("is no object")
        value = found.get(column)
        if column in self._lists:
            if isinstance(value, list) and not all(isinstance(each, str) for each in value):
                raise TypeError(f"has a list in {column!r} whose elements are not all text")
            return [value] if isinstance(value, str) else value
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        raise TypeError(f"has a list or an object in {column!r}, where a value is expected")

    def _table(self, columns: tuple[str, ...], rows: list[list[Any]]) -> pa.Table:
        by_column = zip(*rows, strict=True) if columns else []
        arrays = [
            pa.array(values, LISTS if column in self._lists else pa.string())
            for column, values in zip(columns, by_column, strict=True)
        ]
        return pa.table(arrays, names=list(columns)) if columns else pa.table({"": pa.nulls(len(rows))})


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, TypeError) else "is no JSON"
