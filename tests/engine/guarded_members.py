"""Takes members out of memory that ends where a page begins that may not be touched: a byte more kills the process."""

from __future__ import annotations

import ctypes
import mmap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.planes import pack
from segmentd.engine.members.extraction import address
from segmentd.kernels.members import cutting, extraction, roaring
from segmentd.kernels.members import messages as membership_wire

PAGES: Final = 8
NO_ACCESS: Final = 0
SPARE: Final = 1_024
"""Bytes of room that are more than any kernel asks for."""

ROWS: Final = (1, 7, 63, 64, 65, 128, 500)


class Shelf:
    """Arrays, each of which ends where a page begins that may not be touched."""

    def __init__(self) -> None:
        self._kept: list[mmap.mmap] = []

    def put(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A copy of the array at the end of memory of its own."""
        memory = mmap.mmap(-1, (PAGES + 1) * mmap.PAGESIZE)
        whole = np.frombuffer(memory, np.uint8)
        end = PAGES * mmap.PAGESIZE
        refused = ctypes.c_void_p(whole.ctypes.data + end)
        if ctypes.CDLL(None, use_errno=True).mprotect(refused, mmap.PAGESIZE, NO_ACCESS):
            raise OSError(ctypes.get_errno(), "mprotect")
        self._kept.append(memory)
        placed = whole[end - array.nbytes : end].view(array.dtype)
        placed[:] = array
        return placed

    def empty(self, size: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Memory for a result of exactly so many values."""
        return self.put(np.zeros(size, dtype))


def take_everything(rows: int, density: float, id_bytes: int) -> None:
    """Run each kernel over planes, numbers and texts that end at once, into results of exactly their size."""
    shelf = Shelf()
    bools = np.random.default_rng([rows, id_bytes]).random(rows) < density
    plane, count = shelf.put(pack(bools)), int(bools.sum())
    planes = np.array([address(plane)], np.int64)
    for dtype, take in ((np.int64, extraction.take_words), (np.int32, extraction.take_halves)):
        values = shelf.put(np.arange(rows, dtype=dtype))
        taken = shelf.empty(count, dtype)
        take(address(plane), rows, address(values), address(taken), count)
        expect(taken, values[bools])
    found = shelf.empty(count, np.uint32)
    extraction.scan_rows(planes, rows, 0, address(found), count)
    expect(found, np.flatnonzero(bools))
    # Short copies need room on both sides: exactly none on both, and on either alone.
    for more_data, more_room in ((SPARE, 0), (0, SPARE), (0, 0)):
        ends = shelf.put(np.arange(rows + 1, dtype=np.int32) * id_bytes)
        texts = shelf.put(np.random.default_rng(rows).integers(97, 122, rows * id_bytes + more_data).astype(np.uint8))
        size = extraction.sum_texts(planes, rows, address(ends))
        out_ends, out = shelf.empty(count, np.int32), shelf.empty(size + more_room, np.uint8)
        text = (address(ends), address(texts), texts.nbytes)
        extraction.take_texts(planes, rows, *text, 0, address(out_ends), address(out), size + more_room)
        expect(out[:size], texts[: rows * id_bytes].reshape(rows, id_bytes)[bools].ravel())
        size = membership_wire.measure_strings(address(plane), rows, address(ends)) + more_room
        membership_wire.write_strings(address(plane), rows, 10, *text, address(shelf.empty(size, np.uint8)), size)
    cut = np.zeros((1, 1), np.uint64)
    cutting.cut_planes(address(plane), len(plane), rows // 2, cut, ~np.uint64(0), np.zeros(1, np.int64))
    counts = shelf.empty(64 * len(plane), np.uint16)
    cutting.count_by_row(address(plane), 1, len(plane), address(counts))
    expect(counts[:rows], bools)
    write_messages(shelf, plane, rows, count, text)


def write_messages(shelf: Shelf, plane: npt.NDArray[Any], rows: int, count: int, text: tuple[int, int, int]) -> None:
    """Write messages with each kind of details, and a bitmap."""
    counts, nobody = shelf.put(np.array([count])), shelf.put(np.zeros(1, np.int64))
    names, name_ends = shelf.put(np.frombuffer(b"\x0a\x01a", np.uint8)), shelf.put(np.array([0, 3]))
    for content in (membership_wire.TEXTS, membership_wire.ROWS, membership_wire.BITS):
        sizes = np.zeros((1, 2), np.int64)
        shared = (
            address(name_ends),
            address(counts),
            address(nobody),
            address(plane),
            address(plane),
            rows,
            5,
            text[0],
        )
        size = membership_wire.measure_memberships(content, *shared, sizes)
        out = shelf.empty(size, np.uint8)
        written = membership_wire.write_memberships(
            content, address(names), *shared, *text[1:], sizes, address(out), size
        )
        expect(np.array([written]), np.array([size]))
    scratch = np.empty(roaring.CONTAINER_WORDS, np.uint64), np.empty((3, 2), np.int64)
    bitmap_ends = np.zeros(2, np.int64)
    bitmap = shelf.empty(2 * count + 8 * 4, np.uint8)
    roaring.write_bitmaps(np.array([address(plane)]), rows, 65_500, *scratch, bitmap, address(bitmap), bitmap_ends)


def expect(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    """Raise AssertionError unless the arrays are equal."""
    np.testing.assert_array_equal(found, expected)


def main() -> None:
    """Take every example, say how many there were, and then read beyond on purpose."""
    done = 0
    for rows in ROWS:
        for density in (0.0, 0.3, 0.9, 1.0):
            for id_bytes in (0, 1, 12, 15, 16, 17, 40):
                take_everything(rows, density, id_bytes)
                done += 1
    print(done, flush=True)  # noqa: T201 - the test reads it
    edge = Shelf().empty(2, np.int64)
    extraction.take_words(address(np.full(1, 2**63, np.uint64)), 64, address(edge), address(edge), 1)
    print("beyond")  # noqa: T201 - never reached


if __name__ == "__main__":
    main()
