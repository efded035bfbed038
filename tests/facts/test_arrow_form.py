"""Batches survive their way through bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.column import FixedColumn
from segmentd.facts.arrow_form import decode_batch, encode_batch, fitted, size_of
from segmentd.facts.kinds import AMOUNT, RecordKind
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, DataType, Kind
from tests.facts.ingestion.batches import batch_of, column_of, vocabulary_of
from tests.facts.ingestion.naive_book import values_of

TYPES = {
    "flag": BOOL,
    "count": INT64,
    "share": DOUBLE,
    "limit": DataType(Kind.DECIMAL, 2, "EUR"),
    "note": STRING,
    "seen": TIMESTAMP,
    "born": DATE,
    "tags": LIST,
}
VOCABULARY = vocabulary_of(TYPES)

WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans() | st.none(),
    "share": st.floats(allow_nan=False) | st.none(),
    "note": TEXT | st.none(),
    "tags": st.lists(TEXT, max_size=3),
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[int, dict[str, list[Any]]]:
    """A number of rows around the length of a word, and values of some attributes for each."""
    rows = draw(st.integers(0, 3) | st.sampled_from([63, 64, 65, 130]))
    chosen = draw(st.sets(st.sampled_from(sorted(TYPES))))
    each = {id_: VALUES.get(id_, WHOLE | st.none()) for id_ in sorted(chosen)}
    return rows, {id_: draw(st.lists(value, min_size=rows, max_size=rows)) for id_, value in each.items()}


@given(columns(), st.lists(TEXT, max_size=3), st.booleans(), st.data())
def test_every_column_comes_back(
    drawn: tuple[int, dict[str, list[Any]]],
    deletions: list[str],
    erasing: bool,  # noqa: FBT001
    data: st.DataObject,
) -> None:
    """Values of every type, missing ones, which are said, ids, deletions, and whether customers may be deleted."""
    rows, values = drawn
    given_columns = {id_: column_of(TYPES[id_], each) for id_, each in values.items()}
    batch = batch_of(RecordKind.CUSTOMER, [f"c{row}" for row in range(rows)], given_columns, deletions)
    partly = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()
    flags = st.lists(st.booleans(), min_size=rows, max_size=rows)
    said = {id_: data.draw(flags) for id_ in sorted(partly)}
    batch = replace(batch, said={id_: np.array(each, np.bool_) for id_, each in said.items()})
    written = decode_batch(encode_batch(batch, delete_customers=erasing), VOCABULARY)
    assert written.delete_customers is erasing
    found = written.batch
    assert found.kind is RecordKind.CUSTOMER
    assert found.records.ids is not None
    assert found.records.ids.to_pylist() == [f"c{row}" for row in range(rows)]
    assert {id_: values_of(column, rows) for id_, column in found.records.columns.items()} == values
    assert {id_: column.type for id_, column in found.records.columns.items()} == {id_: TYPES[id_] for id_ in values}
    assert {id_: each.tolist() for id_, each in found.said.items()} == said
    assert found.deletions.to_pylist() == deletions
    assert size_of(found) >= 4 * rows * len(values) // 32


@pytest.mark.parametrize("element", ["|i1", "<i2", "<i4", "<i8"])
def test_narrow_numbers_stay_narrow(element: str) -> None:
    """A column has elements of the width that it came with."""
    column = FixedColumn(INT64, np.arange(100, dtype=element))
    batch = batch_of(RecordKind.CUSTOMER, [str(row) for row in range(100)], {"count": column})
    found = decode_batch(encode_batch(batch), VOCABULARY).batch.records.columns["count"]
    assert isinstance(found, FixedColumn)
    assert found.values.dtype.str == element
    assert found.values.tolist() == list(range(100))


def test_what_the_vocabulary_no_longer_has_is_left_out() -> None:
    """Columns of attributes that are gone or have another type are dropped; the others and the rows stay."""
    given_columns = {"count": column_of(INT64, [1, 2]), "share": column_of(DOUBLE, [0.5, None])}
    batch = batch_of(RecordKind.CUSTOMER, ["a", "b"], {**given_columns, "note": column_of(STRING, ["x", None])})
    partly = np.array([True, False])
    batch = replace(batch, said=dict.fromkeys(("share", "note"), partly))
    later = vocabulary_of({"share": DOUBLE, "note": LIST})
    found = decode_batch(encode_batch(batch), later).batch
    assert (found.records.rows, list(found.records.columns), list(found.said)) == (2, ["share"], ["share"])
    left = fitted(batch, later)
    assert (list(left.records.columns), list(left.said)) == (["share"], ["share"])
    assert fitted(batch, VOCABULARY) is batch


def test_amounts_keep_their_scales() -> None:
    """Amounts that came in major units say how many digits they have after the point."""
    major = DataType(Kind.DECIMAL, 4)
    given_columns = {"amount": column_of(major, [12_345]), "balance_after": column_of(AMOUNT, [1])}
    batch = batch_of(RecordKind.TRANSACTION, ["t"], given_columns)
    scaled = type(batch)(batch.kind, batch.records, batch.rows, {"amount": 4})
    found = decode_batch(encode_batch(scaled), VOCABULARY).batch
    assert found.scales == {"amount": 4}
    assert values_of(found.records.columns["amount"], 1) == [12_345]
    assert values_of(found.records.columns["balance_after"], 1) == [1]
