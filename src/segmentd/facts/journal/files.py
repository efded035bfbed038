"""The files of checkpoints: immutable Arrow IPC files, whole and on disk before anybody names them."""

from __future__ import annotations

import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa

from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.history_index import is_history
from segmentd.facts.journal.model import Checkpoint, CheckpointFile
from segmentd.storage import StoreFailedError, sync_directory

FACTS_FOLDER: Final = "facts"
"""The folder of checkpoints in the data directory, a folder a ledger in it."""

UNFINISHED: Final = ".new"
"""How the name of a checkpoint's folder ends until all of it is on disk."""

PIECE_BYTES: Final = 16 << 20
"""What is read at a time where nobody waits for the whole."""

READERS: Final = 2
"""Files that are read at a time; a checksum takes about as long as the reading."""


Fill = Callable[[pa.PythonFile], None]
"""Writes what is in a file."""

More = Callable[[Path], tuple[CheckpointFile, ...]]
"""Puts further files into a folder, each of them on disk when it returns."""


def write_checkpoint(
    ledger_folder: Path, ledger_id: str, version: int, tables: Mapping[str, pa.Table], more: More = lambda _: ()
) -> Checkpoint:
    """Write the tables into a folder of their own, which is on disk with all in it when this returns.

    Raises StoreFailedError, and then leaves nothing behind; and as `more` does, which adds files.
    """
    folder = f"{version}-{secrets.token_hex(4)}"
    unfinished = ledger_folder / f"{folder}{UNFINISHED}"
    try:
        for path in (ledger_folder.parent, ledger_folder):
            _make_folder(path)
        files = _write_files(unfinished, tables, more)
        unfinished.rename(ledger_folder / folder)
        sync_directory(ledger_folder)
    except OSError as error:
        raise StoreFailedError(f"writing {unfinished}", error) from error
    return Checkpoint(ledger_id, version, folder, files)


def read_checkpoint(ledger_folder: Path, checkpoint: Checkpoint) -> Mapping[str, pa.Table]:
    """The tables, in memory, so that the files may go, without those of the past.

    Raises FactsDamagedError and StoreFailedError.
    """
    folder = ledger_folder / checkpoint.folder
    with ThreadPoolExecutor(READERS) as readers:
        files = [file for file in checkpoint.files if not is_history(file.table)]
        tables = readers.map(lambda file: _read_table(folder / file.name, file), files)
        return dict(zip((file.table for file in files), tables, strict=True))


def check_file(ledger_folder: Path, checkpoint: Checkpoint, file: CheckpointFile) -> Iterator[int]:
    """Read a file of a checkpoint, so many bytes at a time. Raises FactsDamagedError and StoreFailedError."""
    path, crc32, size = ledger_folder / checkpoint.folder / file.name, 0, 0
    try:
        with path.open("rb") as opened:
            while piece := opened.read(PIECE_BYTES):
                crc32, size = zlib.crc32(piece, crc32), size + len(piece)
                yield len(piece)
    except FileNotFoundError:
        raise FactsDamagedError(path, "is lacking") from None
    except OSError as error:
        raise StoreFailedError(f"reading {path}", error) from error
    if size != file.size:
        raise FactsDamagedError(path, f"has {size} bytes, and had {file.size} when it was written")
    if crc32 != file.crc32:
        raise FactsDamagedError(path, "is damaged: its bytes are not those that were written")


def remove_others(ledger_folder: Path, current: Checkpoint | None) -> None:
    """Remove what checkpoints left that were superseded, or never finished. Raises StoreFailedError."""
    try:
        for path in ledger_folder.iterdir() if ledger_folder.is_dir() else ():
            if path.is_dir() and (current is None or path.name != current.folder):
                shutil.rmtree(path)
    except OSError as error:
        raise StoreFailedError(f"removing old files of {ledger_folder}", error) from error


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700)
        sync_directory(path.parent)


def write_file(folder: Path, name: str, fill: Fill) -> CheckpointFile:
    """Write a new file into a folder, on disk when this returns. Raises OSError."""
    with _ChecksummedFile(folder / f"{name}.arrow") as file:
        fill(pa.PythonFile(file, mode="w"))
        file.sync()
        return CheckpointFile(name, file.size, file.crc32)


def write_table(folder: Path, name: str, table: pa.Table) -> CheckpointFile:
    """Write a table into a new file of a folder, on disk when this returns. Raises OSError."""

    def fill(sink: pa.PythonFile) -> None:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    return write_file(folder, name, fill)


def read_content(path: Path, expected: CheckpointFile) -> pa.Buffer:
    """The bytes of a file, in memory. Raises FactsDamagedError and StoreFailedError."""
    try:
        size = path.stat().st_size
        if size != expected.size:
            raise FactsDamagedError(path, f"has {size} bytes, and had {expected.size} when it was written")
        with pa.OSFile(str(path)) as file:
            content = file.read_buffer()
    except FileNotFoundError:
        raise FactsDamagedError(path, "is lacking") from None
    except OSError as error:
        raise StoreFailedError(f"reading {path}", error) from error
    if zlib.crc32(content) != expected.crc32:
        raise FactsDamagedError(path, "is damaged: its bytes are not those that were written")
    return content


def _write_files(folder: Path, tables: Mapping[str, pa.Table], more: More) -> tuple[CheckpointFile, ...]:
    folder.mkdir(mode=0o700)
    try:
        files = tuple(write_table(folder, name, tables[name]) for name in sorted(tables))  # in memory one by one
        files += more(folder)
        sync_directory(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return files


def _read_table(path: Path, file: CheckpointFile) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(read_content(path, file))).read_all()


class _ChecksummedFile:
    """A new file that only its owner may read, with the size and the CRC-32 of what was written. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.crc32 = 0
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")

    @property
    def closed(self) -> bool:
        """Whether it is closed: Arrow asks this of files."""
        return self._file.closed

    def write(self, data: bytes | pa.Buffer) -> int:
        """Write more bytes."""
        self.crc32 = zlib.crc32(data, self.crc32)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def sync(self) -> None:
        """Wait until all is on disk."""
        self.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
