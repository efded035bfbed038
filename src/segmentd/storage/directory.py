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
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreFailedError(f"opening the data directory {self.path}", error.strerror) from error
        self._acquire()

    def release(self) -> None:
        """Let others own the directory. The lock file stays: removing it would let two processes lock two files."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _acquire(self) -> None:
        try:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
