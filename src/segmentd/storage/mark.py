"""A mark: how many transactions of a database are durable, kept where damage to the database's own log cannot reach it.

SQLite takes a damaged write-ahead log for one that ended there. Whoever counts transactions in the database, and keeps
the count here before a transaction is acknowledged, knows when the database has fewer than it had.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from segmentd.storage.directory import sync_directory
from segmentd.storage.errors import StoreFailedError

SLOT_BYTES: Final = 4_096
"""A page of the system: while one slot is written, nothing touches the other."""

SLOTS: Final = 2

_CONTENT: Final = struct.Struct("<8sQQ?")
_CHECKSUM: Final = struct.Struct("<I")
_MAGIC: Final = b"SegmMark"


@dataclass(frozen=True, slots=True)
class Marked:
    """So many transactions were committed.

    `is_copying`: the log was being copied into the database, which without the log may have parts of transactions.
    """

    commits: int = 0
    is_copying: bool = False


@dataclass(frozen=True, slots=True)
class _Slot:
    """What one slot holds; the one of the greater number was written later."""

    number: int
    marked: Marked


class Mark:
    """The open file of a mark. Threads may share it; close it.

    `found`: what it held, None where it was lacking or no slot could be read. Then the file is made anew with the first
    `keep`. A write that is torn spoils one slot, and the other one tells what was
    kept before. Raises StoreFailedError where there is a file that cannot be opened or read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._descriptor = -1
        slots: list[_Slot] = []
        try:
            if path.exists():
                self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                slots = [slot for number in range(SLOTS) if (slot := self._read(number)) is not None]
        except OSError as error:
            self.close()
            raise StoreFailedError(f"opening {path}", error) from error
        last = max(slots, key=lambda slot: slot.number, default=None)
        self.found = None if last is None else last.marked
        self._number = 0 if last is None else last.number
        self._wanted = self._kept = self.found

    @property
    def last(self) -> Marked:
        """What was to be kept last, whether it is on disk or not."""
        return self._wanted or Marked()

    def keep(self, commits: int) -> None:
        """Have at least so many commits on disk when this returns. Raises StoreFailedError; `settle` tries it again."""
        with self._lock:
            if self._wanted is None or commits > self._wanted.commits:
                self._wanted = replace(self.last, commits=commits)
            self._settle()

    def keep_copying(self, *, is_copying: bool) -> None:
        """Have on disk whether the log is being copied, when this returns. Raises StoreFailedError, as `keep`."""
        with self._lock:
            self._wanted = replace(self.last, is_copying=is_copying)
            self._settle()

    def settle(self) -> None:
        """Have on disk what could not be kept before. Raises StoreFailedError."""
        with self._lock:
            self._settle()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _settle(self) -> None:
        if self._wanted == self._kept or self._wanted is None:
            return
        content = _encode(_Slot(self._number + 1, self._wanted))
        try:
            if self._kept is None:
                self._make(content)
            else:
                # Not the slot that was written last: torn, this write must leave that one as it is.
                os.pwrite(self._descriptor, content, (self._number + 1) % SLOTS * SLOT_BYTES)
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise StoreFailedError(f"writing {self.path}", error) from error
        self._number += 1
        self._kept = self._wanted

    def _make(self, content: bytes) -> None:
        """Make the file, which only its owner may read. It appears whole, with room for all slots, or not at all."""
        new = self.path.with_name(f"{self.path.name}.new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, bytes(SLOTS * SLOT_BYTES), 0)
            os.pwrite(descriptor, content, (self._number + 1) % SLOTS * SLOT_BYTES)
            os.fsync(descriptor)
            new.rename(self.path)
            sync_directory(self.path.parent)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor = descriptor

    def _read(self, slot: int) -> _Slot | None:
        return _decode(os.pread(self._descriptor, _CONTENT.size + _CHECKSUM.size, slot * SLOT_BYTES))


def _encode(slot: _Slot) -> bytes:
    content = _CONTENT.pack(_MAGIC, slot.number, slot.marked.commits, slot.marked.is_copying)
    return content + _CHECKSUM.pack(zlib.crc32(content))


def _decode(content: bytes) -> _Slot | None:
    """The slot; None where it was never written, or is torn."""
    if len(content) < _CONTENT.size + _CHECKSUM.size or not content.startswith(_MAGIC):
        return None
    if _CHECKSUM.unpack_from(content, _CONTENT.size)[0] != zlib.crc32(content[: _CONTENT.size]):
        return None
    _, number, commits, is_copying = _CONTENT.unpack_from(content)
    return _Slot(number, Marked(commits, is_copying))
