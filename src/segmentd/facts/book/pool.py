"""Interned texts: each distinct text of a field has a dense number, which rows hold in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.lasting import grown, lasting
from segmentd.engine.facts.texts import Bytes, Numbers, Words, add, copy_table, drop, entries_for, find, is_full

MAX_TEXT_BYTES: Final = 2**31 - 1
"""Texts are given out as one Arrow string array, whose offsets have 32 bits."""

TABLE_GROWTH: Final = 4
"""A hash table is made larger by this part: it is copied from front to back, which is quick, and room takes memory."""

_FIRST_BYTES: Final = 1024
_FIRST_TEXTS: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class PoolView:
    """The first `count` texts of a pool, which never change while others are added."""

    pool: Bytes
    table: Words
    count: int
    secrets: Words
    _texts: list[pa.StringArray] = field(default_factory=list)

    def find(self, texts: pa.StringArray) -> Numbers:
        """The numbers of texts, -1 of those that it lacks."""
        return find(bytes_of(texts), self.pool, self.count, self.table, self.secrets)

    def texts(self) -> pa.StringArray:
        """All texts, by number; the same array each time."""
        if not self._texts:
            self._texts.append(strings(self.bytes()))
        return self._texts[0]

    def bytes(self) -> Bytes:
        """All texts, by number."""
        offsets = self.pool.offsets[: self.count + 1]
        return Bytes(self.pool.data[: offsets[-1]], offsets)


class TextPool:
    """Texts by number, in the order of arrival, with a hash table of them. One thread adds; others have views."""

    def __init__(self, secrets: Words) -> None:
        self._secrets = secrets
        self._pool = Bytes(np.empty(_FIRST_BYTES, np.uint8), np.zeros(_FIRST_TEXTS + 1, np.int32))
        self._table = np.zeros(entries_for(0), np.uint64)
        self._copied_at = 0
        """How many texts there were when the table was last copied, after which no longer the newest come last."""
        self.count = 0
        self._view: PoolView | None = None

    @classmethod
    def restore(cls, texts: Bytes, table: Words, secrets: Words) -> TextPool:
        """The pool of some texts and their hash table, both of which are copied."""
        pool = cls(secrets)
        pool._reserve(len(texts), texts.size)
        pool._pool.data[: texts.size] = texts.data[texts.offsets[0] : texts.offsets[-1]]
        pool._pool.offsets[: len(texts.offsets)] = texts.offsets - texts.offsets[0]
        pool._table = lasting(len(table), np.uint64)
        pool._table[:] = table
        pool.count = pool._copied_at = len(texts)
        return pool

    @property
    def size(self) -> int:
        """The bytes of all texts."""
        return int(self._pool.offsets[self.count])

    def has_room(self, texts: pa.StringArray) -> bool:
        """Whether so many more bytes can be kept."""
        return self.size + bytes_of(texts).size <= MAX_TEXT_BYTES

    def find(self, texts: pa.StringArray) -> Numbers:
        """The numbers of texts, -1 of those that it lacks."""
        return find(bytes_of(texts), self._pool, self.count, self._table, self._secrets)

    def add(self, texts: Bytes) -> Numbers:
        """The numbers of texts; new ones are added. OverflowError where they take more than `MAX_TEXT_BYTES`."""
        if self.size + texts.size > MAX_TEXT_BYTES:
            raise OverflowError(f"texts of {self.size + texts.size} bytes; a pool holds {MAX_TEXT_BYTES}")
        self._reserve(self.count + len(texts), self.size + texts.size)
        numbers, self.count = add(texts, self._pool, self.count, self._table, self._secrets)
        return numbers

    def add_texts(self, texts: pa.StringArray) -> Numbers:
        """The numbers of texts; new ones are added."""
        return self.add(bytes_of(texts))

    def mark(self) -> tuple[int, ...]:
        """How much there is, to `truncate` to."""
        return (self.count,)

    def truncate(self, mark: tuple[int, ...]) -> None:
        """Forget what came after a mark."""
        (count,) = mark
        if count >= self.count:
            return
        if count < self._copied_at:
            self._table = copy_table(self._table, len(self._table), count)
            self._copied_at = count
        else:
            drop(self._pool, self.count, count, self._table, self._secrets)
        self.count = count
        self._view = None

    def view(self) -> PoolView:
        """What it holds now."""
        if self._view is None or self._view.count != self.count:
            self._view = PoolView(self._pool, self._table, self.count, self._secrets)
        return self._view

    def _reserve(self, count: int, size: int) -> None:
        """Room for so many texts of so many bytes. What views hold is left as it is."""
        data, offsets = self._pool.data, self._pool.offsets
        if size > len(data):
            data = grown(data, min(max(size, 2 * len(data)), MAX_TEXT_BYTES))
        if count + 1 > len(offsets):
            offsets = grown(offsets, max(count + 1, 2 * len(offsets)))
        if is_full(self._table, count):
            entries = entries_for(count + count // TABLE_GROWTH)
            self._table, self._copied_at = copy_table(self._table, entries, self.count), self.count
        self._pool = Bytes(data, offsets)


@dataclass(frozen=True, slots=True, eq=False)
class ListPoolView:
    """The first lists of a pool."""

    elements: PoolView
    lists: PoolView
    _arrays: list[pa.ListArray] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many lists there are."""
        return self.lists.count

    def texts(self) -> pa.ListArray:
        """All lists of texts, by number; the same array each time."""
        if not self._arrays:
            offsets, numbers = numbers_of(self.lists)
            elements = self.elements.texts().take(pa.array(numbers))
            self._arrays.append(pa.ListArray.from_arrays(pa.array(offsets), elements))
        return self._arrays[0]


class ListPool:
    """Lists of texts by number, interned as the bytes of their elements' numbers. The empty list has the number 0."""

    def __init__(self, secrets: Words, lists: TextPool | None = None, elements: TextPool | None = None) -> None:
        self.elements = elements or TextPool(secrets)
        self.lists = lists or TextPool(secrets)
        if not self.lists.count:
            self.lists.add(Bytes(np.zeros(1, np.uint8), np.zeros(2, np.int32)))
        self._view: ListPoolView | None = None

    @property
    def count(self) -> int:
        """How many lists there are."""
        return self.lists.count

    def add(self, lists: pa.ListArray) -> Numbers:
        """The numbers of lists without nulls; new ones are added."""
        numbers = self.elements.add_texts(lists.flatten())
        ends = lists.offsets.to_numpy().astype(np.int32)
        return self.lists.add(bytes_of_numbers(numbers, ends - ends[0]))

    def mark(self) -> tuple[int, ...]:
        """How much there is, to `truncate` to."""
        return self.lists.count, self.elements.count

    def truncate(self, mark: tuple[int, ...]) -> None:
        """Forget what came after a mark."""
        self.lists.truncate(mark[:1])
        self.elements.truncate(mark[1:])
        self._view = None

    def has_room(self, lists: pa.ListArray) -> bool:
        """Whether so many more bytes can be kept."""
        elements = lists.flatten()
        return self.elements.has_room(elements) and self.lists.size + 4 * len(elements) <= MAX_TEXT_BYTES

    def view(self) -> ListPoolView:
        """What it holds now."""
        if self._view is None or self._view.count != self.count:
            self._view = ListPoolView(self.elements.view(), self.lists.view())
        return self._view


def bytes_of_numbers(numbers: Numbers, offsets: npt.NDArray[np.int32]) -> Bytes:
    """Lists of numbers as texts."""
    return Bytes(np.ascontiguousarray(numbers, np.int32).view(np.uint8), offsets * np.int32(4))


def numbers_of(lists: PoolView) -> tuple[npt.NDArray[np.int32], Numbers]:
    """Offsets and elements of lists that are kept as bytes."""
    kept = lists.bytes()
    return kept.offsets // np.int32(4), kept.data.view(np.int32)


def bytes_of(texts: pa.StringArray) -> Bytes:
    """The texts of an array without nulls, in place."""
    if not len(texts):
        return Bytes(np.zeros(0, np.uint8), np.zeros(1, np.int32))
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)
    return Bytes(np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8), places)


def strings(texts: Bytes) -> pa.StringArray:
    """Texts as an array, in place."""
    buffers = [None, pa.py_buffer(texts.offsets), pa.py_buffer(texts.data)]
    return pa.StringArray.from_buffers(len(texts), buffers[1], buffers[2])
