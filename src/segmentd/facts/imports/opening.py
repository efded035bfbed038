"""From a file to the reader of what it holds."""

from __future__ import annotations

from typing import Final

import pyarrow.fs as pafs

from segmentd.facts.imports.csv_reader import CsvReader
from segmentd.facts.imports.errors import SourceUnreadableError
from segmentd.facts.imports.json_reader import JsonReader
from segmentd.facts.imports.mapping import FileFormat, RecordMapping
from segmentd.facts.imports.model import SourceFile
from segmentd.facts.imports.reading import SourceReader
from segmentd.facts.imports.streams import COMPRESSIONS, plain_name
from segmentd.facts.imports.table_reader import ArrowReader, ParquetReader
from segmentd.schema import Kind

FORMATS: Final = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".jsonl": FileFormat.JSON_LINES,
    ".ndjson": FileFormat.JSON_LINES,
    ".parquet": FileFormat.PARQUET,
    ".arrow": FileFormat.ARROW,
    ".arrows": FileFormat.ARROW,
    ".feather": FileFormat.ARROW,
    ".ipc": FileFormat.ARROW,
}
"""What files hold by the ending of their names, that of a compression left out."""


def open_reader(filesystem: pafs.FileSystem, file: SourceFile, mapping: RecordMapping) -> SourceReader:
    """The reader of a file. Raises SourceUnreadableError where its name does not tell what it holds."""
    match format_of(file, mapping):
        case FileFormat.CSV:
            return CsvReader(filesystem, file, mapping.csv)
        case FileFormat.JSON_LINES:
            lists = frozenset(name for name, column in mapping.types.items() if column.type.kind is Kind.LIST)
            return JsonReader(filesystem, file, lists)
        case FileFormat.PARQUET:
            return ParquetReader(filesystem, file)
        case FileFormat.ARROW:
            return ArrowReader(filesystem, file)


def format_of(file: SourceFile, mapping: RecordMapping) -> FileFormat:
    """What a file holds: as the mapping says, else by its name."""
    if mapping.format is not None:
        return mapping.format
    name = plain_name(file.path)
    found = next((format_ for ending, format_ in FORMATS.items() if name.endswith(ending)), None)
    if found is None:
        endings = f"{', '.join(FORMATS)}, of text also with {', '.join(COMPRESSIONS)}"
        raise SourceUnreadableError(file.path, f"its name ends with none of {endings}: say 'format' in the mapping")
    return found
