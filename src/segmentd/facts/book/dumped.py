"""One field of a version as Arrow tables: its values in order, and what they are the numbers of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.engine.facts.rows import Numbers
from segmentd.engine.facts.texts import Bytes, copy_table, entries_for
from segmentd.facts.book.field import Cells, FieldView
from segmentd.facts.book.pool import ListPoolView, PoolView, bytes_of, bytes_of_numbers, numbers_of, strings
from segmentd.facts.book.renumbering import Renumbering, lists_used, used_in
from segmentd.facts.book.sorting import Sorted, gathered, in_place
from segmentd.schema import DataType, Kind

PRESENT: Final = "!"
"""The end of the names of columns that say where a field has a value."""
CELLS, TEXTS, LISTS, HASHES = ".cells", ".texts", ".lists", ".hashes"


@dataclass(frozen=True, eq=False)
class DumpedField:
    """A field of the rows in order, None: those of the prefix. What numbers stand for, has new numbers.

    `slots`: the new numbers of the ids that its values are, if they are; of a list, those of every other element.
    """

    name: str
    field: FieldView
    rows: Sorted | None
    slots: Renumbering | None = None

    @cached_property
    def cells(self) -> Cells:
        """The values as they are kept, without a copy where they are the prefix; no text is the pool's count."""
        field = self.field
        count = 0 if field.pool is None else field.pool.count
        if self.rows is not None:
            return gathered(field, self.rows, count)
        if field.type.kind is Kind.STRING and field.prefix.known != count:
            return gathered(field, in_place(len(field.prefix.values)), count)
        return Cells(field.prefix.values, field.prefix.present)

    @cached_property
    def used(self) -> Renumbering:
        """Which texts or lists the values refer to; the empty list is always there."""
        pool, codes = self.field.pool, self.cells.values
        if pool is None:
            raise TypeError(f"{self.name} has no texts")
        return used_in(np.append(codes, np.int32(0)) if isinstance(pool, ListPoolView) else codes, pool.count)

    def values(self) -> pa.Table:
        """The values, with flags where some are lacking."""
        columns, present = {self.name: array_of(self._renumbered())}, self.cells.present
        if present is not None:
            columns[self.name + PRESENT] = array_of(present)
        metadata = {self.name: type_metadata(self.field.type)}
        fields = [pa.field(name, column.type, metadata=metadata.get(name)) for name, column in columns.items()]
        return pa.Table.from_arrays(list(columns.values()), schema=pa.schema(fields))

    def texts(self) -> pa.Table:
        """The texts that are referred to."""
        return texts_table(*self._texts)

    def hashes(self) -> pa.Table:
        """The hash table of these texts."""
        return hashes_table(*self._texts)

    def lists(self) -> pa.Table:
        """The lists that are referred to, as the bytes of their elements' numbers."""
        offsets, elements = self._lists
        _, texts = self._texts
        if self.slots is None:
            kept = texts.of(elements)
        else:
            kept = np.stack([self.slots.of(elements[::2]), texts.of(elements[1::2])], axis=1).ravel()
        return pa.table({"list": _binary(bytes_of_numbers(kept, offsets))})

    def _renumbered(self) -> npt.NDArray[Any]:
        values = self.cells.values
        match self.field.pool:
            case PoolView():
                return self.used.of_codes(values)
            case ListPoolView():
                return self.used.of(values)
            case _:
                return values if self.slots is None else self.slots.of(values)

    @cached_property
    def _lists(self) -> tuple[npt.NDArray[np.int32], Numbers]:
        pool = self.field.pool
        if not isinstance(pool, ListPoolView):
            raise TypeError(f"{self.name} has no lists")
        return lists_used(*numbers_of(pool.lists), self.used)

    @cached_property
    def _texts(self) -> tuple[PoolView, Renumbering]:
        pool = self.field.pool
        if isinstance(pool, PoolView):
            return pool, self.used
        if not isinstance(pool, ListPoolView):
            raise TypeError(f"{self.name} has no texts")
        _, elements = self._lists
        return pool.elements, used_in(elements if self.slots is None else elements[1::2], pool.elements.count)


def texts_table(pool: PoolView, used: Renumbering) -> pa.Table:
    """The texts of a pool that are used."""
    is_whole = used.numbers is None
    kept = pool.bytes() if is_whole else bytes_of(pool.texts().filter(pa.array(used.changed >= 0)))
    return pa.table({"text": strings(kept)})


def hashes_table(pool: PoolView, used: Renumbering) -> pa.Table:
    """The hash table of the texts of a pool that are used."""
    return pa.table({"entry": array_of(copy_table(pool.table, entries_for(used.count), pool.count, used.changed))})


def type_metadata(type_: DataType) -> Mapping[str, str]:
    """A type as the metadata of a column."""
    return {"kind": type_.kind.value, "scale": str(type_.scale), "currency": type_.currency}


def array_of(values: npt.NDArray[Any]) -> pa.Array:
    """The array of numbers, in place."""
    type_ = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(type_, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _binary(lists: Bytes) -> pa.BinaryArray:
    buffers = [None, pa.py_buffer(lists.offsets), pa.py_buffer(lists.data)]
    return pa.Array.from_buffers(pa.binary(), len(lists), buffers)
