"""Reject files: which rows of an import were not written, and why, a line of JSON a row.

A line has the file, the row (from 1; a header line does not count), the field and the message. A file grows up to a
limit; what is rejected after that is counted only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MAX_REJECT_BYTES: Final = 64 << 20
FOLDER: Final = "imports"

FORGOTTEN: Final = "not kept: a customer was erased"
"""What rejected rows, and jobs that failed, are told after somebody was erased whose values it may have quoted."""


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

    def silence(self, uid: str) -> None:
        """Overwrite what the rows of a job's file were told, in place: it may quote values of a person who was erased.

        Lines keep their lengths, so that whoever reads or writes on meanwhile goes on where it was.
        """
        path = self._path(uid)
        if not path.exists():
            return
        with path.open("r+b") as file:
            start = 0
            while (line := file.readline()).endswith(b"\n"):
                end = file.tell()
                file.seek(start)
                file.write(_silent(line))
                file.seek(end)
                start = end
            file.flush()
            os.fsync(file.fileno())

    def remove(self, uid: str) -> None:
        """Remove the file of a job, if it has one."""
        self._path(uid).unlink(missing_ok=True)

    def _path(self, uid: str) -> Path:
        return self._folder / f"{uid}.rejects.jsonl"


def _silent(line: bytes) -> bytes:
    """The line with another message, of as many bytes."""
    told = json.loads(line)
    length = len(line) - len(_line(told | {"message": ""}))
    return _line(told | {"message": FORGOTTEN[:length].ljust(length)})


def _line(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


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
        lines = [_line(asdict(reject)) for reject in rejects]
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
