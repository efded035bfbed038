"""Batches cut and gathered, and columns filled, against Python lists."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.columns.arrow import batch_from_arrow
from segmentd.columns.column import Batch, BoolColumn, FixedColumn, ListColumn, TextColumn
from segmentd.columns.constant import Constant, constant_column, fill_missing
from segmentd.columns.gather import gather
from segmentd.columns.planes import ones
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType
from tests.columns.naive import CENTS, LENGTHS, Value, schema_of, values_in, values_of

TYPES = {"n": INT64, "d": DOUBLE, "b": BOOL, "s": STRING, "l": LIST}
SCHEMA = schema_of(*(AttributeSpec(name, type_) for name, type_ in TYPES.items()))


def random_batch(rows: int, seed: int) -> Batch:
    """Columns of every kind, with and without missing rows."""
    random = np.random.default_rng(seed)
    missing = random.random(rows) < random.choice([0.0, 0.4])
    lists = [None if lost else ["a", "b", "c"][: random.integers(0, 3)] for lost in missing]
    columns = {
        "id": [str(row) for row in range(rows)],
        "n": pa.array(random.integers(-9, 9, rows).astype(np.int16), mask=missing),
        "d": pa.array(random.random(rows), mask=missing),
        "b": pa.array(random.random(rows) < 0.5, mask=missing),
        "s": pa.array([f"t{number}" for number in random.integers(0, 9, rows)], pa.string(), mask=missing),
        "l": pa.array(lists, pa.list_(pa.string())),
    }
    return batch_from_arrow(pa.table(columns), SCHEMA)


@given(st.sampled_from(LENGTHS), st.integers(0, 99), st.data())
def test_gathered_rows_are_the_rows_asked_for(rows: int, seed: int, data: st.DataObject) -> None:
    """In any order, repeated, or lacking: each row has the values of its source, and none where it is -1."""
    batch = random_batch(rows, seed)
    asked = data.draw(st.lists(st.integers(-1, rows - 1), max_size=130))
    gathered = gather(batch, np.array(asked, dtype=np.int64))
    assert gathered.rows == len(asked)
    for name in TYPES:
        whole = values_of(batch, name)
        nothing: Value = [] if name == "l" else None
        assert values_of(gathered, name) == [nothing if row < 0 else whole[row] for row in asked]


def test_a_gathered_dictionary_has_what_its_rows_use() -> None:
    """One row of a thousand texts brings one text, so that work a distinct value is work for one."""
    table = pa.table({"s": [f"t{row}" for row in range(1_000)], "l": [[f"t{row}"] for row in range(1_000)]})
    gathered = gather(batch_from_arrow(table, SCHEMA), np.array([17]))
    text, lists = gathered.columns["s"], gathered.columns["l"]
    assert isinstance(text, TextColumn)
    assert isinstance(lists, ListColumn)
    assert text.dictionary.to_pylist() == ["t17"]
    assert lists.dictionary.to_pylist() == [["t17"]]


def test_only_the_columns_wanted_are_gathered() -> None:
    """Columns that nobody reads cost nothing."""
    assert list(gather(random_batch(65, 0), np.array([3]), ["d", "s"]).columns) == ["d", "s"]


@given(st.sampled_from([0, 64, 4032]), st.sampled_from(LENGTHS), st.integers(0, 70), st.integers(0, 99))
def test_a_slice_of_a_batch_holds_its_rows(start: int, rows: int, after: int, seed: int) -> None:
    """From a multiple of 64, for any number of rows, with their ids; numbers are shared, not copied."""
    batch = random_batch(start + rows + after, seed)
    cut = batch.slice(start, start + rows)
    for name in TYPES:
        assert values_of(cut, name) == values_of(batch, name)[start : start + rows]
    assert cut.ids is not None
    assert cut.ids.to_pylist() == [str(row) for row in range(start, start + rows)]
    whole, part = batch.columns["n"], cut.columns["n"]
    assert isinstance(whole, FixedColumn)
    assert isinstance(part, FixedColumn)
    assert rows == 0 or np.shares_memory(whole.values, part.values)


@pytest.mark.parametrize(("start", "stop"), [(1, 10), (64, 63), (0, 201), (-64, 0)])
def test_other_slices_are_refused(start: int, stop: int) -> None:
    """A slice starts at a word and lies within the batch."""
    with pytest.raises(ValueError, match="no slice of 200 rows"):
        random_batch(200, 0).slice(start, stop)


CONSTANTS: list[tuple[DataType, Constant, object]] = [
    (BOOL, True, True),
    (BOOL, False, False),
    (INT64, -(2**63), -(2**63)),
    (CENTS, 12_345, 12_345),
    (DOUBLE, 0.5, 0.5),
    (STRING, "čaj", "čaj"),
    (TIMESTAMP, 7, 7),
    (DATE, 1, 86_400_000_000 - 3_600_000_000),
]


@pytest.mark.parametrize(("type_", "value", "seen"), CONSTANTS)
@pytest.mark.parametrize("rows", LENGTHS)
def test_a_constant_column_has_its_value_everywhere(type_: DataType, value: Constant, seen: object, rows: int) -> None:
    """A DATE is given in days, and seen as the start of its day in the ledger's zone."""
    column = constant_column(AttributeSpec("x", type_), value, rows, time_zone="Europe/Prague")
    assert column.fits(rows)
    assert values_in(column, rows) == [seen] * rows


@pytest.mark.parametrize(("type_", "value", "seen"), CONSTANTS)
@pytest.mark.parametrize("rows", LENGTHS)
def test_filling_changes_missing_rows_alone(type_: DataType, value: Constant, seen: object, rows: int) -> None:
    """Rows with a value keep it, whatever the width of the column; the others get the default."""
    present = [row % 3 != 0 for row in range(rows)]
    zero = {BOOL: False, STRING: "b"}.get(type_, 0)
    column = fill_missing(
        AttributeSpec("x", type_), column_with(type_, present), value, rows, time_zone="Europe/Prague"
    )
    assert column.fits(rows)
    assert values_in(column, rows) == [zero if bit else seen for bit in present]


def column_with(type_: DataType, present: list[bool]) -> FixedColumn | BoolColumn | TextColumn:
    """A column of zeros, or of `b`, in the narrowest width, missing where it is not present."""
    rows = len(present)
    mask = ~np.array(present, dtype=bool)
    batch = batch_from_arrow(
        pa.table({"s": pa.array(["b"] * rows, pa.string(), mask=mask), "b": pa.array(mask & False, mask=mask)}), SCHEMA
    )
    flags, texts = batch.columns["b"], batch.columns["s"]
    assert isinstance(flags, BoolColumn)
    assert isinstance(texts, TextColumn)
    if type_ in (BOOL, STRING):
        return flags if type_ is BOOL else texts
    width = {DOUBLE: "f4", INT64: "i1", CENTS: "i1"}.get(type_, "i8")
    return FixedColumn(type_, np.zeros(rows, dtype=width), flags.validity)


def test_nothing_is_filled_where_nothing_is_missing() -> None:
    """A column without missing rows is returned as it is."""
    column = FixedColumn(INT64, np.zeros(3, dtype=np.int8))
    assert fill_missing(AttributeSpec("x", INT64), column, 1, 3, time_zone="UTC") is column


WRONG_COLUMNS: dict[str, Callable[[], object]] = {
    "a type without width": lambda: FixedColumn(STRING, np.zeros(1)),
    "a width that the type lacks": lambda: FixedColumn(TIMESTAMP, np.zeros(1, dtype=np.int32)),
    "big-endian values": lambda: FixedColumn(INT64, np.zeros(1, dtype=">i8")),
    "values with gaps": lambda: FixedColumn(INT64, np.zeros(4, dtype=np.int64)[::2]),
    "validity of other rows": lambda: FixedColumn(INT64, np.zeros(65, dtype=np.int64), ones(64)),
    "validity past the last row": lambda: FixedColumn(INT64, np.zeros(3, dtype=np.int64), ones(4)),
    "planes of different lengths": lambda: BoolColumn(ones(64), ones(65)),
    "a plane of bytes": lambda: BoolColumn(np.zeros(8, dtype=np.uint8)),
    "a code past missing": lambda: TextColumn(np.array([2], dtype=np.int32), pa.array(["a"])),
    "a negative code": lambda: TextColumn(np.array([-1], dtype=np.int32), pa.array(["a"])),
    "codes of eight bytes": lambda: TextColumn(np.array([0]), pa.array(["a"])),
    "a null in a dictionary": lambda: TextColumn(np.array([0], dtype=np.int32), pa.array(["a", None])),
    "a code past the lists": lambda: ListColumn(np.array([1], dtype=np.int32), pa.array([["a"]])),
    "a null in a list": lambda: ListColumn(np.array([0], dtype=np.int32), pa.array([["a", None]])),
    "columns of different rows": lambda: Batch(2, {"x": FixedColumn(INT64, np.zeros(3, dtype=np.int64))}),
    "ids of other rows": lambda: Batch(2, {}, pa.array(["a"])),
}


@pytest.mark.parametrize("wrong", WRONG_COLUMNS)
def test_a_column_that_kernels_could_not_trust_is_refused(wrong: str) -> None:
    """A constructor gives a column that is safe to read without a check, or raises."""
    with pytest.raises(ValueError):  # noqa: PT011 - each has a message of its own
        WRONG_COLUMNS[wrong]()


def test_read_only_arrays_are_taken() -> None:
    """What `np.frombuffer` gives is used in place."""
    values = np.frombuffer(bytes(24), dtype=np.int64)
    assert FixedColumn(INT64, values).values is values
