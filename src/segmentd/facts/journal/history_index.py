"""Which files of past values a checkpoint has, as one of its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

INDEX: Final = "history"
"""The table of the index; files of past values are named after it, with a number."""

_UP_TO: Final = b"up_to_us"
_KEPT_FROM: Final = b"kept_from_us"
_COLUMNS: Final = ("number", "first_us", "last_us", "values")


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A file of so many values that were replaced from `first_us` to `last_us`."""

    number: int
    first_us: int
    last_us: int
    values: int

    @property
    def table(self) -> str:
        """What the checkpoint calls it."""
        return f"{INDEX}.{self.number}"


@dataclass(frozen=True, slots=True)
class HistoryIndex:
    """The files, the earlier first, which have all that was replaced after `kept_from_us` and up to `up_to_us`."""

    up_to_us: int = 0
    kept_from_us: int = 0
    files: tuple[HistoryFile, ...] = ()


def is_history(table: str) -> bool:
    """Whether a checkpoint's file of this name is about the past, and no table of the book."""
    return table == INDEX or table.startswith(f"{INDEX}.")


def encode_index(index: HistoryIndex) -> pa.Table:
    """The index as a table."""
    columns = [pa.array([getattr(file, name) for file in index.files], pa.int64()) for name in _COLUMNS]
    metadata = {_UP_TO: str(index.up_to_us), _KEPT_FROM: str(index.kept_from_us)}
    return pa.Table.from_arrays(columns, list(_COLUMNS)).replace_schema_metadata(metadata)


def decode_index(table: pa.Table) -> HistoryIndex:
    """The index of a table."""
    metadata = table.schema.metadata
    files = tuple(HistoryFile(**row) for row in table.to_pylist())
    return HistoryIndex(int(metadata[_UP_TO]), int(metadata[_KEPT_FROM]), files)
