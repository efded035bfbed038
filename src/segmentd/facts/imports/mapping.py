"""How the rows of a file become records: which column, constant or expression each field is taken from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final

from segmentd.facts.kinds import RecordKind
from segmentd.schema import STRING, DataType

ID: Final = "id"
"""The field of a record's own id, beside those of its kind."""


@unique
class FileFormat(StrEnum):
    """What a file holds."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    ARROW = "arrow"

    @property
    def is_text(self) -> bool:
        """Whether all values are texts, which the mapping gives their types."""
        return self in (FileFormat.CSV, FileFormat.JSON_LINES)


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The value of a column; of a text with `prefix` in front of it."""

    column: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class FromConstant:
    """The same value in every row, written as in a CSV file."""

    text: str


@dataclass(frozen=True, slots=True)
class FromExpression:
    """The value of a CEL expression over `source`, the row.

    A row for which it is unknown is rejected; with `unknown_is_missing` it has no value.
    """

    text: str
    unknown_is_missing: bool = False


FieldSource = FromColumn | FromConstant | FromExpression


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column of texts. `format`: of dates and times, as `strptime` takes it; "": ISO 8601."""

    type: DataType = STRING
    format: str = ""


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How a CSV file is written. `delimiter` "": the one of `,`, `;`, tab and `|` that the first line has most of.

    `columns`: the names, where the file has no header line. `null_values`: texts that are no values.
    """

    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ("",)
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """A mapping.

    `kind` and `format` are None where the text leaves them out. `fields`: by field, the id among them. `types`: of
    columns of text, by name; others stay text. `time_zone`: of times that come without one; "": the ledger's.
    `decimal_point`: of amounts and numbers in text. `join_lists`: rows of one id are one record; lists are joined.
    """

    kind: RecordKind | None
    fields: Mapping[str, FieldSource]
    format: FileFormat | None = None
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    csv: CsvOptions = CsvOptions()
    time_zone: str = ""
    decimal_point: str = "."
    join_lists: bool = False
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each field stands in the text."""
