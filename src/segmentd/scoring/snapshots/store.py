"""Where snapshots are kept: an Arrow file each, which appears whole and on disk, or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from segmentd.api.names import SnapshotName
from segmentd.columns.planes import from_bitmap
from segmentd.schema import Subject
from segmentd.scoring.snapshots.errors import SnapshotDamagedError
from segmentd.scoring.snapshots.model import Content, Snapshot, SnapshotSegment
from segmentd.scoring.verdicts import Planes
from segmentd.storage import StoreFailedError, sync_directory

SNAPSHOTS_FOLDER: Final = "snapshots"
"""The folder in the data directory, a folder a ledger in it."""

ENDING: Final = ".arrow"
UNFINISHED: Final = ".new"
"""How the name of a file ends until all of it is on disk."""

HEADER: Final = b"segmentd.snapshot"
"""The key of the schema's metadata under which the snapshot is described in JSON."""


class SnapshotFiles:
    """The snapshots of all ledgers, below one folder, which one process owns. Every method raises StoreFailedError."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / SNAPSHOTS_FOLDER

    def load(self) -> Iterator[Snapshot]:
        """All snapshots, without their content; what was never finished is removed. Raises SnapshotDamagedError."""
        for path in sorted(self._folder.glob("*/*")):
            if path.suffix == UNFINISHED:
                _remove(path)
            elif path.suffix == ENDING:
                yield _read_header(path)

    def write(self, snapshot: Snapshot, content: Content) -> None:
        """Keep a snapshot, or a new state of it."""
        path = self._path(snapshot.name)
        unfinished = path.with_suffix(UNFINISHED)
        try:
            for folder in (self._folder, path.parent):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700)
                    sync_directory(folder.parent)
            _write(unfinished, _to_table(snapshot, content))
            unfinished.replace(path)
            sync_directory(path.parent)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise StoreFailedError(f"writing {path}", error) from error

    def read(self, snapshot: Snapshot) -> Content:
        """Who was in what. Raises SnapshotDamagedError."""
        path = self._path(snapshot.name)
        table = _reading(path, lambda file: file.read_all()).combine_chunks()
        ids = table.column("id").combine_chunks() if table.num_rows else pa.array([], pa.string())
        return Content(ids, _planes(table, "m", snapshot), _planes(table, "u", snapshot))

    def delete(self, name: SnapshotName) -> None:
        """Forget a snapshot."""
        _remove(self._path(name))

    def _path(self, name: SnapshotName) -> Path:
        return self._folder / name.ledger / f"{name.snapshot}{ENDING}"


def _remove(path: Path) -> None:
    """Remove a file for good."""
    try:
        path.unlink()
        sync_directory(path.parent)
    except OSError as error:
        raise StoreFailedError(f"removing {path}", error) from error


def _write(path: Path, table: pa.Table) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(pa.PythonFile(file, mode="w"), table.schema, options=options) as writer:
            writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def _to_table(snapshot: Snapshot, content: Content) -> pa.Table:
    columns: dict[str, pa.Array] = {"id": content.ids}
    for number in range(len(snapshot.segments)):
        columns[f"m{number}"] = _bits(content.members, number, len(content.ids))
        columns[f"u{number}"] = _bits(content.unknowns, number, len(content.ids))
    header = asdict(snapshot) | {"subject": snapshot.subject.value, "create_time": snapshot.create_time.isoformat()}
    return pa.table(columns).replace_schema_metadata({HEADER: json.dumps(header).encode()})


def _bits(planes: Planes, number: int, rows: int) -> pa.BooleanArray:
    return pa.Array.from_buffers(pa.bool_(), rows, [None, pa.py_buffer(np.ascontiguousarray(planes[number]))])


def _planes(table: pa.Table, kind: str, snapshot: Snapshot) -> Planes:
    rows = table.num_rows
    planes = np.zeros((len(snapshot.segments), -(-rows // 64)), np.uint64)
    for number in range(len(snapshot.segments)):
        if rows:
            bits = table.column(f"{kind}{number}").combine_chunks()
            planes[number] = from_bitmap(memoryview(bits.buffers()[1]), rows, offset=bits.offset)
    return planes


def _read_header(path: Path) -> Snapshot:
    header = _reading(path, lambda file: (file.schema.metadata or {}).get(HEADER))
    try:
        found: dict[str, Any] = json.loads(header)
        return Snapshot(
            **found
            | {
                "name": SnapshotName(**found["name"]),
                "subject": Subject(found["subject"]),
                "create_time": datetime.fromisoformat(found["create_time"]),
                "segments": tuple(SnapshotSegment(**segment) for segment in found["segments"]),
            }
        )
    except (TypeError, ValueError, KeyError) as error:
        raise SnapshotDamagedError(path, "has no description of a snapshot") from error


def _reading(path: Path, read: Any) -> Any:
    try:
        with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as file:
            return read(file)
    except FileNotFoundError:
        raise SnapshotDamagedError(path, "is lacking") from None
    except pa.ArrowInvalid as error:
        raise SnapshotDamagedError(path, f"is damaged: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise StoreFailedError(f"reading {path}", error) from error
