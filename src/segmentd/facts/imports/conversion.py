"""Values of one type as those of a field: what can become what, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.files import inferred_type
from segmentd.facts.imports.mapping import ColumnType
from segmentd.facts.imports.moments import dates_of, start_of_dates, to_utc
from segmentd.facts.imports.texts import LISTS, UTC_MOMENT, Reading, Values, read_amounts, read_texts
from segmentd.facts.kinds import AMOUNT, FIELDS, RecordKind
from segmentd.schema import MAX_SCALE, STRING, AttributeSpec, DataType, Kind

_WIDEST: Final = 76
"""Digits of Arrow's widest decimals."""

_NUMBERS: Final = frozenset({Kind.INT64, Kind.DECIMAL, Kind.DOUBLE})

_SOURCES: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.STRING: frozenset({Kind.INT64}),
    Kind.LIST: frozenset(),
    Kind.BOOL: frozenset(),
    Kind.INT64: frozenset(),
    Kind.DOUBLE: frozenset({Kind.INT64, Kind.DECIMAL}),
    Kind.DECIMAL: _NUMBERS,
    Kind.DATE: frozenset({Kind.TIMESTAMP}),
    Kind.TIMESTAMP: frozenset({Kind.DATE}),
}
"""What a field of a kind can be taken from, beside its own kind and text."""


@dataclass(frozen=True, slots=True)
class Target:
    """A field that is to be set. `is_amount`: its currency, and so its digits, are those of the record's account."""

    name: str
    type: DataType
    is_amount: bool

    @classmethod
    def of(cls, kind: RecordKind, spec: AttributeSpec) -> Target:
        """The field of a kind of record."""
        return cls(spec.id, spec.type, FIELDS[kind].get(spec.id) == AMOUNT)

    def takes(self, source: DataType) -> bool:
        """Whether values of a type can become those of the field."""
        if self.is_amount:
            return source.kind in _NUMBERS or source == STRING
        if source.kind is Kind.DECIMAL and self.type.kind is Kind.DECIMAL:
            return source.scale <= self.type.scale
        return source in (self.type, STRING) or source.kind in _SOURCES[self.type.kind]


def convert(array: pa.Array, source: DataType, target: Target, reading: Reading) -> Values:
    """The values of a field that takes the source's type, from an array as `normalized` gives it."""
    if source == STRING:
        return read_amounts(array, reading) if target.is_amount else read_texts(array, ColumnType(target.type), reading)
    match source.kind, target.type.kind:
        case Kind.DATE, Kind.TIMESTAMP:
            return Values(start_of_dates(array, reading.day_zone))
        case Kind.TIMESTAMP, Kind.DATE:
            return Values(dates_of(array, reading.day_zone))
        case Kind.INT64, Kind.STRING:
            return Values(array.cast(pa.string()))
        case ((Kind.INT64 | Kind.DECIMAL), Kind.DOUBLE):
            return Values(array.cast(pa.float64()))
        case _:
            return Values(array)


def normalized(array: pa.Array, type_: DataType, reading: Reading) -> pa.Array:
    """A column of a file that has types of its own, in the one Arrow type that stands for its type."""
    match type_.kind:
        case Kind.STRING:
            return array.cast(pa.string())
        case Kind.LIST:
            return array.cast(LISTS)
        case Kind.INT64:
            return array.cast(pa.int64())
        case Kind.DOUBLE:
            return array.cast(pa.float64())
        case Kind.DATE:
            return array.cast(pa.date32())
        case Kind.TIMESTAMP if array.type.tz is None:
            return to_utc(array.cast(pa.timestamp("us"), safe=False), reading.time_zone)
        case Kind.TIMESTAMP:
            return array.cast(UTC_MOMENT, safe=False)  # what is finer than a microsecond is cut
        case _:
            return array


def without_spare_digits(array: pa.Array) -> Values:
    """Decimals with at most nine digits after the point; those that need more are wrong."""
    if not pa.types.is_decimal(array.type) or array.type.scale <= MAX_SCALE:
        return Values(array)
    cut = array.cast(pa.decimal256(_WIDEST, MAX_SCALE), safe=False)
    wrong = pc.fill_null(pc.not_equal(cut.cast(pa.decimal256(_WIDEST, array.type.scale)), array), False)
    kept = pc.if_else(wrong, pa.scalar(None, cut.type), cut)
    is_wrong = wrong.to_numpy(zero_copy_only=False)
    return Values(
        kept, is_wrong if is_wrong.any() else None, f"a decimal has at most {MAX_SCALE} digits after the point"
    )


def type_of(arrow: pa.DataType) -> DataType | None:
    """The type of a file's column; None where no field can be taken from it. A column of nulls is text."""
    if pa.types.is_decimal(arrow):
        return DataType(Kind.DECIMAL, min(max(arrow.scale, 0), MAX_SCALE))
    return STRING if pa.types.is_null(arrow) else inferred_type(pa.field("column", arrow))


def prefixed(prefix: str, array: pa.Array) -> pa.Array:
    """Texts with something in front, missing where they were."""
    return pc.binary_join_element_wise(pa.scalar(prefix), array, "") if prefix else array


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
