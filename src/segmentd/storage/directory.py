"""The data directory, which one process owns at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from segmentd.storage.errors import DataDirectoryInUseError, StoreFailedError

LOCK_FILE: Final = "segmentd.lock"


class DataDirectory:
    """A directory that this process owns until `release()` or its end, however it ends.

    Raises DataDirectoryInUseError while another process owns it, StoreFailedError where it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreFailedError(f"opening the data directory {self.path}", error.strerror) from error
        self._acquire()

    def release(self) -> None:
        """Let others own the directory. The lock file stays: removing it would let two processes lock two files."""
        if self._lock >= 0:
            os.close(self._lock)
            os.close(self._directory)
            self._lock = -1

    def _acquire(self) -> None:
        try:
            self._lock_directory()
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            owner = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            self.release()
            raise DataDirectoryInUseError(self.path, owner) from error
        except OSError as error:
            self.release()
            raise StoreFailedError(f"locking the data directory {self.path}", error.strerror) from error

    def _lock_directory(self) -> None:
        """Lock the directory itself too: whoever deletes the lock file lets nobody else in."""
        try:
            fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return  # network file systems lock nothing that is not open for writing; the lock file has to do

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
