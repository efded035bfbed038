"""Long values in SQLite files, which lie on chains of pages: what begins on one page and ends on the next.

See the file format, https://www.sqlite.org/fileformat.html: a cell of a table's leaf keeps the beginning of a long
value and the number of the first overflow page; an overflow page begins with the number of the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

MAGIC: Final = b"SQLite format 3\0"
HEADER_BYTES: Final = 100
NUMBER_BYTES: Final = 4

_TABLE_LEAF: Final = 13


def joints(path: Path, width: int) -> Iterator[tuple[int, bytes]]:
    """Where values go on: the number of each page, with up to `width` bytes of its end and of the next page's content.

    None for a file that is no SQLite database. Where a page only looks as if it were part of a chain, its joint is of
    bytes that do not belong together. Raises OSError.
    """
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
            return
        given = int.from_bytes(header[16:18], "big")
        size = 65_536 if given == 1 else given
        usable, count = size - header[20], path.stat().st_size // size
        for number in range(1, count + 1):
            file.seek((number - 1) * size)
            page = file.read(size)[:usable]
            for end, successor in _ends(page, number, usable):
                if 1 < successor <= count:
                    yield number, end[-width:] + _content(file, successor, size, width)


def _content(file: BinaryIO, number: int, size: int, width: int) -> bytes:
    file.seek((number - 1) * size + NUMBER_BYTES)
    return file.read(width)


def _ends(page: bytes, number: int, usable: int) -> Iterator[tuple[bytes, int]]:
    """What a page holds at the ends of values, with the number of the page where each goes on."""
    yield page, int.from_bytes(page[:NUMBER_BYTES], "big")
    start = HEADER_BYTES if number == 1 else 0
    if len(page) < usable or page[start] != _TABLE_LEAF:
        return
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    for place in range(start + 8, min(start + 8 + 2 * cells, usable - 1), 2):
        cell = int.from_bytes(page[place : place + 2], "big")
        size, after = _varint(page, cell)
        _, begin = _varint(page, after)
        local = _local_bytes(size, usable)
        if local < size and begin + local + NUMBER_BYTES <= usable:
            end = begin + local
            yield page[begin:end], int.from_bytes(page[end : end + NUMBER_BYTES], "big")


def _local_bytes(size: int, usable: int) -> int:
    """How much of a value is on the leaf itself."""
    if size <= usable - 35:
        return size
    least = (usable - 12) * 32 // 255 - 23
    more = least + (size - least) % (usable - NUMBER_BYTES)
    return more if more <= usable - 35 else least


def _varint(page: bytes, place: int) -> tuple[int, int]:
    """A number of up to nine bytes, and where it ends."""
    value = 0
    for byte in page[place : place + 8]:
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    last = page[place] if place < len(page) else 0
    return value << 8 | last, place + 1
