"""Files of customers: the same customers from every format, types inferred, money exact, errors that name the place."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from segmentd.columns.errors import ColumnError
from segmentd.columns.files import FileError, infer_attributes, read_batch, read_table, read_table_for
from segmentd.columns.headers import attribute_id, attribute_ids
from segmentd.columns.uses import find_uses
from segmentd.errors import ErrorReason
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType, Kind
from tests.columns.naive import CENTS, schema_of, values_of

TABLE = pa.table(
    {
        "customer_id": ["a", "b", "c"],
        "age": pa.array([30, None, 41], pa.int8()),
        "score": [0.5, None, 2.0],
        "balance": pa.array([Decimal("0.10"), None, Decimal("-12.00")], pa.decimal128(10, 2)),
        "active": [True, None, False],
        "name": ["čaj", "", None],
        "seen": pa.array([datetime(2024, 2, 29, 12, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "born": [date(2000, 1, 1), None, None],
        "tags": pa.array([["x", "y"], [], None], pa.list_(pa.string())),
    }
)
SPECS = tuple(
    AttributeSpec(name, type_)
    for name, type_ in {
        "age": INT64,
        "score": DOUBLE,
        "balance": DataType(Kind.DECIMAL, 2),
        "active": BOOL,
        "name": STRING,
        "seen": TIMESTAMP,
        "born": DATE,
        "tags": LIST,
    }.items()
)
EXPECTED = {
    "age": [30, None, 41],
    "score": [0.5, None, 2.0],
    "balance": [10, None, -1200],
    "active": [True, None, False],
    "name": ["čaj", "", None],
    "seen": [1_709_208_000_000_000, None, None],
    "born": [946_684_800_000_000, None, None],
    "tags": [["x", "y"], [], []],
}


def write_stream(table: pa.Table, path: Path) -> None:
    """An IPC stream."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def write_file(table: pa.Table, path: Path) -> None:
    """An IPC file."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


def write_parquet(table: pa.Table, path: Path) -> None:
    """A Parquet file of several row groups."""
    pa.parquet.write_table(table, path, row_group_size=2)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("bank.parquet", write_parquet),
        ("bank.arrow", write_file),
        ("bank.ipc", write_stream),
        ("bank.arrows", write_stream),
        ("bank.feather", pa.feather.write_feather),
    ],
)
def test_each_format_gives_the_same_customers(
    tmp_path: Path, name: str, write: Callable[[pa.Table, Path], None]
) -> None:
    """Types are inferred alike, and ids and values are read alike, from Parquet and from each Arrow format."""
    write(TABLE, tmp_path / name)
    assert infer_attributes(read_table(tmp_path / name), "customer_id") == SPECS
    batch = read_batch(tmp_path / name, schema_of(*SPECS), "customer_id")
    assert batch.ids is not None
    assert batch.ids.to_pylist() == ["a", "b", "c"]
    assert {attribute: values_of(batch, attribute) for attribute in batch.columns} == EXPECTED


CSV = """customer_id;age;score;balance;active;name;seen;born;tags
a;30;0.5;0.10;true;čaj;2024-02-29T12:00:00Z;2000-01-01;x|y
b;;;;;;;;
c;41;2;-12;false;NA;;;
"""


def test_csv_is_read_by_the_schema(tmp_path: Path) -> None:
    """An empty field is missing, `NA` is text, lists are split at bars, and `-12` is twelve major units."""
    path = tmp_path / "bank.csv"
    path.write_text(CSV, encoding="utf-8")
    batch = read_batch(path, schema_of(*SPECS), "customer_id", table=read_table(path))
    expected = {**EXPECTED, "name": ["čaj", None, "NA"]}
    assert {attribute: values_of(batch, attribute) for attribute in batch.columns} == expected


def test_csv_infers_what_its_values_look_like(tmp_path: Path) -> None:
    """Whole numbers, fractions, truth values, dates and moments; money is a double until the schema says otherwise."""
    path = tmp_path / "bank.csv"
    path.write_text(CSV, encoding="utf-8")
    inferred = {spec.id: spec.type for spec in infer_attributes(read_table(path), "customer_id")}
    others = {"balance": DOUBLE, "tags": STRING}
    assert inferred == {spec.id: others.get(spec.id, spec.type) for spec in SPECS}


def test_csv_infers_text_where_a_number_would_lose_a_zero(tmp_path: Path) -> None:
    """Postal codes are text, even if one of them alone begins with a zero; 0 itself and -5 are numbers."""
    path = tmp_path / "bank.csv"
    path.write_text("customer_id,post,number\n1,10115,0\n2,01067,-5\n", encoding="utf-8")
    table = read_table(path)
    assert table["post"].to_pylist() == ["10115", "01067"]
    assert table["number"].to_pylist() == [0, -5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_keeps_money_and_ids_that_doubles_and_numbers_would_lose(tmp_path: Path, delimiter: str) -> None:
    """Sixteen digits of cents and the zeros in front of an id are kept, by any delimiter."""
    path = tmp_path / "bank.csv"
    path.write_text(f"customer_id{delimiter}balance\n007{delimiter}90071992547409.93\n", encoding="utf-8")
    batch = read_batch(path, schema_of(AttributeSpec("balance", CENTS)), "customer_id")
    assert values_of(batch, "balance") == [9_007_199_254_740_993]
    assert batch.ids is not None
    assert batch.ids.to_pylist() == ["007"]
    typed = read_table_for(path, schema_of(AttributeSpec("balance", STRING)), "customer_id")
    assert typed.to_pydict() == {"customer_id": ["007"], "balance": ["90071992547409.93"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,age\na,1\nb,x\n", r"bank\.csv: .*'age'.*Row #3.*'x'"),
        ("customer_id,balance\na,0.105\n", r"bank\.csv: .*'balance'"),
        ("customer_id,age\na,1\n,2\n", r"bank\.csv: .*'customer_id'.*row 1"),
        ("id,age\na,1\n", "no column 'customer_id'.*'id', 'age'"),
        ("customer_id,first name,First Name\na,b,c\n", "'first name' and 'First Name'.*'firstName'"),
        ("customer_id,age,age\na,1,2\n", "'age' and 'age'"),
        ("customer_id,customer_id\na,b\n", "'customer_id' and 'customer_id'"),
        ("customer_id,age\na,1,2\n", r"bank\.csv: .*Expected 2 columns, got 3"),
        ("customer_id,seen\na,yesterday\n", r"bank\.csv: .*'seen' is TIMESTAMP"),
        ("", r"bank\.csv: .*[Ee]mpty"),
    ],
)
def test_errors_in_csv_name_file_column_and_row(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong in a file can be found in it."""
    path = tmp_path / "bank.csv"
    path.write_text(text, encoding="utf-8")
    schema = schema_of(AttributeSpec("age", INT64), AttributeSpec("balance", CENTS), AttributeSpec("seen", TIMESTAMP))
    with pytest.raises(ColumnError, match=message):
        read_batch(path, schema, "customer_id", table=read_or_nothing(path))


def read_or_nothing(path: Path) -> pa.Table | None:
    """The table of a file, None where it cannot be read."""
    try:
        return read_table(path)
    except FileError:
        return None


@pytest.mark.parametrize("name", ["none.parquet", "bank.xlsx", "bank.parquet", "bank.arrow", "bank.arrows"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file, an unknown ending and contents of another format are errors that name the file."""
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"this is no table")
    with pytest.raises(FileError, match=name):
        read_table(tmp_path / name)


def test_inference_leaves_out_what_no_attribute_can_hold() -> None:
    """Structs, bytes, columns of nulls and decimals of many digits suggest nothing; the others do."""
    table = pa.table(
        {
            "customer_id": ["a"],
            "struct": [{"a": 1}],
            "bytes": [b"a"],
            "nothing": pa.nulls(1),
            "fine": pa.array([None], pa.decimal128(30, 12)),
            "half": pa.array([None], pa.float16()),
            "u": pa.array([1], pa.uint64()),
        }
    )
    assert infer_attributes(table, "customer_id") == (AttributeSpec("u", INT64),)


def test_required_and_currency_come_from_the_file_alone() -> None:
    """Declared not nullable, without nulls: required. The currency of amounts is their field's metadata."""
    fields = [
        pa.field("customer_id", pa.string()),
        pa.field("sure", pa.int64(), nullable=False),
        pa.field("full", pa.int64()),
        pa.field("amount", pa.decimal128(9, 2), metadata={"currency": "CZK"}),
    ]
    table = pa.table([["a"], [1], [1], [Decimal("1.00")]], schema=pa.schema(fields))
    assert infer_attributes(table, "customer_id") == (
        AttributeSpec("sure", INT64, required=True),
        AttributeSpec("full", INT64),
        AttributeSpec("amount", DataType(Kind.DECIMAL, 2, "CZK")),
    )


def test_columns_that_the_schema_lacks_or_computes_are_left_out(tmp_path: Path) -> None:
    """A file may say more than the ledger asks."""
    pa.parquet.write_table(TABLE, tmp_path / "bank.parquet")
    schema = schema_of(AttributeSpec("age", INT64), AttributeSpec("name", STRING, expression="'x'"))
    assert list(read_batch(tmp_path / "bank.parquet", schema, "customer_id").columns) == ["age"]


@pytest.mark.parametrize(
    ("header", "attribute"),
    [
        ("customer_id", "customer_id"),
        ("isGlobetrotter", "isGlobetrotter"),
        ("Customer ID", "customerId"),
        ("Avg. daily balance (EUR)", "avgDailyBalanceEur"),
        ("12 month trips", "monthTrips"),
        ("Město bydliště", "mestoBydliste"),
        ("VIP status", "vipStatus"),
        ("Größe", "grosse"),
        ("ÆRØ Bølge", "aeroBolge"),
        ("a-b", "aB"),
        ("???", ""),
        ("Баланс EUR", ""),
    ],
)
def test_headers_become_ids_in_lower_camel(header: str, attribute: str) -> None:
    """A header that can be an id is one; others are joined word by word, without accents and signs."""
    assert attribute_id(header) == attribute


def test_headers_that_can_be_no_id_have_none() -> None:
    """Without letters of ASCII, a keyword, or a name that is taken: such columns are left out, the others are not."""
    headers = ["a", "???", "in", "segments", "segments_", "DESCRIPTOR", "b c"]
    assert attribute_ids(headers) == {"a": "a", "b c": "bC"}


def test_headers_that_differ_by_underscores_only_are_one() -> None:
    """They would be one field, so both are named."""
    with pytest.raises(ColumnError, match="'last_login' and 'lastLogin'") as refused:
        attribute_ids(["last_login", "lastLogin"])
    assert refused.value.reason is ErrorReason.DUPLICATE_COLUMN


def test_a_column_that_can_be_no_attribute_does_not_fail_its_file(tmp_path: Path) -> None:
    """In CSV too, where types and lists are found by header."""
    path = tmp_path / "bank.csv"
    path.write_text("???,customer_id,in,tags\n1,a,2,x|y\n", encoding="utf-8")
    schema = schema_of(AttributeSpec("tags", LIST))
    assert infer_attributes(read_table_for(path, schema, "customer_id"), "customer_id") == (
        AttributeSpec("tags", LIST),
    )
    assert values_of(read_batch(path, schema, "customer_id"), "tags") == [["x", "y"]]


def test_columns_under_another_id_and_columns_left_out_are_told() -> None:
    """Each column that is not used under its own header is named, with its id or with the reason."""
    table = pa.table(
        {
            "customer_id": ["a"],
            "age": [1],
            "First name": ["x"],
            "struct": [{"a": 1}],
            "nothing": pa.nulls(1),
            "known": pa.nulls(1),
            "in": [1],
            "???": [1],
        }
    )
    schema = schema_of(AttributeSpec("age", INT64), AttributeSpec("firstName", STRING), AttributeSpec("known", INT64))
    uses = find_uses(table, schema, "customer_id")
    assert uses.renamed == {"First name": "firstName"}
    assert uses.left_out == {
        "struct": "no attribute has values of type struct<a: int64>",
        "nothing": "it has no values to take a type from",
        "in": "'in' is a keyword of CEL",
        "???": "its header gives no attribute id, which begins with a letter from A to Z",
    }


def test_reading_reports_rows(tmp_path: Path) -> None:
    """Row groups of a Parquet file are reported as they are read."""
    write_parquet(TABLE, tmp_path / "bank.parquet")
    reports: list[tuple[int, int]] = []
    read_table(tmp_path / "bank.parquet", lambda done, total: reports.append((done, total)))
    assert reports == [(2, 3), (3, 3)]
