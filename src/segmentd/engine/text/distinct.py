"""The distinct values of columns, and tuples of them: what tabulated operations are evaluated for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.columns.column import Batch, BoolColumn, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.language.tree import Value
from segmentd.schema import Kind, Schema

Codes = npt.NDArray[np.int32]

# Made without `pa.array`, the first use of which imports pandas where that is installed: most of a second of a start.
_TRUTH_VALUES: Final = pa.BooleanArray.from_buffers(pa.bool_(), 2, [None, pa.py_buffer(b"\x02")])
_NO_TEXTS: Final = pa.nulls(0, pa.string())
_EMPTY_LIST: Final = pa.Array.from_buffers(
    pa.list_(pa.string()), 1, [None, pa.py_buffer(bytes(8))], children=[_NO_TEXTS]
)


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column's rows as codes into its distinct values; `missing` is whether a last code stands for no value.

    `values` is an Arrow array without nulls: strings, string lists, integers or truth values. Where they are some of a
    larger dictionary, that is `whole`, and `taken` the places in it, that past its end for the code of no value.
    """

    codes: Codes
    values: pa.Array
    missing: bool
    whole: pa.Array | None = None
    taken: npt.NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.values) + self.missing

    def take(self, codes: npt.NDArray[Any]) -> list[Value]:
        """The values of some codes, as the language has them; None for no value."""
        taken = self.values.take(pa.array(codes, mask=codes == len(self.values))).to_pylist()
        return [tuple(value) if isinstance(value, list) else value for value in taken]


def distinct_column(batch: Batch, attribute: str, schema: Schema) -> Distinct:
    """The distinct values of one attribute in a batch; an absent column has none, an absent list is empty."""
    column = batch.columns.get(attribute)
    if column is None:
        return _absent(batch.rows, attribute, schema)
    return _compact(_of_column(column, batch.rows))


def _absent(rows: int, attribute: str, schema: Schema) -> Distinct:
    spec = schema.get(attribute)
    codes = np.zeros(rows, np.int32)
    if spec is not None and spec.type.kind is Kind.LIST:
        return Distinct(codes, _EMPTY_LIST, missing=False)
    return Distinct(codes, _NO_TEXTS, missing=True)


def _of_column(column: Column, rows: int) -> Distinct:
    match column:
        case TextColumn():
            return Distinct(column.codes, column.dictionary, missing=True)
        case ListColumn():
            return Distinct(column.codes, column.dictionary, missing=False)
        case BoolColumn():
            codes = unpack(column.values, rows).astype(np.int32)
            if column.validity is not None:
                codes[~unpack(column.validity, rows)] = 2
            return Distinct(codes, _TRUTH_VALUES, missing=True)
        case FixedColumn():
            mask = None if column.validity is None else ~unpack(column.validity, rows)
            encoded = pa.array(column.values, mask=mask).dictionary_encode()
            codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
            return Distinct(codes.astype(np.int32), encoded.dictionary, missing=True)


def _compact(distinct: Distinct) -> Distinct:
    """Without the values that no row has, where a large dictionary is shared with rows that are not here."""
    if len(distinct) <= 2 * len(distinct.codes):
        return distinct
    used, codes = np.unique(distinct.codes, return_inverse=True)
    present = used[used < len(distinct.values)]
    values = distinct.values.take(pa.array(present))
    return Distinct(codes.astype(np.int32), values, len(present) < len(used), distinct.values, used)


@dataclass(frozen=True, slots=True)
class DistinctTuples:
    """Rows as codes into the distinct tuples of several columns."""

    codes: Codes
    columns: tuple[Distinct, ...]
    joined: tuple[npt.NDArray[Any], ...]
    """Per column, its code in each distinct tuple; none for a single column, whose codes are those of the tuples."""

    def __len__(self) -> int:
        return len(self.joined[0]) if self.joined else len(self.columns[0])

    def parts(self) -> tuple[npt.NDArray[Any], ...]:
        """Per column, its code in each distinct tuple."""
        return self.joined or (np.arange(len(self)),)

    def to_tuples(self, start: int, stop: int) -> Sequence[tuple[Value, ...]]:
        """Some of the distinct tuples, as the language has them."""
        codes = [part[start:stop] for part in self.joined] or [np.arange(start, stop)]
        listed = [column.take(part) for column, part in zip(self.columns, codes, strict=True)]
        return list(zip(*listed, strict=True))


def distinct_tuples(columns: Sequence[Distinct]) -> DistinctTuples:
    """The distinct tuples of the columns' rows."""
    if len(columns) == 1:
        return DistinctTuples(columns[0].codes, tuple(columns), ())
    codes, parts = columns[0].codes, [np.arange(len(columns[0]), dtype=np.int64)]
    for column in columns[1:]:
        joined = codes.astype(np.int64) * len(column) + column.codes
        encoded = pa.array(joined).dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        pairs = encoded.dictionary.to_numpy(zero_copy_only=False)
        parts = [part[pairs // len(column)] for part in parts] + [pairs % len(column)]
    return DistinctTuples(codes.astype(np.int32), tuple(columns), tuple(parts))
