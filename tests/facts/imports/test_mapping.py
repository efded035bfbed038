"""Mappings: what their text may say, and whether they fit records and files."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from segmentd.engine import Engine, EvaluationCancelledError
from segmentd.facts.imports.errors import MappingError
from segmentd.facts.imports.mapping import FileFormat, FromColumn, FromConstant, FromExpression
from segmentd.facts.imports.mapping_text import read_mapping
from segmentd.facts.imports.planning import plan_file
from segmentd.facts.imports.rows import Cancelled, MappedRows, map_rows
from segmentd.facts.kinds import RecordKind, record_schema
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.vocabulary import Vocabulary, build_vocabulary
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, AttributeSpec, DataType, Kind, Subject

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ATTRIBUTES = {
    "children": INT64,
    "income": DataType(Kind.DECIMAL, 2, "CZK"),
    "score": DOUBLE,
    "resident": BOOL,
    "born": DATE,
    "tags": LIST,
}


def vocabulary() -> Vocabulary:
    """A ledger in Prague whose customers have an attribute of each type, and a computed one."""
    ledger = Ledger("main", "", "CZK", "Europe/Prague", NOW, NOW, "e")
    specs = [AttributeSpec(id_, type_) for id_, type_ in ATTRIBUTES.items()]
    specs.append(AttributeSpec("wealthy", BOOL, expression="has(customer.income)"))
    return build_vocabulary(ledger, [Attribute(Subject.CUSTOMER, spec, "", "", None, NOW, NOW, "e") for spec in specs])


def mapped(text: str, table: pa.Table, cancelled: Cancelled | None = None) -> MappedRows:
    """The records of a table of customers by a mapping."""
    mapping = read_mapping(text)
    kind = mapping.kind or RecordKind.CUSTOMER
    columns = {field.name: field.type for field in table.schema}
    plan = plan_file(mapping, kind, record_schema(kind, vocabulary()), columns)
    with Engine(1) as engine:
        return map_rows(table, plan, engine, 0, cancelled)


def test_expressions_end_where_a_job_is_told_to() -> None:
    """Expressions over many texts ask whether to go on, and stop."""
    table = pa.table({"id": [str(number) for number in range(2_000)]})
    text = """
        kind: customer
        id: id
        fields:
          children: {expression: source.id.reverse().size()}
    """
    assert mapped(text, table).table.num_rows == 2_000
    with pytest.raises(EvaluationCancelledError):
        mapped(text, table, lambda: True)


def test_a_mapping_is_read_whole() -> None:
    """Every key of a mapping is taken, a text alone is a column's name, and scalars stay texts."""
    mapping = read_mapping(
        """
        kind: account
        format: csv
        time_zone: Europe/London
        decimal_point: ","
        join_lists: true
        id: {column: No, prefix: "NO-"}
        csv: {delimiter: tab, quote: "'", encoding: cp1250, null_values: ["", "NULL"], columns: [No, a, b]}
        types:
          a: DECIMAL(3)
          b: {type: DATE, format: "%d.%m.%Y"}
        fields:
          kind: a
          status: {constant: NO}
          institution: {expression: "'x' + source.a", unknown: missing}
        """
    )
    assert (mapping.kind, mapping.format, mapping.time_zone) == (RecordKind.ACCOUNT, FileFormat.CSV, "Europe/London")
    assert (mapping.decimal_point, mapping.join_lists) == (",", True)
    assert (mapping.csv.delimiter, mapping.csv.quote, mapping.csv.encoding) == ("\t", "'", "cp1250")
    assert (mapping.csv.null_values, mapping.csv.columns) == (("", "NULL"), ("No", "a", "b"))
    assert mapping.fields == {
        "kind": FromColumn("a"),
        "status": FromConstant("NO"),
        "institution": FromExpression("'x' + source.a", unknown_is_missing=True),
        "id": FromColumn("No", "NO-"),
    }
    assert (str(mapping.types["a"].type), mapping.types["b"].format) == ("DECIMAL(3)", "%d.%m.%Y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {kind: a}\nkinds: account", "line 2: the mapping has the unknown key 'kinds'; did you mean 'kind'?"),
        ("kind: bank\nfields: {a: a}", "line 1: kind is 'bank'; allowed are customer, account, transaction"),
        ("kind: account", "the key 'fields' is missing"),
        ("fields: {}", "no field is mapped"),
        (
            "fields:\n  kind: {column: a, constant: b}",
            "line 2: field 'kind' has one of column, constant and expression",
        ),
        ("fields:\n  kind: {constant: a, prefix: b}", "line 2: prefix goes with column, and this field has a constant"),
        ("fields:\n  kind: {colum: a}", "line 2: field 'kind' has the unknown key 'colum'; did you mean 'column'?"),
        ("fields:\n  id: a", "line 2: the id stands beside 'fields', not in it"),
        ("fields: {a: a}\ntypes:\n  a: MONEY", "line 3: column 'a' has the type 'MONEY'; allowed are BOOL, INT64"),
        ("fields: {a: a}\ntypes:\n  a: {type: INT64, format: x}", "only DATE and TIMESTAMP have a format"),
        ("fields: {a: a}\ncsv: {delimiter: ab}", "delimiter is 'ab', and has to be one character"),
        ("fields: {a: a}\ncsv: {null_values: [NULL]}", 'put "" and "NULL" in quotes'),
        ("fields: {a: a}\ncsv: {encoding: klingon}", "encoding 'klingon' is not known"),
        ("fields: {a: a}\ncsv: {encoding: base64}", "encoding 'base64' is not known as one of text"),
        ("fields: {a: a}\ncsv: {encoding: punycode}", "encoding 'punycode' is not known as one of text"),
        ("fields: {a: a}\ncsv: {encoding: undefined}", "encoding 'undefined' is not known as one of text"),
        ("fields: {a: a}\ntime_zone: Mars/Base", "line 2: 'Mars/Base' is no time zone"),
        ("fields: &x {a: a}", "anchors and aliases are not taken"),
        ("fields: [", "line 1"),
        ("x" * 65_537, "at most 65536 are allowed"),
    ],
)
def test_what_no_mapping_says(text: str, message: str) -> None:
    """A text that is no mapping is refused with its line, what was given and what is allowed."""
    with pytest.raises(MappingError) as refused:
        read_mapping(text)
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {incom: amount}", "records of kind customer have no field 'incom'; did you mean 'income'?"),
        ("fields: {wealthy: amount}", "field 'wealthy' is computed, so it cannot be written"),
        ("fields:\n  income: amont", "line 3: field 'income': the file has no column 'amont'; did you mean 'amount'?"),
        ("fields: {born: amount}", "field 'born' is DATE: column 'amount' is DECIMAL(2)"),
        ("fields: {income: blob}", "no field can be taken from values of type binary"),
        ("fields: {income: {column: amount, prefix: x}}", "column 'amount' is DECIMAL(2), which takes no prefix"),
        ("fields: {children: {constant: many}}", "field 'children' is INT64: 'many' is not allowed"),
        ("fields: {children: {expression: source.amount > 1.00}}", "the expression's value is BOOL"),
        ("fields: {children: {expression: source.amont}}", "did you mean 'amount'?"),
        ("fields: {children: {expression: customer.income}}", "field 'children'"),
        ("fields: {children: number}\ntypes: {amount: INT64}", "'amount', which is decimal128(10, 2) and not text"),
        ("fields: {children: number}\ntypes: {cont: INT64}", "'types' names the column 'cont', which the file lacks"),
    ],
)
def test_mappings_that_do_not_fit(text: str, message: str) -> None:
    """Fields that records lack, columns that files lack, and types that do not become each other are refused."""
    table = pa.table(
        {
            "number": pa.array([1], pa.int64()),
            "amount": pa.array([None], pa.decimal128(10, 2)),
            "blob": pa.array([b"x"], pa.binary()),
        }
    )
    with pytest.raises(MappingError) as refused:
        mapped(f"id: number\n{text}\n", table)
    assert message in refused.value.message


def test_a_kind_with_ids_needs_one() -> None:
    """Customers, accounts and transactions have ids of their own; visits and rates may do without."""
    table = pa.table({"a": ["x"]})
    with pytest.raises(MappingError, match="the key 'id' is missing"):
        mapped("fields: {tags: a}", table)
    assert mapped("kind: engagement\nfields: {customer: a}", table).table.column_names == ["customer"]


def test_every_conversion_of_text() -> None:
    """Text becomes a value of every type; what is wrong is told by row and field, and is never half a value."""
    table = pa.table(
        {
            "id": ["1", "2", "3", "4"],
            "children": ["0", "+12", "1.0", None],
            "income": ["12", "-0.5", "1.234", None],
            "score": ["1e3", "-.5", "x", None],
            "resident": ["true", "0", "yes", None],
            "born": ["2000-02-29", "1999-12-31", "1999-02-29", None],
            "tags": ["a|b", "", "c", None],
        }
    )
    fields = "".join(f"  {name}: {name}\n" for name in ATTRIBUTES)
    result = mapped(f"id: id\nfields:\n{fields}", table)
    assert result.rows.tolist() == [0, 1, 3]
    assert {(each.row, each.field) for each in result.rejected} <= {(2, name) for name in ATTRIBUTES}
    assert result.table.column("children").to_pylist() == [0, 12, None]
    assert [str(value) for value in result.table.column("income").to_pylist()] == ["12.00", "-0.50", "None"]
    assert result.table.column("score").to_pylist() == [1000.0, -0.5, None]
    assert result.table.column("resident").to_pylist() == [True, False, None]
    assert [str(day) for day in result.table.column("born").to_pylist()] == ["2000-02-29", "1999-12-31", "None"]
    assert result.table.column("tags").to_pylist() == [["a", "b"], [], []]


@pytest.mark.parametrize("name", ["children", "income", "score", "resident", "born"])
def test_each_wrong_text_is_told(name: str) -> None:
    """Each type tells its wrong texts by itself, without repeating them."""
    table = pa.table({"id": ["1", "2"], "given": ["wrong", None]})
    result = mapped(f"id: id\nfields: {{{name}: given}}", table)
    assert [(each.row, each.field) for each in result.rejected] == [(0, name)]
    assert "wrong" not in result.rejected[0].message


def test_expressions_over_a_row() -> None:
    """An expression reads columns by their ids, and a row for which it is unknown is rejected or has no value."""
    table = pa.table(
        {
            "Customer No": pa.array(["1", "2", "3"]),
            "Gross Income": pa.array([100, None, 250], pa.int64()),
        }
    )
    text = 'id: Customer No\nfields: {{children: {{expression: "source.grossIncome * 2"{option}}}}}'
    rejecting = mapped(text.format(option=""), table)
    assert rejecting.rows.tolist() == [0, 2]
    assert [(each.row, each.field) for each in rejecting.rejected] == [(1, "children")]
    missing = mapped(text.format(option=", unknown: missing"), table)
    assert missing.table.column("children").to_pylist() == [200, None, 500]


def test_lists_and_decimals_of_expressions() -> None:
    """An expression can give a list and an exact amount; of a date it is the day in the ledger's zone."""
    table = pa.table(
        {
            "id": ["1"],
            "cents": pa.array([None], pa.decimal128(12, 2)),
            "at": pa.array([1_590_962_400_000_000], pa.timestamp("us", "UTC")),
        }
    )
    table = table.set_column(1, "cents", pa.array([9007199254740993], pa.int64()).cast(pa.decimal128(38, 2)))
    text = """
        id: id
        fields:
          tags: {expression: "[source.id, 'x']"}
          income: {expression: "-source.cents"}
          born: {expression: "source.at"}
        """
    result = mapped(text, table)
    assert result.table.column("tags").to_pylist() == [["1", "x"]]
    assert str(result.table.column("income")[0].as_py()) == "-9007199254740993.00"
    assert str(result.table.column("born")[0].as_py()) == "2020-06-01"


def test_decimals_with_more_digits_than_they_need() -> None:
    """A column of DECIMAL(38, 18) is taken where its digits after the ninth are zeros; other rows are rejected."""
    texts = ["1.250000000000000000", "0.000000000100000000", "-7.000000000000000000", None]
    table = pa.table({"id": ["1", "2", "3", "4"], "given": pa.array(texts).cast(pa.decimal128(38, 18))})
    direct = mapped("kind: transaction\nid: id\nfields: {amount: given}", table)
    assert [str(value) for value in direct.table.column("amount").to_pylist()] == [
        "1.250000000",
        "-7.000000000",
        "None",
    ]
    assert [(each.row, each.field) for each in direct.rejected] == [(1, "given")]
    computed = mapped(
        "kind: transaction\nid: id\nfields: {amount: {expression: -source.given, unknown: missing}}", table
    )
    assert [str(value) for value in computed.table.column("amount").to_pylist()] == [
        "-1.250000000",
        "7.000000000",
        "None",
    ]


def test_every_arrow_type_that_fits() -> None:
    """Dictionaries, wide and narrow numbers, other units of time and nulls become the fields that they are."""
    table = pa.table(
        {
            "id": pa.array([7, 8], pa.uint16()),
            "account": pa.array(["a1", "a2"]).dictionary_encode(),
            "at": pa.array([1_600_000_000, None], pa.timestamp("s", "Europe/Prague")),
            "local": pa.array([1_600_000_000_000_000_999, None], pa.timestamp("ns")),
            "amount": pa.array([12, -3], pa.int32()),
            "purpose": pa.nulls(2),
            "category": pa.array(["A/B", None], pa.large_string()),
        }
    )
    text = "kind: transaction\nid: id\nfields: {account: account, booking_time: at, value_time: local, amount: amount}"
    result = mapped(text.replace("amount}", "amount, purpose: purpose, category: category}"), table).table
    assert result.column("id").to_pylist() == ["7", "8"]
    assert result.column("account").to_pylist() == ["a1", "a2"]
    assert result.column("booking_time").cast(pa.int64()).to_pylist() == [1_600_000_000_000_000, None]
    assert result.column("value_time").cast(pa.int64()).to_pylist() == [1_599_992_800_000_000, None]
    assert result.column("amount").to_pylist() == [12, -3]
    assert (result.column("purpose").to_pylist(), result.column("category").to_pylist()) == ([None] * 2, ["A/B", None])
