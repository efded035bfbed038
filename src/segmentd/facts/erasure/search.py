"""Looking for texts and numbers in every byte of a data directory, also while a server owns it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyarrow as pa

from segmentd.facts.erasure.sqlite_chains import joints

MIN_BYTES: Final = 4
"""Shorter texts, and smaller numbers, are anywhere by chance."""

PIECE_BYTES: Final = 1 << 20
ROUNDS: Final = 3
"""So often files are looked for that came while others were read."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LEAST_NUMBER: Final = 1 << 24
_HALF: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Needle:
    """What is looked for: a text, and bytes in which files may have it, written in some form."""

    text: str
    form: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that has a text: at a byte of the file, or somewhere in an Arrow file's column."""

    text: str
    form: str
    path: Path
    place: str


def needles_of(text: str) -> tuple[Needle, ...]:
    """The bytes that stand for a text in files. ValueError where it is too short to be told from chance.

    As it is, as JSON, messages and names write it, and, of a number, as eight bytes: of `1234567.89` its minor units.
    """
    if len(text.encode()) < MIN_BYTES:
        raise ValueError(f"{text!r} is too short to be looked for: by chance it is anywhere; {MIN_BYTES} bytes are not")
    escaped = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1])
    forms = {"text": text, **{f"escaped text {each}": each for each in escaped}, "quoted text": quote(text, safe="")}
    found = {written.encode(): Needle(text, form, written.encode()) for form, written in reversed(forms.items())}
    number = int(text.replace(".", "")) if _NUMBER.fullmatch(text) else 0
    if _LEAST_NUMBER <= abs(number) < _HALF:
        raw = number.to_bytes(8, "little", signed=True)
        found[raw] = Needle(text, "number", raw)
    return tuple(found.values())


def search(
    folder: Path, needles: Iterable[Needle], report: Callable[[int, int], None] = lambda _done, _total: None
) -> Iterator[Finding]:
    """Where the needles are in the files below a folder: the first place of each in each file.

    Files that go meanwhile are passed over, those that come are looked at. `report`: bytes done, of how many. Raises
    OSError where a file cannot be read.
    """
    wanted, known = tuple(needles), set[tuple[Path, int]]()
    for _ in range(ROUNDS):
        found = [(path, key) for path, key in _files(folder) if key not in known]
        sizes = {path: _size(path) for path, _ in found}
        done, total = 0, sum(sizes.values())
        for path, key in found:
            known.add(key)
            yield from _search_file(folder, path, wanted)
            done += sizes[path]
            report(done, total)


def _files(folder: Path) -> Iterator[tuple[Path, tuple[Path, int]]]:
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file():
                yield path, (path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            continue


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _search_file(folder: Path, path: Path, needles: tuple[Needle, ...]) -> Iterator[Finding]:
    name = path.relative_to(folder)
    for needle in needles:
        if needle.content in str(name).encode():
            yield Finding(needle.text, needle.form, name, "its name")
    try:
        left = set(needles)
        for needle, byte in _search_bytes(path, needles):
            left.discard(needle)
            yield Finding(needle.text, needle.form, name, f"byte {byte:,}")
        for needle, page in _search_chains(path, left):
            yield Finding(needle.text, needle.form, name, f"page {page:,} and the next")
        if path.suffix == ".arrow":
            for needle, column in _search_arrow(path, needles):
                yield Finding(needle.text, needle.form, name, f"column {column}")
    except FileNotFoundError:
        return


def _search_bytes(path: Path, needles: tuple[Needle, ...]) -> Iterator[tuple[Needle, int]]:
    """The file's own bytes. Pieces overlap by as much as a needle may lie across their ends."""
    overlap = max(len(needle.content) for needle in needles) - 1
    left, tail, start = set(needles), b"", 0
    with path.open("rb") as file:
        while left and (piece := file.read(PIECE_BYTES)):
            content = tail + piece
            for needle in tuple(left):
                if (at := content.find(needle.content)) >= 0:
                    left.discard(needle)
                    yield needle, start + at
            tail = content[-overlap:]
            start += len(content) - len(tail)


def _search_chains(path: Path, left: set[Needle]) -> Iterator[tuple[Needle, int]]:
    """What begins on one page of a database and ends on another."""
    width = max((len(needle.content) for needle in left), default=1) - 1
    for page, joint in joints(path, width) if left and path.suffix == ".sqlite3" else ():
        for needle in tuple(left):
            if needle.content in joint:
                left.discard(needle)
                yield needle, page


def _search_arrow(path: Path, needles: tuple[Needle, ...]) -> Iterator[tuple[Needle, str]]:
    """What an Arrow file holds when it is read: its buffers may be compressed."""
    found = set[tuple[Needle, str]]()
    with pa.OSFile(str(path)) as source:
        try:
            file = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            return  # unfinished, or no Arrow file: its bytes were looked at
        for number in range(file.num_record_batches):
            batch = file.get_batch(number)
            for field, column in zip(batch.schema.names, batch.columns, strict=True):
                for needle in needles:
                    if (needle, field) not in found and _has(column, needle.content):
                        found.add((needle, field))
                        yield needle, field


def _has(column: pa.Array, content: bytes) -> bool:
    return any(_find(memoryview(buffer), content) for buffer in column.buffers() if buffer is not None)


def _find(buffer: memoryview, content: bytes) -> bool:
    """Whether a buffer has the bytes, looked at in pieces, so that no large copy is made."""
    overlap = len(content) - 1
    starts = range(0, max(len(buffer), 1), PIECE_BYTES)
    return any(content in bytes(buffer[max(start - overlap, 0) : start + PIECE_BYTES]) for start in starts)
