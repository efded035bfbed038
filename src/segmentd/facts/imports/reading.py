"""What every reader of files gives: its columns, then pieces of its rows, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import pyarrow as pa

from segmentd.facts.imports.bad_rows import BadRows

BATCH_ROWS: Final = 65_536
"""Rows of a batch: the same always, so that a batch's number says which rows of its file are in it."""


class SourceReader(Protocol):
    """Reads one file once, from its beginning."""

    bad_rows: BadRows

    @property
    def columns(self) -> Mapping[str, pa.DataType] | None:
        """The columns by name, with their Arrow types; None where rows tell their own."""

    def pieces(self, columns: Sequence[str], skipped: int) -> Iterator[pa.Table]:
        """The good rows after the first `skipped`, with these columns, in pieces of any size."""

    def bytes_read(self) -> int:
        """How much of the file has been read."""

    def close(self) -> None:
        """Close the file."""


def batches_of(pieces: Iterator[pa.Table], rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
    """The same rows in batches of exactly so many; the last one may have fewer."""
    waiting: list[pa.Table] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += piece.num_rows
        while count >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows)
            waiting, count = [whole.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(waiting)


def without_first(pieces: Iterator[pa.Table], skipped: int) -> Iterator[pa.Table]:
    """The pieces without the first rows."""
    for piece in pieces:
        if skipped >= piece.num_rows:
            skipped -= piece.num_rows
            continue
        yield piece.slice(skipped)
        skipped = 0
