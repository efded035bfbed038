"""Columns as a caller gives them, before they are checked against the ledger's attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segmentd.columns.errors import ColumnWidthError, ListLengthsError, ValidityLengthError
from segmentd.columns.planes import Buffer, Plane, byte_count, from_bitmap, popcount
from segmentd.schema import Kind

MAX_DICTIONARY: Final = 1 << 20
"""Distinct values that a column's dictionary may have."""


@unique
class ElementType(Enum):
    """What raw bytes hold; the value is NumPy's name of the element, little-endian."""

    FLOAT64 = "<f8"
    FLOAT32 = "<f4"
    INT64 = "<i8"
    INT32 = "<i4"
    INT16 = "<i2"
    INT8 = "|i1"
    BIT = "bit"


_INTEGERS: Final = frozenset({ElementType.INT8, ElementType.INT16, ElementType.INT32, ElementType.INT64})

RAW_ELEMENTS: Final[Mapping[Kind, frozenset[ElementType]]] = {
    Kind.BOOL: frozenset({ElementType.BIT, ElementType.INT8}),
    Kind.INT64: _INTEGERS,
    Kind.DECIMAL: _INTEGERS,
    Kind.DOUBLE: frozenset({ElementType.FLOAT32, ElementType.FLOAT64}),
    Kind.TIMESTAMP: frozenset({ElementType.INT64}),
    Kind.DATE: frozenset({ElementType.INT32}),
}
"""The elements that raw bytes of an attribute may have; text has none."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes without gaps, little-endian; of BIT: lowest bit of the first byte first, rounded up to bytes."""

    element: ElementType
    data: Buffer

    def rows(self, attribute: str) -> int | None:
        """The number of elements; None for BIT, whose bytes do not tell. ColumnWidthError if it is not whole."""
        if self.element is ElementType.BIT:
            return None
        width: int = np.dtype(self.element.value).itemsize
        if len(self.data) % width:
            raise ColumnWidthError(
                attribute, size=len(self.data), width=str(width), expected=f"an element takes {width} bytes"
            )
        return len(self.data) // width

    def numbers(self) -> npt.NDArray[Any]:
        """The elements, in place; not of BIT."""
        return np.frombuffer(self.data, dtype=self.element.value)

    def plane(self, attribute: str, rows: int) -> Plane:
        """The bits of `rows` rows. ColumnWidthError if there are more or fewer bytes than they take."""
        if len(self.data) != byte_count(rows):
            expected = f"the bits of {rows} rows take {byte_count(rows)} bytes"
            raise ColumnWidthError(attribute, size=len(self.data), width="1/8", expected=expected)
        return from_bitmap(self.data, rows)


@dataclass(frozen=True, slots=True)
class Strings:
    """A string a row; None is missing."""

    values: Sequence[str | None]

    def rows(self, _attribute: str) -> int:
        """One a value."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Coded:
    """A code a row into a dictionary."""

    dictionary: Sequence[str]
    codes: npt.NDArray[np.integer]

    def rows(self, _attribute: str) -> int:
        """One a code."""
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Lists:
    """A length a row, and the elements of all rows one after the other."""

    lengths: npt.NDArray[np.integer]
    elements: Sequence[str]

    def rows(self, attribute: str) -> int:
        """One a length. ListLengthsError if the lengths do not add up to the elements."""
        total = int(self.lengths.sum(dtype=np.int64))
        if total != len(self.elements):
            raise ListLengthsError(attribute, elements=len(self.elements), expected=total)
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number or truth value a row. `build_fixed` says which element types fit which attribute."""

    values: npt.NDArray[Any]

    def rows(self, _attribute: str) -> int:
        """One a value."""
        return len(self.values)


Values = Numbers | Raw | Strings | Coded | Lists


@dataclass(frozen=True, slots=True)
class GivenColumn:
    """One attribute's values, with a bitmap of the rows that have one; empty: all have."""

    attribute: str
    values: Values
    validity: Buffer = b""


def read_validity(attribute: str, bitmap: Buffer, rows: int) -> Plane | None:
    """The plane of a validity bitmap; None where it is empty or every row is present.

    ValidityLengthError unless it has exactly one bit a row, rounded up to bytes.
    """
    if len(bitmap) == 0:
        return None
    if len(bitmap) != byte_count(rows):
        raise ValidityLengthError(attribute, size=len(bitmap), expected=byte_count(rows))
    validity = from_bitmap(bitmap, rows)
    return None if popcount(validity) == rows else validity
