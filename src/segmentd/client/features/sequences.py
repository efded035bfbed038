"""One list of Python values as a column; None is a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.client.values import microseconds
from segmentd.moments import EPOCH

EXACT_DIGITS: Final = 15
"""A decimal of up to this many digits is found again from the double nearest to it (IEEE 754 binary64)."""


def encode_sequence(values: Sequence[Any]) -> pb.Column | None:
    """A column of Python values of one type: bool, int, float, str, Decimal, datetime, date, or lists of str.

    None if every value is None. Raises TypeError for a mixture (int and float may be mixed) or another type.
    """
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    types = {type(value) for value in plain} - {type(None)}
    if not types:
        return None
    if types <= {list, tuple}:
        return encode_lists(plain)
    column = encode_present(plain, types)
    if None in plain:
        present = np.array([value is not None for value in plain])
        column.validity = np.packbits(present, bitorder="little").tobytes()
    return column


def encode_present(values: list[Any], types: set[type]) -> pb.Column:
    """The values, with anything in the place of missing ones."""
    match sorted(kind.__name__ for kind in types):
        case ["str"]:
            return encode_text(values)
        case ["bool"]:
            return pb.Column(bools=pb.BoolValues(values=[bool(value) for value in values]))
        case ["int"]:
            return integers([value or 0 for value in values])
        case ["float"] | ["float", "int"]:
            return pb.Column(doubles=pb.DoubleValues(values=[value or 0.0 for value in values]))
        case ["Decimal"]:
            return pb.Column(doubles=pb.DoubleValues(values=[exact_double(value or Decimal()) for value in values]))
        case ["datetime"]:
            return integers([microseconds(value or EPOCH) for value in values])
        case ["date"]:
            return integers([days(value or EPOCH) for value in values])
        case names:
            raise TypeError(f"values of type {' and '.join(names)} fit no attribute")


def encode_text(values: Sequence[str | None]) -> pb.Column:
    """Text, each distinct value once, missing where a value is None."""
    codes: dict[str, int] = {}
    coded = [0 if value is None else codes.setdefault(value, len(codes)) for value in values]
    column = pb.Column(dictionary=pb.DictionaryValues(dictionary=codes or [""], codes=coded))
    if None in values:
        present = np.array([value is not None for value in values])
        column.validity = np.packbits(present, bitorder="little").tobytes()
    return column


def encode_lists(values: Sequence[Sequence[str] | None]) -> pb.Column:
    """Lists of text; None is an empty list."""
    lists = [value or () for value in values]
    elements = [element for value in lists for element in value]
    return pb.Column(lists=pb.StringListValues(lengths=[len(value) for value in lists], values=elements))


def integers(values: list[int]) -> pb.Column:
    """Whole numbers."""
    return pb.Column(integers=pb.IntegerValues(values=values))


def days(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH.toordinal()


def exact_double(amount: Decimal) -> float:
    """The double nearest to an amount. Raises ValueError if the amount cannot be told from it."""
    if len(amount.as_tuple().digits) > EXACT_DIGITS:
        raise ValueError(f"{amount} has more than {EXACT_DIGITS} digits; give an Arrow column of decimal128")
    return float(amount)
