"""Reject files: which rows of an import were not written, and why, a line of JSON a row.

A line has the file, the row (from 1; a header line does not count), the field and the message. A file grows up to a
limit; what is rejected after that is counted only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MAX_REJECT_BYTES: Final = 64 << 20
FOLDER: Final = "imports"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not written."""

    file: str
    row: int
    field: str
    message: str


class RejectFolder:
    """Where the reject files of a data directory lie, one a job."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def open(self, uid: str, size: int) -> RejectWriter:
        """The file of a job, to write on after its first `size` bytes; what is behind them is cut off."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return RejectWriter(self._path(uid), size)

    def read(self, uid: str, start: int, size: int) -> Iterator[tuple[Reject, int]]:
        """The rows in the first `size` bytes of a job's file from a byte on, each with where the next one begins."""
        path = self._path(uid)
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(start)
            while file.tell() < size and (line := file.readline()):
                yield Reject(**json.loads(line)), file.tell()

    def remove(self, uid: str) -> None:
        """Remove the file of a job, if it has one."""
        self._path(uid).unlink(missing_ok=True)

    def _path(self, uid: str) -> Path:
        return self._folder / f"{uid}.rejects.jsonl"


class RejectWriter:
    """Writes the reject file of a job. A context manager."""

    def __init__(self, path: Path, size: int) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        self._file.truncate(size)
        self._file.seek(size)
        self.size = size
        self.dropped = 0

    def write(self, rejects: Iterable[Reject]) -> None:
        """Write rows, on disk when it returns."""
        lines = [json.dumps(asdict(reject), ensure_ascii=False).encode() + b"\n" for reject in rejects]
        if not lines:
            return
        for place, line in enumerate(lines):
            if self.size + len(line) > MAX_REJECT_BYTES:
                self.dropped += len(lines) - place
                break
            self._file.write(line)
            self.size += len(line)
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
