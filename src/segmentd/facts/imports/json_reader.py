"""JSON lines: an object a line. Every value is text as it is written, so that amounts are exact; lists are of texts.

Lines of flat objects are read by a kernel. Others, which have escapes, lists or objects in them or are wrong, are
parsed one by one, with the same result for what is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs

from segmentd.engine.facts.json_lines import Flags, Lines, read_lines
from segmentd.facts.imports.bad_rows import BadRows
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.imports.reading import without_first
from segmentd.facts.imports.said_columns import with_said
from segmentd.facts.imports.streams import MAX_LINE_BYTES, RawStream

CHUNK_BYTES: Final = 1 << 20
LISTS: Final = pa.list_(pa.string())

_UNSAID: Final = object()
"""The value of a key that a line does not have."""


class JsonReader:
    """Reads JSON lines; see `SourceReader`. `lists`: the columns whose values are lists. Blank lines do not count.

    Its columns are as `with_said` has them: a key that a line does not have is not said.
    """

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile, lists: frozenset[str]) -> None:
        self._stream = RawStream(filesystem, file)
        self._lists = lists
        self._decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
        self._rows = 0
        self.bad_rows = BadRows()

    @property
    def columns(self) -> None:
        """Each line says itself what it has."""
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
        self._rows = 0
        for block in self._blocks():
            lines = read_lines(block, columns)
            plain = lines.plain
            if not self._lists.isdisjoint(columns):
                plain = np.zeros(len(plain), np.bool_)  # a list is never plain, and a text alone is a list of one
            piece = self._table(lines, plain, columns)
            if piece.num_rows:
                yield piece
            self._rows += len(plain)

    def _blocks(self) -> Iterator[bytes]:
        """The file in whole lines. Raises ValueError for a line that is too long."""
        source, rest = self._stream.open(), b""
        while chunk := source.read(CHUNK_BYTES):
            end = chunk.rfind(b"\n") + 1
            if end:
                yield rest + chunk[:end]
                rest = chunk[end:]
            else:
                rest += chunk
            if len(rest) > MAX_LINE_BYTES:
                raise ValueError(f"a line has more than {MAX_LINE_BYTES} bytes; each line holds one object")
        if rest:
            yield rest

    def _table(self, lines: Lines, plain: Flags, columns: tuple[str, ...]) -> pa.Table:
        """The good rows of a block: those that a kernel has read, and the others parsed, in their order."""
        parsed, rows = self._parsed(lines, np.flatnonzero(~plain), columns)
        good = plain.copy()
        good[rows] = True
        if not columns:
            return pa.table({"": pa.nulls(int(good.sum()))})
        order = np.arange(len(plain))
        order[rows] = np.arange(len(plain), len(plain) + len(rows))
        chosen = None if len(rows) == 0 and plain.all() else pa.array(order[good])
        arrays = []
        for place, column in enumerate(columns):
            values = pa.nulls(len(plain), LISTS) if column in self._lists else lines.texts(place)
            said = lines.has(place) & plain
            if chosen is not None:
                more = [row[place] for row in parsed]
                others = pa.array([None if value is _UNSAID else value for value in more], values.type)
                said = np.append(said, [value is not _UNSAID for value in more]).astype(np.bool_)[order[good]]
                values = pa.concat_arrays([values, others]).take(chosen)
            arrays.append(with_said(values, said))
        return pa.table(arrays, names=list(columns))

    def _parsed(self, lines: Lines, rows: Any, columns: tuple[str, ...]) -> tuple[list[list[Any]], list[int]]:
        """The values of lines that are right, and which these are; the others are noted."""
        parsed, good = [], []
        for row in rows.tolist():
            try:
                found = self._decoder.decode(lines.line(row).decode("utf-8"))
                parsed.append([self._value(found, column) for column in columns])
                good.append(row)
            except (ValueError, TypeError, RecursionError) as error:
                self.bad_rows.add(self._rows + row, _why(error))
        return parsed, good

    def _value(self, found: Any, column: str) -> Any:
        if not isinstance(found, dict):
            raise TypeError("is no object")
        value = found.get(column, _UNSAID)
        if value is None or value is _UNSAID:
            return value
        if column in self._lists:
            return self._texts(value, column)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return _checked(value, column)
        raise TypeError(f"has a list or an object in {column!r}, where a value is expected")

    def _texts(self, value: Any, column: str) -> list[str]:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in texts):
            raise TypeError(f"has a list in {column!r} whose elements are not all text")
        return [_checked(text, column) for text in texts]


def _checked(text: str, column: str) -> str:
    """The text. TypeError for half a character, which JSON can write."""
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise TypeError(f"has half a character in {column!r}")
    return text


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, TypeError) else "is no JSON"
