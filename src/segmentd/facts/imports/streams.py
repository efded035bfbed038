"""Bytes of files, decompressed where their names say so, with the position in the file as it lies there."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.fs as pafs

from segmentd.facts.imports.model import SourceFile

COMPRESSIONS: Final = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
"""Compressions by the ending of the name."""

MAX_LINE_BYTES: Final = 1 << 20


class RawStream:
    """A file that can be opened again and again, once at a time."""

    def __init__(self, filesystem: pafs.FileSystem, file: SourceFile) -> None:
        self._filesystem = filesystem
        self._file = file
        self._raw: Any = None

    @property
    def size(self) -> int:
        """The bytes of the file as it lies there."""
        return self._file.size

    def open(self) -> Any:
        """The bytes, decompressed, from the beginning."""
        self.close()
        self._raw = self._filesystem.open_input_file(self._file.path)
        compression = compression_of(self._file.path)
        return self._raw if compression is None else pa.CompressedInputStream(self._raw, compression)

    def first_line(self) -> bytes:
        """The first line, or as much of it as a line should have."""
        head: bytes = b"" if self.size == 0 else self.open().read(MAX_LINE_BYTES)
        return head.partition(b"\n")[0]

    def position(self) -> int:
        """How much of the file has been read."""
        if self._raw is None:
            return 0
        return self._file.size if self._raw.closed else int(self._raw.tell())

    def close(self) -> None:
        """Close the file."""
        if self._raw is not None and not self._raw.closed:
            self._raw.close()


def compression_of(path: str) -> str | None:
    """How a file of this name is compressed; None where it is not."""
    return next((name for ending, name in COMPRESSIONS.items() if path.lower().endswith(ending)), None)


def plain_name(path: str) -> str:
    """The name of a file without the ending of its compression, in lower case."""
    name = path.lower()
    ending = next((ending for ending in COMPRESSIONS if name.endswith(ending)), "")
    return name.removesuffix(ending)
