"""What of a fact is aggregated: numbers by row, which rows have one, and which rows have one that nobody knows.

A measure that is missing does not count. An amount that every record has and that is missing all the same could not be
converted into the ledger's currency: it is unknown. Two amounts need not be there; then others tell why they are not:
`balance_after` of a transaction could not be converted if `amount` could not either; `balance` of an account that is
kept in another currency than the ledger's is unknown where it is missing, for nothing says which of the two it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.build import missing_column
from segmentd.columns.column import Batch, BoolColumn, Codes, Column, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import Plane, clear_tail, pack, unpack, zeros
from segmentd.facts.kinds import REQUIRED, RecordKind
from segmentd.schema import DataType, Kind

AMOUNT: Final = "amount"
BALANCE_AFTER: Final = "balance_after"
BALANCE: Final = "balance"
CURRENCY: Final = "currency"

_SIGN: Final = np.int64(2**63 - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A column of facts: `present` rows have a value, that of `unknown` rows is not known; None: all, and none."""

    column: Column
    present: Plane | None
    unknown: Plane | None

    @property
    def scale(self) -> int:
        """Digits after the point of a DECIMAL's minor units."""
        return self.column.type.scale

    @property
    def is_double(self) -> bool:
        """Whether the values are doubles."""
        return self.column.type.kind is Kind.DOUBLE

    def numbers(self) -> npt.NDArray[Any]:
        """The values as int64 or float64[rows]."""
        if not isinstance(self.column, FixedColumn):
            raise TypeError(f"{self.column.type} is no number")
        return self.column.values.astype(np.float64 if self.is_double else np.int64, copy=False)

    def ordered(self) -> npt.NDArray[np.int64]:
        """Whole numbers in the order of the values, equal where these are."""
        numbers = self.numbers()
        return order_of_doubles(numbers) if self.is_double else numbers

    def distinct(self) -> npt.NDArray[np.int64]:
        """Whole numbers that are equal where the values are; all NaNs are one value."""
        match self.column:
            case FixedColumn():
                return self.ordered()
            case BoolColumn():
                return unpack(self.column.values, len(self.column.values) * 64).astype(np.int64)
            case TextColumn() | ListColumn():
                return same_codes(self.column.codes, self.column.dictionary).astype(np.int64)

    def not_numbers(self) -> Plane | None:
        """The rows whose value is NaN, None where there is none."""
        if not self.is_double:
            return None
        found = np.isnan(self.numbers())
        return pack(found) if found.any() else None


def measure_of(batch: Batch, kind: RecordKind, name: str, type_: DataType) -> Measure:
    """The field of facts, of a type; no fact has it where the batch does not."""
    column = batch.columns.get(name)
    if column is None:
        column = missing_column(type_, batch.rows)
    present = _present(column)
    if present is None:
        return Measure(column, None, None)
    if kind is RecordKind.ACCOUNT and name == BALANCE:
        return Measure(column, present, complement(present, batch.rows) & _in_other_currency(batch, type_.currency))
    return Measure(column, present, _unknown(batch, kind, name, present))


def _present(column: Column) -> Plane | None:
    match column:
        case FixedColumn() | BoolColumn():
            return column.validity
        case TextColumn():
            missing = column.codes == len(column.dictionary)
            return pack(~missing) if missing.any() else None
        case ListColumn():
            return None


def _unknown(batch: Batch, kind: RecordKind, name: str, present: Plane) -> Plane | None:
    if name in REQUIRED[kind]:
        return complement(present, batch.rows)
    if kind is RecordKind.TRANSACTION and name == BALANCE_AFTER:
        amount = batch.columns.get(AMOUNT)
        known = zeros(batch.rows) if amount is None else _present(amount)
        return None if known is None else complement(known | present, batch.rows)
    return None


def _in_other_currency(batch: Batch, currency: str) -> Plane:
    column = batch.columns.get(CURRENCY)
    if not isinstance(column, TextColumn):
        return zeros(batch.rows)
    others = pc.not_equal(column.dictionary, currency).to_numpy(zero_copy_only=False).astype(np.bool_)
    return pack(np.append(others, False)[column.codes])


def complement(plane: Plane, rows: int) -> Plane:
    """The other rows."""
    others = ~plane
    if rows:
        clear_tail(others, rows)
    return others


def both(left: Plane | None, right: Plane | None) -> Plane | None:
    """The rows of two planes, None being all rows."""
    if left is None or right is None:
        return right if left is None else left
    return left & right


def either(left: Plane | None, right: Plane | None) -> Plane | None:
    """The rows of one of two planes, None being no row."""
    if left is None or right is None:
        return right if left is None else left
    return left | right


def order_of_doubles(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole numbers in the order of doubles; zeros are equal, NaNs too, and greater than all others."""
    bits = np.where(np.isnan(values), np.float64("nan"), values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _SIGN)


def doubles_of_order(ordered: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The doubles of `order_of_doubles`."""
    found: npt.NDArray[np.float64] = (ordered ^ ((ordered >> 63) & _SIGN)).view(np.float64)
    return found


def same_codes(codes: Codes, dictionary: pa.Array) -> Codes:
    """Codes that are equal where the texts, or lists, are: a dictionary may have one of them more than once.

    -1 of a code past the dictionary's end.
    """
    if 2 * len(codes) < len(dictionary):  # a large pool of texts of which few are here: look at these alone
        distinct, places = np.unique(codes, return_inverse=True)
        there = distinct[distinct < len(dictionary)]
        return same_codes(places.astype(np.int32), dictionary.take(pa.array(there)))
    used = np.zeros(len(dictionary) + 1, np.bool_)
    used[codes] = True
    places = np.flatnonzero(used[:-1])
    values = dictionary.take(pa.array(places))
    if pa.types.is_list(values.type):
        values = pa.array(["\0".join(each) + f"\0{len(each)}" for each in values.to_pylist()], pa.string())
    same = np.full(len(dictionary) + 1, -1, np.int32)
    same[places] = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    found: Codes = same[codes]
    return found
