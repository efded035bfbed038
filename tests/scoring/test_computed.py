"""Values of computed attributes as columns of the API."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from segmentd.columns.planes import pack
from segmentd.engine import ComputedValues
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, DataType, Kind
from segmentd.scoring.computed import encode_computed
from segmentd.scoring.scatter import spread_computed

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
PRESENT = np.array([True, False, False, True])
UNKNOWN = np.array([False, False, True, False])

CASES: list[tuple[DataType, Any, str, list[Any]]] = [
    (BOOL, np.array([True, True, True, False]), "bools", [True, False]),
    (INT64, np.array([7, 9, 9, -(2**63)]), "integers", [7, -(2**63)]),
    (DataType(Kind.DECIMAL, 2, "EUR"), np.array([7, 9, 9, -5]), "integers", [7, -5]),
    (TIMESTAMP, np.array([7, 9, 9, -5]), "integers", [7, -5]),
    (DOUBLE, np.array([0.5, np.nan, np.nan, -0.0]), "doubles", [0.5, -0.0]),
    # The starts of 1970-01-02 and 1969-12-31 in Prague, an hour before those in Greenwich.
    (DATE, np.array([DAY_US - HOUR_US, 0, 0, -DAY_US - HOUR_US]), "integers", [1, -1]),
    (STRING, pa.array(["ř", None, None, ""], pa.string()), "dictionary", ["ř", ""]),
    (LIST, pa.array([["a", "b"], None, None, []], pa.list_(pa.string())), "lists", [["a", "b"], []]),
]


def computed(type_: DataType, values: Any) -> ComputedValues:
    """Four rows: a value, a missing one, an unknown one, a value."""
    return ComputedValues("x", type_, values, pack(PRESENT), pack(UNKNOWN))


def cells(column: Any) -> list[Any]:
    """The values of a column, missing ones included."""
    form = column.WhichOneof("values")
    if form == "dictionary":
        words = list(column.dictionary.dictionary)
        return [words[code] if code < len(words) else None for code in column.dictionary.codes]
    if form == "lists":
        ends = np.cumsum(column.lists.lengths).tolist()
        return [list(column.lists.values[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    return list(getattr(column, form).values)


@pytest.mark.parametrize(("type_", "values", "form", "expected"), CASES, ids=[str(case[0]) for case in CASES])
def test_values_come_in_the_field_of_their_type(type_: DataType, values: Any, form: str, expected: list[Any]) -> None:
    """Present rows have their values, missing and unknown ones none, and unknown ones are told apart."""
    message = encode_computed(computed(type_, values), 4, "Europe/Prague")
    assert (message.column.attribute, message.column.WhichOneof("values")) == ("x", form)
    found = cells(message.column)
    assert len(found) == 4
    assert [found[0], found[3]] == expected
    assert message.column.validity == (b"" if type_ == LIST else b"\x09")
    assert message.unknowns == b"\x04"


def test_validity_is_left_out_where_every_row_has_a_value() -> None:
    """With a value on every row there is neither a validity nor a plane of unknowns."""
    ones, zeros = pack(np.ones(4, np.bool_)), pack(np.zeros(4, np.bool_))
    message = encode_computed(ComputedValues("x", INT64, np.arange(4), ones, zeros), 4, "UTC")
    assert (message.column.validity, message.unknowns) == (b"", b"")


@pytest.mark.parametrize(("type_", "values", "form", "expected"), CASES, ids=[str(case[0]) for case in CASES])
def test_spread_values_stand_at_their_rows(type_: DataType, values: Any, form: str, expected: list[Any]) -> None:
    """Spread over seven rows, each value is at its new row, and rows without one are missing, not unknown."""
    spread = spread_computed(computed(type_, values), np.array([6, 1, 2, 4]), 7)
    message = encode_computed(spread, 7, "Europe/Prague")
    found = cells(message.column)
    assert [found[6], found[4]] == expected
    assert message.column.WhichOneof("values") == form
    if type_ != LIST:
        assert message.column.validity == b"\x50"
    assert message.unknowns == b"\x04"
