"""By how many bytes a process grows that opens the ledger of a directory, which is its argument."""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path

from benchmarks.facts.ledger import Vocabularies
from segmentd.engine import warm
from segmentd.facts.books import Books
from segmentd.server.allocator import keep_freed_memory

STATUS = Path("/proc/self/status")


def resident_bytes() -> int:
    """What this process holds in memory of its own, mapped files left out. Linux only."""
    line = next(line for line in STATUS.read_text("ascii").splitlines() if line.startswith("RssAnon:"))
    return int(line.split()[1]) << 10


def opened(directory: Path) -> Books:
    """The books of a directory."""
    books = Books(directory, Vocabularies())
    books.open()
    return books


def main(directory: Path) -> None:
    """Open an empty directory first, so that what every process needs is there."""
    keep_freed_memory()
    warm()
    with tempfile.TemporaryDirectory() as empty:
        opened(Path(empty)).close()
    gc.collect()
    before = resident_bytes()
    books = opened(directory)
    gc.collect()
    print(resident_bytes() - before)
    books.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
