"""The files of past values of a new checkpoint: those of the one before, as links, and what came since.

A file is merged with those after it while it is no more than twice as large, so that there are few. It is written anew
where it tells of records that were deleted since, or of times that are no longer to be kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from segmentd.facts.journal.errors import FactsDamagedError
from segmentd.facts.journal.files import read_content, write_file, write_table
from segmentd.facts.journal.history_index import INDEX, HistoryFile, HistoryIndex, encode_index
from segmentd.facts.journal.history_values import read_values, write_values
from segmentd.facts.journal.model import CheckpointFile
from segmentd.facts.past_values import Gone, History, PastValues, joined

MERGED_VALUES: Final = 1_000_000
"""Values that files are merged to, at most: that many are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A file of past values, and the folder of a checkpoint where it is."""

    about: HistoryFile
    file: CheckpointFile
    folder: Path

    def read(self) -> Iterator[PastValues]:
        """Its values, a chunk at a time. Raises FactsDamagedError and StoreFailedError."""
        with pa.BufferReader(read_content(self.folder / self.file.name, self.file)) as source:
            yield from read_values(source)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is not kept: what was replaced up to `oldest_us`. Files are written anew that begin before `late_us`."""

    oldest_us: int = 0
    late_us: int = 0


@dataclass(slots=True)
class Carrying:
    """Fills the folder of a new checkpoint. Raises OSError, FactsDamagedError and StoreFailedError."""

    folder: Path
    before: HistoryIndex
    limits: Limits
    gone: Gone
    _files: list[Filed] = field(default_factory=list)
    _number: int = 0
    _kept_from_us: int = 0

    def carry(self, filed: Iterable[Filed], history: History, up_to_us: int) -> tuple[HistoryIndex, list[Filed]]:
        """The files, in the folder with their index, of what was filed before and of what came since."""
        self._number = max((each.number for each in self.before.files), default=0)
        self._kept_from_us = self.before.kept_from_us
        for each in filed:
            self._take(each)
        self._add(history.values)
        for each in self._files:
            if each.folder != self.folder:
                _link(each.folder / each.file.name, self.folder / each.file.name)
        index = HistoryIndex(up_to_us, self._kept_from_us, tuple(each.about for each in self._files))
        return index, self._files

    def _take(self, filed: Filed) -> None:
        about = filed.about
        if about.last_us <= self.limits.oldest_us:
            self._kept_from_us = max(self._kept_from_us, about.last_us)
        elif about.first_us <= self.limits.late_us or self._tells_of_gone(filed):
            self._write(self._left(filed.read()))
        else:
            self._files.append(filed)

    def _tells_of_gone(self, filed: Filed) -> bool:
        return bool(self.gone) and any(each.without(self.gone) is not each for each in filed.read())

    def _left(self, values: Iterable[PastValues]) -> Iterator[PastValues]:
        for each in values:
            left = each.after(self.limits.oldest_us)
            if len(left) < len(each):
                self._kept_from_us = max(self._kept_from_us, self.limits.oldest_us)
            yield left.without(self.gone)

    def _add(self, values: Iterable[PastValues]) -> None:
        # A book to which nothing was written since the checkpoint before still tells what that has.
        new = (each.after(self.before.up_to_us) for each in values)
        parts = [each for each in self._left(new) if len(each)]
        count = sum(map(len, parts))
        while parts and self._files and self._files[-1].about.values <= min(2 * count, MERGED_VALUES - count):
            last = self._files[-1]
            try:
                parts = [*last.read(), *parts]
            except FactsDamagedError:
                break  # it stays as it is, for whoever asks for it to be told: checkpoints go on
            count += last.about.values
            self._files.pop()
            if last.folder == self.folder:
                (last.folder / last.file.name).unlink()
        self._write(joined(parts))

    def _write(self, values: Iterable[PastValues]) -> None:
        seen = _Seen()
        self._number += 1
        table = f"{INDEX}.{self._number}"
        file = write_file(self.folder, table, lambda sink: write_values(sink, seen.watch(values)))
        if seen.values:
            about = HistoryFile(self._number, seen.first_us, seen.last_us, seen.values)
            self._files.append(Filed(about, file, self.folder))
        else:
            (self.folder / file.name).unlink()


@dataclass(slots=True)
class _Seen:
    """What passed by on the way into a file."""

    values: int = 0
    first_us: int = 0
    last_us: int = 0

    def watch(self, values: Iterable[PastValues]) -> Iterator[PastValues]:
        for each in values:
            if len(each):
                first_us, last_us = int(each.until_us[0]), int(each.until_us[-1])
                self.first_us = min(self.first_us, first_us) if self.values else first_us
                self.last_us = max(self.last_us, last_us)
                self.values += len(each)
                yield each


def write_index(folder: Path, index: HistoryIndex) -> CheckpointFile:
    """Write the index into a checkpoint's folder."""
    return write_table(folder, INDEX, encode_index(index))


def _link(path: Path, new: Path) -> None:
    """Have a file in another folder too; where the file system has no links, a copy."""
    try:
        os.link(path, new)
    except OSError:
        with (
            path.open("rb") as source,
            os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to,
        ):
            shutil.copyfileobj(source, to)
            to.flush()
            os.fsync(to.fileno())
