"""Feature batches in three forms that mean the same, and every way in which one can be wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.v1 import feature_batch_pb2 as pb
from segmentd.api.v1 import scoring_service_pb2
from segmentd.api.wire import length_delimited
from segmentd.columns.column import Batch, BoolColumn, FixedColumn, ListColumn, TextColumn
from segmentd.columns.planes import unpack
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Kind,
    Schema,
    Subject,
)
from segmentd.scoring.batches import ROW_LIMIT, SPARE_COLUMNS, decode_batch
from segmentd.scoring.request_parts import split_request

EUR = DataType(Kind.DECIMAL, 2, "EUR")
SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("income", DOUBLE),
        AttributeSpec("age", INT64),
        AttributeSpec("balance", EUR),
        AttributeSpec("active", BOOL),
        AttributeSpec("city", STRING),
        AttributeSpec("tags", LIST),
        AttributeSpec("seen", TIMESTAMP),
        AttributeSpec("born", DATE),
        AttributeSpec("rich", BOOL, expression="customer.income > 9.0"),
    ),
)
DAY_US = 86_400_000_000
Raw = pb.RawValues


def decode(message: pb.FeatureBatch, schema: Schema = SCHEMA) -> Batch:
    """The batch of a request with these features."""
    request = scoring_service_pb2.ScoreRequest(features=message)
    return decode_batch(split_request(request.SerializeToString(), streamed=False), schema)


def column(attribute: str, values: Any, validity: bytes = b"") -> pb.Column:
    """A column whose values are given as their message."""
    fields: dict[type, str] = {
        pb.DoubleValues: "doubles",
        pb.FloatValues: "floats",
        pb.IntegerValues: "integers",
        pb.BoolValues: "bools",
        pb.StringValues: "strings",
        pb.DictionaryValues: "dictionary",
        pb.StringListValues: "lists",
        pb.RawValues: "raw",
    }
    return pb.Column(attribute=attribute, validity=validity, **{fields[type(values)]: values})


def columns(*given: pb.Column, **rest: Any) -> pb.FeatureBatch:
    """A batch of columns."""
    return pb.FeatureBatch(columns=pb.ColumnBatch(columns=given, **rest))


def values_of(batch: Batch) -> dict[str, list[Any]]:
    """A batch as Python values, None where one is missing."""
    return {attribute: _cells(found, batch.rows) for attribute, found in batch.columns.items()}


def _cells(found: object, rows: int) -> list[Any]:
    match found:
        case TextColumn():
            texts = [*found.dictionary.to_pylist(), None]
            return [texts[code] for code in found.codes]
        case ListColumn():
            lists = found.dictionary.to_pylist()
            return [lists[code] for code in found.codes]
        case BoolColumn() | FixedColumn():
            cells = unpack(found.values, rows).tolist() if isinstance(found, BoolColumn) else found.values.tolist()
            present = [True] * rows if found.validity is None else unpack(found.validity, rows).tolist()
            return [cell if there else None for cell, there in zip(cells, present, strict=True)]
    raise AssertionError(found)


FITTING: list[tuple[str, Any, list[Any]]] = [
    ("income", pb.DoubleValues(values=[1.5, -0.0, 3e300]), [1.5, -0.0, 3e300]),
    ("income", pb.FloatValues(values=[1.5, 0.1, 2.0]), [1.5, float(np.float32(0.1)), 2.0]),
    ("income", Raw(type=Raw.ELEMENT_TYPE_FLOAT64, data=np.array([1.5, 2, 3], "<f8").tobytes()), [1.5, 2, 3]),
    ("income", Raw(type=Raw.ELEMENT_TYPE_FLOAT32, data=np.array([1.5, 2, 3], "<f4").tobytes()), [1.5, 2, 3]),
    ("age", pb.IntegerValues(values=[-(2**63), 0, 2**63 - 1]), [-(2**63), 0, 2**63 - 1]),
    ("age", Raw(type=Raw.ELEMENT_TYPE_INT64, data=np.array([-1, 2, 3], "<i8").tobytes()), [-1, 2, 3]),
    ("age", Raw(type=Raw.ELEMENT_TYPE_INT32, data=np.array([-1, 2, 3], "<i4").tobytes()), [-1, 2, 3]),
    ("age", Raw(type=Raw.ELEMENT_TYPE_INT16, data=np.array([-1, 2, 3], "<i2").tobytes()), [-1, 2, 3]),
    ("age", Raw(type=Raw.ELEMENT_TYPE_INT8, data=b"\xff\x02\x03"), [-1, 2, 3]),
    ("balance", pb.IntegerValues(values=[1, -250, 3]), [1, -250, 3]),
    ("balance", pb.DoubleValues(values=[0.29, -2.5, 1e6]), [29, -250, 100_000_000]),
    ("balance", Raw(type=Raw.ELEMENT_TYPE_INT32, data=np.array([-1, 2, 3], "<i4").tobytes()), [-1, 2, 3]),
    ("active", pb.BoolValues(values=[True, False, True]), [True, False, True]),
    ("active", Raw(type=Raw.ELEMENT_TYPE_BIT, data=b"\x05"), [True, False, True]),
    ("active", Raw(type=Raw.ELEMENT_TYPE_INT8, data=b"\x01\x00\x01"), [True, False, True]),
    ("city", pb.StringValues(values=["Brno", "", "Žďár"]), ["Brno", "", "Žďár"]),
    ("city", pb.DictionaryValues(dictionary=["x", "y", "x"], codes=[2, 1, 0]), ["x", "y", "x"]),
    ("tags", pb.StringListValues(lengths=[2, 0, 1], values=["a", "b", "a"]), [["a", "b"], [], ["a"]]),
    ("seen", pb.IntegerValues(values=[0, -1, 1]), [0, -1, 1]),
    ("seen", Raw(type=Raw.ELEMENT_TYPE_INT64, data=np.array([-1, 2, 3], "<i8").tobytes()), [-1, 2, 3]),
    ("born", pb.IntegerValues(values=[0, -1, 1]), [0, -DAY_US, DAY_US]),
    ("born", Raw(type=Raw.ELEMENT_TYPE_INT32, data=np.array([0, 1, 2], "<i4").tobytes()), [0, DAY_US, 2 * DAY_US]),
]


@pytest.mark.parametrize(("attribute", "values", "expected"), FITTING)
def test_every_form_that_fits_is_read(attribute: str, values: Any, expected: list[Any]) -> None:
    """Each pairing of type and form that the API allows gives the values that were sent."""
    batch = decode(columns(column(attribute, values), row_count=3))
    assert batch.rows == 3
    assert values_of(batch) == {attribute: expected}


@pytest.mark.parametrize(("attribute", "values", "expected"), [f for f in FITTING if f[0] != "tags"])
def test_invalid_rows_are_missing(attribute: str, values: Any, expected: list[Any]) -> None:
    """A row whose validity bit is 0 has no value, whatever stands in its place; spare bits are not read."""
    batch = decode(columns(column(attribute, values, b"\xfd"), row_count=3))
    assert values_of(batch) == {attribute: [expected[0], None, expected[2]]}


def test_every_pairing_that_is_not_listed_is_refused() -> None:
    """A form that does not fit the attribute's type is refused, naming the field and both types."""
    fits = {(name, type(values), values.type if isinstance(values, Raw) else None) for name, values, _ in FITTING} | {
        ("balance", Raw, Raw.ELEMENT_TYPE_INT64),
        ("balance", Raw, Raw.ELEMENT_TYPE_INT16),
    }
    fits.add(("balance", Raw, Raw.ELEMENT_TYPE_INT8))
    refused = 0
    for spec in SCHEMA.given:
        for _, values, _ in FITTING:
            key = (spec.id, type(values), values.type if isinstance(values, Raw) else None)
            if key in fits:
                continue
            error = refusal(columns(column(spec.id, values), row_count=3))
            assert error.reason is ErrorReason.ATTRIBUTE_TYPE_MISMATCH
            assert error.metadata["expected"] == str(spec.type)
            assert error.fields[0].field.startswith("features.columns.columns[0].")
            refused += 1
    assert refused > 80


def refusal(message: pb.FeatureBatch) -> SegmentdError:
    """The error with which a batch is refused."""
    with pytest.raises(SegmentdError) as refused:
        decode(message)
    return refused.value


AGES = column("age", pb.IntegerValues(values=[1, 2, 3]))
NAN = float("nan")

WRONG: list[tuple[str, pb.FeatureBatch, ErrorReason, str]] = [
    ("nothing at all", pb.FeatureBatch(), ErrorReason.FIELD_REQUIRED, "features"),
    ("no rows", columns(), ErrorReason.EMPTY_BATCH, "features.columns"),
    ("columns of no rows", columns(column("age", pb.IntegerValues())), ErrorReason.EMPTY_BATCH, "features.columns"),
    ("too many rows", columns(row_count=(1 << 20) + 1), ErrorReason.TOO_MANY_ROWS, "features.columns"),
    (
        "ragged",
        columns(AGES, column("income", pb.DoubleValues(values=[1.0]))),
        ErrorReason.RAGGED_COLUMNS,
        "features.columns.columns[1].doubles",
    ),
    ("duplicate", columns(AGES, AGES), ErrorReason.DUPLICATE_COLUMN, "features.columns.columns[1].attribute"),
    (
        "unknown attribute",
        columns(AGES, column("incom", pb.DoubleValues(values=[1.0]))),
        ErrorReason.UNKNOWN_ATTRIBUTE,
        "features.columns.columns[1].attribute",
    ),
    (
        "computed attribute",
        columns(column("rich", pb.BoolValues(values=[True]))),
        ErrorReason.INVALID_FIELD,
        "features.columns.columns[0].attribute",
    ),
    (
        "wrong type",
        columns(column("age", pb.DoubleValues(values=[1.0]))),
        ErrorReason.ATTRIBUTE_TYPE_MISMATCH,
        "features.columns.columns[0].doubles",
    ),
    (
        "half an element",
        columns(column("age", Raw(type=Raw.ELEMENT_TYPE_INT64, data=b"1234567"))),
        ErrorReason.COLUMN_WIDTH,
        "features.columns.columns[0].raw",
    ),
    (
        "bits of other rows",
        columns(AGES, column("active", Raw(type=Raw.ELEMENT_TYPE_BIT, data=b"12"))),
        ErrorReason.COLUMN_WIDTH,
        "features.columns.columns[1].raw",
    ),
    (
        "bits alone",
        columns(column("active", Raw(type=Raw.ELEMENT_TYPE_BIT, data=b"1"))),
        ErrorReason.COLUMN_WIDTH,
        "features.columns.columns[0].raw",
    ),
    (
        "raw without a type",
        columns(column("age", Raw(data=b"12345678"))),
        ErrorReason.INVALID_FIELD,
        "features.columns.columns[0].raw.type",
    ),
    (
        "raw of a type that does not exist",
        columns(column("age", Raw(type=99, data=b"12345678"))),  # type: ignore[arg-type]
        ErrorReason.INVALID_FIELD,
        "features.columns.columns[0].raw.type",
    ),
    (
        "no values",
        columns(pb.Column(attribute="age")),
        ErrorReason.FIELD_REQUIRED,
        "features.columns.columns[0].values",
    ),
    (
        "validity too long",
        columns(column("age", pb.IntegerValues(values=[1, 2, 3]), b"\x07\x00")),
        ErrorReason.VALIDITY_LENGTH,
        "features.columns.columns[0].validity",
    ),
    (
        "validity of lists",
        columns(column("tags", pb.StringListValues(lengths=[0]), b"\x01")),
        ErrorReason.VALIDITY_LENGTH,
        "features.columns.columns[0].validity",
    ),
    (
        "code out of range",
        columns(column("city", pb.DictionaryValues(dictionary=["a"], codes=[0, 1]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].dictionary",
    ),
    (
        "largest code",
        columns(column("city", pb.DictionaryValues(dictionary=["a"], codes=[0, 2**32 - 1]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].dictionary",
    ),
    (
        "lengths that do not add up",
        columns(column("tags", pb.StringListValues(lengths=[1, 1], values=["a"]))),
        ErrorReason.RAGGED_COLUMNS,
        "features.columns.columns[0].lists",
    ),
    (
        "lengths beyond 32 bits",
        columns(column("tags", pb.StringListValues(lengths=[2**32 - 1] * 3, values=["a"]))),
        ErrorReason.RAGGED_COLUMNS,
        "features.columns.columns[0].lists",
    ),
    (
        "a decimal that is no number",
        columns(column("balance", pb.DoubleValues(values=[1.0, NAN]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].doubles",
    ),
    (
        "a fraction of a cent",
        columns(column("balance", pb.DoubleValues(values=[0.125]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].doubles",
    ),
    (
        "a moment after the last year",
        columns(column("seen", pb.IntegerValues(values=[2**62]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].integers",
    ),
    (
        "a day after the last year",
        columns(column("born", pb.IntegerValues(values=[0, 3_000_000]))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].integers",
    ),
    (
        "a truth value of 2",
        columns(column("active", Raw(type=Raw.ELEMENT_TYPE_INT8, data=b"\x02"))),
        ErrorReason.INVALID_VALUE,
        "features.columns.columns[0].raw",
    ),
    ("ids of other rows", columns(row_count=2, ids=["a"]), ErrorReason.RAGGED_COLUMNS, "features.columns.ids"),
    ("ids of other columns", columns(AGES, ids=["a"]), ErrorReason.RAGGED_COLUMNS, "features.columns.ids"),
    (
        "row count of other columns",
        columns(AGES, row_count=2),
        ErrorReason.RAGGED_COLUMNS,
        "features.columns.row_count",
    ),
    (
        "ragged, of which one is as long as there are ids",
        columns(AGES, column("income", pb.DoubleValues(values=[1.0])), ids=["a"]),
        ErrorReason.RAGGED_COLUMNS,
        "features.columns.columns[0].integers",
    ),
    ("no vectors", pb.FeatureBatch(vectors=pb.VectorBatch()), ErrorReason.EMPTY_BATCH, "features.vectors.vectors"),
    (
        "unknown attribute of vectors",
        pb.FeatureBatch(vectors=pb.VectorBatch(attributes=["age", "agee"], vectors=[pb.FeatureVector()])),
        ErrorReason.UNKNOWN_ATTRIBUTE,
        "features.vectors.attributes[1]",
    ),
    (
        "duplicate attribute of vectors",
        pb.FeatureBatch(vectors=pb.VectorBatch(attributes=["age", "age"], vectors=[pb.FeatureVector()])),
        ErrorReason.DUPLICATE_COLUMN,
        "features.vectors.attributes[1]",
    ),
    (
        "too few slots",
        pb.FeatureBatch(
            vectors=pb.VectorBatch(
                attributes=["age", "born"],
                vectors=[pb.FeatureVector(integers=[1, 2]), pb.FeatureVector(integers=[1])],
            )
        ),
        ErrorReason.RAGGED_COLUMNS,
        "features.vectors.vectors[1].integers",
    ),
    (
        "slots of no attribute",
        pb.FeatureBatch(
            vectors=pb.VectorBatch(attributes=["age"], vectors=[pb.FeatureVector(integers=[1], bools=[True])])
        ),
        ErrorReason.RAGGED_COLUMNS,
        "features.vectors.vectors[0].bools",
    ),
    (
        "nulls too long",
        pb.FeatureBatch(
            vectors=pb.VectorBatch(attributes=["age"], vectors=[pb.FeatureVector(integers=[1], nulls=b"\x00\x00")])
        ),
        ErrorReason.VALIDITY_LENGTH,
        "features.vectors.vectors[0].nulls",
    ),
    (
        "a value of vectors out of range",
        pb.FeatureBatch(
            vectors=pb.VectorBatch(attributes=["age", "seen"], vectors=[pb.FeatureVector(integers=[1, 2**62])])
        ),
        ErrorReason.INVALID_VALUE,
        "features.vectors.attributes[1]",
    ),
    (
        "ids of other vectors",
        pb.FeatureBatch(
            vectors=pb.VectorBatch(attributes=["age"], vectors=[pb.FeatureVector(integers=[1])], ids=["a", "b"])
        ),
        ErrorReason.RAGGED_COLUMNS,
        "features.vectors.ids",
    ),
    ("garbage", pb.FeatureBatch(arrow=b"garbage"), ErrorReason.MALFORMED_ARROW, "features.arrow"),
    ("no bytes", pb.FeatureBatch(arrow=b""), ErrorReason.MALFORMED_ARROW, "features.arrow"),
]


@pytest.mark.parametrize(("message", "reason", "field"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_batch_is_refused_with_its_field(message: pb.FeatureBatch, reason: ErrorReason, field: str) -> None:
    """Each way of being wrong has its reason and names the field at fault."""
    error = refusal(message)
    assert (error.reason, [each.field for each in error.fields]) == (reason, [field])


def test_the_nearest_attribute_is_proposed() -> None:
    """A misspelt attribute is answered with the one that was likely meant."""
    error = refusal(columns(column("incom", pb.DoubleValues(values=[1.0]))))
    assert error.metadata["nearest"] == "income"
    assert "'income'" in error.message


@pytest.mark.parametrize(
    ("message", "metadata"),
    [
        (columns(), {"field": "features.columns"}),
        (pb.FeatureBatch(vectors=pb.VectorBatch()), {"field": "features.vectors.vectors"}),
        (columns(AGES, row_count=2), {"field": "features.columns.row_count", "rows": "2", "expected": "3"}),
        (columns(AGES, ids=["a"]), {"field": "features.columns.ids", "rows": "1", "expected": "3"}),
        (
            columns(column("rich", pb.BoolValues(values=[True]))),
            {"field": "features.columns.columns[0].attribute", "attribute": "rich", "value": "rich"},
        ),
        (columns(column("zzzzzz", pb.BoolValues(values=[True]))), {"attribute": "zzzzzz"}),
    ],
)
def test_an_error_that_is_about_no_column_has_its_field_as_metadata(
    message: pb.FeatureBatch, metadata: dict[str, str]
) -> None:
    """Where `error_reason.proto` says so, the field is in the metadata too; nothing in there is empty."""
    assert dict(refusal(message).metadata) == metadata


def test_what_is_wrong_in_a_missing_row_is_not_read() -> None:
    """NaN in a decimal, a code out of range and a moment out of range do not matter where the row has no value."""
    batch = decode(
        columns(
            column("balance", pb.DoubleValues(values=[NAN, 1.0]), b"\x02"),
            column("city", pb.DictionaryValues(dictionary=["a"], codes=[7, 0]), b"\x02"),
            column("seen", pb.IntegerValues(values=[2**62, 5]), b"\x02"),
        ),
        SCHEMA,
    )
    assert values_of(batch) == {"balance": [None, 100], "city": [None, "a"], "seen": [None, 5]}


def test_rows_need_no_columns() -> None:
    """A batch may have ids or a row count alone: every attribute is missing on its rows."""
    assert decode(columns(row_count=70)).rows == 70
    named = decode(columns(ids=["a", "ř"]))
    assert (named.rows, named.ids.to_pylist() if named.ids else None) == (2, ["a", "ř"])


def test_the_most_rows_are_taken() -> None:
    """A batch of exactly 1,048,576 rows is accepted."""
    assert decode(columns(row_count=ROW_LIMIT.most)).rows == 1_048_576


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "income": st.floats(allow_nan=False),
    "age": st.integers(-(2**63), 2**63 - 1),
    "balance": st.integers(-(2**63), 2**63 - 1),
    "active": st.booleans(),
    "city": st.text(max_size=5),
    "tags": st.lists(st.text(max_size=3), max_size=3),
    "seen": st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    "born": st.integers(-719_161, 2_932_895),
}
SLOT = {"income": "doubles", "active": "bools", "city": "strings", "tags": "lists"}
EMPTY: dict[str, Any] = {"income": 0.0, "active": False, "city": "?", "tags": ["?"]}
Table = dict[str, list[Any]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Columns of random attributes, missing values among them (never for lists)."""
    names = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, unique=True))
    rows = draw(st.sampled_from([1, 2, 7, 8, 9, 65]))
    cell = {name: CELLS[name] if name == "tags" else st.none() | CELLS[name] for name in names}
    return {name: draw(st.lists(cell[name], min_size=rows, max_size=rows)) for name in names}


def as_columns(table: Table) -> pb.FeatureBatch:
    """The table in the form of columns."""
    make: dict[str, Callable[[list[Any]], Any]] = {
        "income": lambda cells: pb.DoubleValues(values=cells),
        "active": lambda cells: pb.BoolValues(values=cells),
        "city": lambda cells: pb.StringValues(values=cells),
        "tags": lambda cells: pb.StringListValues(lengths=map(len, cells), values=[e for c in cells for e in c]),
    }
    given = []
    for name, cells in table.items():
        validity = np.packbits([cell is not None for cell in cells], bitorder="little").tobytes()
        filled = [EMPTY.get(name, 0) if cell is None else cell for cell in cells]
        values = make[name](filled) if name in make else pb.IntegerValues(values=filled)
        given.append(column(name, values, b"" if name == "tags" else validity))
    return columns(*given)


def as_vectors(table: Table) -> pb.FeatureBatch:
    """The table in the form of vectors; nulls are cut after the last byte that is not zero."""
    vectors = []
    for row in range(len(next(iter(table.values())))):
        vector = pb.FeatureVector()
        nulls = np.packbits([cells[row] is None for cells in table.values()], bitorder="little").tobytes()
        vector.nulls = nulls.rstrip(b"\0")
        for name, cells in table.items():
            value = EMPTY.get(name, 0) if cells[row] is None else cells[row]
            if name == "tags":
                vector.lists.append(pb.StringList(values=value))
            else:
                getattr(vector, SLOT.get(name, "integers")).append(value)
        vectors.append(vector)
    return pb.FeatureBatch(vectors=pb.VectorBatch(attributes=list(table), vectors=vectors))


def as_arrow(table: Table) -> pb.FeatureBatch:
    """The table in the form of an Arrow IPC stream."""
    types = {
        "income": pa.float64(),
        "active": pa.bool_(),
        "city": pa.string(),
        "tags": pa.list_(pa.string()),
        "seen": pa.timestamp("us", "UTC"),
        "born": pa.date32(),
    }
    arrays = {name: pa.array(cells, types.get(name, pa.int64())) for name, cells in table.items()}
    whole = pa.table(arrays)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole, max_chunksize=3)
    return pb.FeatureBatch(arrow=sink.getvalue().to_pybytes())


@pytest.mark.parametrize("form", [as_columns, as_vectors, as_arrow])
@given(table=tables())
def test_the_three_forms_mean_the_same(form: Callable[[Table], pb.FeatureBatch], table: Table) -> None:
    """Random columns give the same values in each form: those that were put in."""
    expected = {
        name: [None if cell is None else cell * DAY_US for cell in cells] if name == "born" else cells
        for name, cells in table.items()
    }
    assert values_of(decode(form(table))) == expected


def test_a_missing_list_of_a_vector_is_empty() -> None:
    """What stands in the slot of a list that is marked as missing is not read."""
    vector = pb.FeatureVector(lists=[pb.StringList(values=["x"])], nulls=b"\x01")
    batch = decode(pb.FeatureBatch(vectors=pb.VectorBatch(attributes=["tags"], vectors=[vector])))
    assert values_of(batch) == {"tags": [[]]}


def test_days_begin_in_the_zone_of_the_ledger() -> None:
    """A DATE is the moment at which its day begins in the ledger's time zone."""
    schema = Schema(Subject.CUSTOMER, SCHEMA.attributes, "Europe/Prague")
    batch = decode(columns(column("born", pb.IntegerValues(values=[0]))), schema)
    midnight = dt.datetime(1969, 12, 31, 23, tzinfo=dt.UTC)
    assert values_of(batch) == {"born": [int(midnight.timestamp()) * 1_000_000]}


def test_ids_come_with_vectors_and_arrow() -> None:
    """A vector batch's `ids` and an Arrow field `id` name the rows."""
    vectors = pb.VectorBatch(attributes=["age"], vectors=[pb.FeatureVector(integers=[1])], ids=["v"])
    batch = decode(pb.FeatureBatch(vectors=vectors))
    assert batch.ids is not None
    assert batch.ids.to_pylist() == ["v"]
    sink = pa.BufferOutputStream()
    table = pa.table({"id": ["a"], "age": [3]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    batch = decode(pb.FeatureBatch(arrow=sink.getvalue().to_pybytes()))
    assert batch.ids is not None
    assert batch.ids.to_pylist() == ["a"]


@pytest.mark.parametrize(
    ("batch", "field"),
    [
        (columns(column("age", pb.IntegerValues(values=[1, 2])), ids=["a", "x" * 1_025]), "features.columns.ids"),
        (
            pb.FeatureBatch(
                vectors=pb.VectorBatch(
                    attributes=["age"], vectors=[pb.FeatureVector(integers=[1])] * 2, ids=["a", "é" * 513]
                )
            ),
            "features.vectors.ids",
        ),
    ],
)
def test_ids_are_short(batch: pb.FeatureBatch, field: str) -> None:
    """An id of more than 1,024 bytes is refused with its row; one of 1,024 is taken."""
    with pytest.raises(SegmentdError) as refused:
        decode(batch)
    assert (refused.value.reason, refused.value.metadata["row"]) == (ErrorReason.INVALID_VALUE, "1")
    assert [each.field for each in refused.value.fields] == [field]
    fits = columns(column("age", pb.IntegerValues(values=[1])), ids=["x" * 1_024])
    assert decode(fits).rows == 1


def test_a_batch_of_far_too_many_columns_is_not_parsed() -> None:
    """The columns are counted first: the one that no parser takes is found in a batch of one column less only."""
    no_text = b"\x0a\x03\x0a\x01\xff"
    outcomes = []
    for columns_given in (len(SCHEMA.attributes) + SPARE_COLUMNS, len(SCHEMA.attributes) + SPARE_COLUMNS + 1):
        body = length_delimited(b"\x0a", b"\x0a\x00" * (columns_given - 1) + no_text)
        with pytest.raises(SegmentdError) as raised:
            decode_batch(split_request(length_delimited(b"\x12", body), streamed=False), SCHEMA)
        outcomes.append((raised.value.reason, raised.value.message))
    too_many = (
        "features.columns.columns '1034 columns' is not allowed: a batch has a column for each of 9 attributes at most"
    )
    assert outcomes[0][0] is ErrorReason.MALFORMED_REQUEST
    assert outcomes[1] == (ErrorReason.INVALID_FIELD, too_many)
