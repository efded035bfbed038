"""Rows that are wrong are told apart from those that are not; a batch that is wrong as a whole is refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import record_pb2 as pb
from segmentd.errors import SegmentdError
from segmentd.facts.decoding.batches import decode_records
from segmentd.facts.records import RecordBatch
from segmentd.ledger.vocabulary import Vocabulary
from tests.facts.decoding.records import FORMS, KINDS, NOON, NUMBERS, arrow_batch, decoded_rows, expected_rows

FAR = date(9999, 12, 31)
"""A day that no date can be: one of its ends is not in the range of moments."""


def reasons(batch: RecordBatch) -> list[tuple[int, str]]:
    """Rows and fields of the rejections."""
    return [(rejection.row, rejection.field) for rejection in batch.rejected]


WRONG_ROWS: list[tuple[str, str, dict[str, Any], str]] = [
    ("transaction", "no id", {"id": ""}, "id"),
    ("transaction", "too long an id", {"id": "x" * 257}, "id"),
    ("transaction", "no account", {"account": None}, "account"),
    ("transaction", "too long an account", {"account": "ž" * 129}, "account"),
    ("transaction", "no booking time", {"booking_time": None}, "booking_time"),
    ("transaction", "no amount", {"amount": None}, "amount"),
    ("transaction", "too long a text", {"purpose": "ž" * 32_769}, "purpose"),
    (
        "account",
        "too long lists",
        {"owners": [f"c{n}" for n in range(12_000)], "owner_roles": ["OWNER"] * 12_000},
        "owners",
    ),
    ("balance", "no time", {"time": None}, "time"),
    ("balance", "no amount", {"amount": None}, "amount"),
    ("engagement", "no customer", {"customer": None}, "customer"),
    ("account", "no such currency", {"currency": "EURO"}, "currency"),
    ("account", "an owner twice", {"owners": ["c1", "c1"], "owner_roles": ["OWNER", "JOINT"]}, "owners"),
    ("account", "an owner without an id", {"owners": [""], "owner_roles": ["OWNER"]}, "owners"),
    ("account", "too early a day", {"opened": date(1, 1, 1)}, "opened"),
    ("account", "too late a day", {"closed": FAR}, "closed"),
    ("customer", "a purpose twice", {"consents": ["a", "a"], "consent_times": [NOON.isoformat()] * 2}, "consents"),
    ("customer", "no purpose", {"consents": [""], "consent_times": [NOON.isoformat()]}, "consents"),
    ("rate", "no such currency", {"currency": "ABC"}, "currency"),
    ("rate", "zero", {"rate": "0.000"}, "rate"),
    ("rate", "ten digits", {"rate": "1234567890"}, "rate"),
    ("rate", "ten digits after the point", {"rate": "1.1234567890"}, "rate"),
    ("rate", "no number", {"rate": "1,5"}, "rate"),
    ("rate", "negative", {"rate": "-1"}, "rate"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [(kind, change, field) for kind, _, change, field in WRONG_ROWS],
    ids=[f"{kind}: {what}" for kind, what, *_ in WRONG_ROWS],
)
def test_a_wrong_row_does_not_sink_its_batch(
    vocabulary: Vocabulary, form: str, kind: str, change: dict[str, Any], field: str
) -> None:
    """The row is named with its field, whatever the form, and the rows around it are decoded as alone."""
    first, last = KINDS[kind][0], {**KINDS[kind][0], "id": "last"}
    wrong = {**first, **change}
    batch = decode_records(FORMS[form](kind, [first, wrong, last]), vocabulary)
    assert reasons(batch) == [(1, field)]
    assert batch.rows.tolist() == [0, 2]
    if kind != "rate":  # as messages they have no ids of their own
        assert decoded_rows(batch) == expected_rows([first, last])


LISTS_OF_OTHER_LENGTHS = [
    ("account", {"owners": ["c1"], "owner_roles": []}, "owner_roles"),
    ("customer", {"consents": ["a"], "consent_times": []}, "consent_times"),
    ("customer", {"consents": ["a"], "consent_times": ["yesterday"]}, "consent_times"),
    ("customer", {"consents": ["a"], "consent_times": ["2024-02-30T00:00:00Z"]}, "consent_times"),
    ("customer", {"consents": ["a"], "consent_times": ["2024-02-28T00:00:00"]}, "consent_times"),
]


@pytest.mark.parametrize("form", ["columns", "arrow"])
@pytest.mark.parametrize(("kind", "change", "field"), LISTS_OF_OTHER_LENGTHS)
def test_lists_that_do_not_go_together_reject_their_row(
    vocabulary: Vocabulary, form: str, kind: str, change: dict[str, Any], field: str
) -> None:
    """Each owner has a role, and each consent a time that is one."""
    first = KINDS[kind][0]
    batch = decode_records(FORMS[form](kind, [first, {**first, **change}]), vocabulary)
    assert reasons(batch) == [(1, field)]


def test_a_consent_without_a_time_rejects_its_row(vocabulary: Vocabulary) -> None:
    """A message of a consent has to say when, within the range of moments."""
    times = [None, Timestamp(seconds=2**60), Timestamp(nanos=-1), Timestamp(seconds=0)]
    customers = [
        pb.Customer(id=f"c{row}", consents=[pb.Consent(purpose="a", time=time)]) for row, time in enumerate(times)
    ]
    message = pb.RecordBatch(kind=pb.RECORD_KIND_CUSTOMER, rows=pb.RecordRows(customers=customers))
    batch = decode_records(message, vocabulary)
    assert reasons(batch) == [(0, "consent_times"), (1, "consent_times"), (2, "consent_times")]
    assert decoded_rows(batch)[0]["consent_times"] == ["1970-01-01T00:00:00.000000Z"]


@pytest.mark.parametrize("time", [Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(nanos=10**9)])
def test_moments_that_are_none_reject_their_row(vocabulary: Vocabulary, time: Timestamp) -> None:
    """A Timestamp beyond the year 9999 or with wrong nanos is no moment."""
    times = [time, Timestamp(seconds=5, nanos=999)]
    rows = [pb.BalanceSnapshot(id="b", account="a", time=each, amount_minor=1) for each in times]
    message = pb.RecordBatch(kind=pb.RECORD_KIND_BALANCE, rows=pb.RecordRows(balances=rows))
    batch = decode_records(message, vocabulary)
    assert reasons(batch) == [(0, "time")]
    assert decoded_rows(batch)[0]["time"] == 5_000_000


def test_every_wrong_row_of_a_column_is_told(vocabulary: Vocabulary) -> None:
    """Rows that are wrong for one reason are found at once, however many, and each is told its own value."""
    moments = [NOON + timedelta(days=day) for day in range(3_000)]
    micros = [(moment - NOON) // timedelta(microseconds=1) for moment in moments]
    wrong = [row for row in range(3_000) if row % 3 == 1]
    times = [2**62 + row if row in set(wrong) else micros[row] for row in range(3_000)]
    columns = [
        features.Column(attribute="account", strings=features.StringValues(values=["a"] * 3_000)),
        features.Column(attribute="time", integers=features.IntegerValues(values=times)),
        features.Column(attribute="amount", integers=features.IntegerValues(values=[1] * 3_000)),
    ]
    message = pb.RecordBatch(kind=pb.RECORD_KIND_BALANCE, columns=features.ColumnBatch(columns=columns))
    batch = decode_records(message, vocabulary)
    assert reasons(batch) == [(row, "time") for row in wrong]
    assert str(2**62 + 1) in batch.rejected[0].message
    assert [row["time"] for row in decoded_rows(batch)] == [micros[row] for row in range(3_000) if row % 3 != 1]


def balances(amounts: pa.Array) -> pb.RecordBatch:
    """Balances of these amounts as an Arrow stream."""
    rows = len(amounts)
    times = pa.array([NOON] * rows, pa.timestamp("us", tz="UTC"))
    return arrow_batch("balance", pa.table({"account": ["a"] * rows, "time": times, "amount": amounts}))


@pytest.mark.parametrize(
    "type_", [pa.decimal128(12, 2), pa.decimal128(38, 9), pa.decimal256(60, 20), pa.decimal128(20, 0)]
)
def test_decimals_are_major_units(vocabulary: Vocabulary, type_: pa.DataType) -> None:
    """Decimals of any scale have four digits after the point, exactly; the batch says that they have."""
    scale = min(type_.scale, 4)
    given = [Decimal(-1).scaleb(-scale), Decimal(10), None, Decimal(12_345).scaleb(-scale)]
    batch = decode_records(balances(pa.array(given, type_)), vocabulary)
    assert batch.scales == {"amount": 4}
    assert [row["amount"] for row in decoded_rows(batch)] == [int(each * 10_000) for each in given if each is not None]
    assert reasons(batch) == [(2, "amount")]


def test_decimals_with_more_digits_reject_their_row(vocabulary: Vocabulary) -> None:
    """A fifth digit that is not zero is not dropped."""
    given = [Decimal("1.00010"), Decimal("1.00011"), Decimal("-1.00001"), Decimal("99999999999999.99990")]
    batch = decode_records(balances(pa.array(given, pa.decimal128(30, 5))), vocabulary)
    assert reasons(batch) == [(1, "amount"), (2, "amount")]
    assert [row["amount"] for row in decoded_rows(batch)] == [10_001, 999_999_999_999_999_999]


def test_amounts_of_more_than_64_bits_reject_their_row(vocabulary: Vocabulary) -> None:
    """Ten-thousandths have to fit 63 bits."""
    given = [Decimal(10**15), Decimal(10**14)]
    batch = decode_records(balances(pa.array(given, pa.decimal128(30, 0))), vocabulary)
    assert reasons(batch) == [(0, "amount")]
    assert [row["amount"] for row in decoded_rows(batch)] == [10**18]


def test_doubles_are_major_units_where_they_mean_a_decimal(vocabulary: Vocabulary) -> None:
    """A double that is nearest to a decimal of four digits is it; a third, NaN and infinity are none."""
    given = [0.1, 1 / 3, float("nan"), -1234.5678, float("inf"), 0.1 + 0.2]
    batch = decode_records(balances(pa.array(given, pa.float64())), vocabulary)
    assert batch.scales == {"amount": 4}
    assert reasons(batch) == [(1, "amount"), (2, "amount"), (4, "amount"), (5, "amount")]
    assert [row["amount"] for row in decoded_rows(batch)] == [1_000, -12_345_678]


def test_numbers_are_ids(vocabulary: Vocabulary) -> None:
    """Arrow columns of whole numbers are ids and references as text; a null is no id."""
    table = pa.table(
        {
            "id": pa.array([1, None, 3], pa.int64()),
            "account": pa.array([10, 10, 11], pa.int32()),
            "booking_time": pa.array([NOON] * 3, pa.timestamp("ms", tz="UTC")),
            "amount": pa.array([1, 2, 3], pa.int64()),
        }
    )
    batch = decode_records(arrow_batch("transaction", table), vocabulary)
    assert reasons(batch) == [(1, "id")]
    assert [(row["id"], row["account"]) for row in decoded_rows(batch)] == [("1", "10"), ("3", "11")]


def test_deletions_need_no_records(vocabulary: Vocabulary) -> None:
    """A batch may have ids to delete alone, or beside records."""
    alone = decode_records(pb.RecordBatch(kind=pb.RECORD_KIND_ACCOUNT, deletions=["a", "b"]), vocabulary)
    assert (alone.records.rows, alone.deletions.to_pylist()) == (0, ["a", "b"])
    message = FORMS["rows"]("balance", KINDS["balance"])
    message.deletions.append("old")
    both = decode_records(message, vocabulary)
    assert (both.records.rows, both.deletions.to_pylist()) == (2, ["old"])


def columns(*given: features.Column, **rest: Any) -> pb.RecordBatch:
    """A batch of transactions as columns."""
    return pb.RecordBatch(kind=pb.RECORD_KIND_TRANSACTION, columns=features.ColumnBatch(columns=given, **rest))


def texts(name: str, *values: str) -> features.Column:
    """A column of text."""
    return features.Column(attribute=name, strings=features.StringValues(values=values))


def rows(**given: Any) -> pb.RecordBatch:
    """A batch of customers as messages."""
    return pb.RecordBatch(kind=pb.RECORD_KIND_CUSTOMER, rows=pb.RecordRows(**given))


def attribute(name: str, **value: Any) -> list[pb.Customer]:
    """Two customers, the second with an attribute."""
    return [pb.Customer(id="a"), pb.Customer(id="b", attributes={name: attributes.AttributeValue(**value)})]


DOUBLES = features.Column(attribute="amount", doubles=features.DoubleValues(values=[1.5]))
REFUSED: list[tuple[str, pb.RecordBatch, str, str]] = [
    ("no kind", pb.RecordBatch(deletions=["a"]), "FIELD_REQUIRED", "batch.kind"),
    ("unknown kind", pb.RecordBatch(kind=99, deletions=["a"]), "INVALID_FIELD", "batch.kind"),  # type: ignore[arg-type]
    ("nothing", pb.RecordBatch(kind=pb.RECORD_KIND_RATE), "FIELD_REQUIRED", "batch"),
    (
        "customers to delete",
        pb.RecordBatch(kind=NUMBERS["customer"], deletions=["a"]),
        "INVALID_FIELD",
        "batch.deletions",
    ),
    ("no rows", columns(), "EMPTY_BATCH", "batch.columns"),
    ("too many rows", columns(row_count=(1 << 20) + 1), "TOO_MANY_ROWS", "batch.columns"),
    (
        "unknown field",
        columns(texts("acount", "a"), ids=["t"]),
        "UNKNOWN_ATTRIBUTE",
        "batch.columns.columns[0].attribute",
    ),
    (
        "field twice",
        columns(texts("account", "a"), texts("account", "a"), ids=["t"]),
        "DUPLICATE_COLUMN",
        "batch.columns.columns[1].attribute",
    ),
    (
        "ragged columns",
        columns(texts("account", "a"), texts("purpose", "a", "b"), ids=["t"]),
        "RAGGED_COLUMNS",
        "batch.columns.columns[1].strings",
    ),
    ("ids of other rows", columns(texts("account", "a"), ids=["t", "u"]), "RAGGED_COLUMNS", "batch.columns.ids"),
    ("no ids at all", columns(texts("account", "a")), "FIELD_REQUIRED", "batch.columns.ids"),
    (
        "text as an amount",
        columns(texts("amount", "a"), ids=["t"]),
        "ATTRIBUTE_TYPE_MISMATCH",
        "batch.columns.columns[0].strings",
    ),
    (
        "major units in columns",
        columns(DOUBLES, ids=["t"]),
        "ATTRIBUTE_TYPE_MISMATCH",
        "batch.columns.columns[0].doubles",
    ),
    ("records of another kind", rows(accounts=[pb.Account(id="a")]), "INVALID_FIELD", "batch.rows.accounts"),
    ("no records", rows(), "FIELD_REQUIRED", "batch.rows.customers"),
    (
        "unknown attribute",
        rows(customers=attribute("colour", string_value="x")),
        "UNKNOWN_ATTRIBUTE",
        'batch.rows.customers[1].attributes["colour"]',
    ),
    (
        "computed attribute",
        rows(customers=attribute("double_count", integer_value=1)),
        "INVALID_FIELD",
        'batch.rows.customers[1].attributes["double_count"]',
    ),
    (
        "a field as an attribute",
        rows(customers=attribute("consents", list_value=features.StringList(values=["a"]))),
        "UNKNOWN_ATTRIBUTE",
        'batch.rows.customers[1].attributes["consents"]',
    ),
    (
        "a value of another type",
        rows(customers=attribute("count", double_value=1.0)),
        "ATTRIBUTE_TYPE_MISMATCH",
        'batch.rows.customers[1].attributes["count"]',
    ),
    ("garbage", pb.RecordBatch(kind=NUMBERS["rate"], arrow=b"garbage"), "MALFORMED_ARROW", "batch.arrow"),
    ("no ids in Arrow", arrow_batch("account", pa.table({"kind": ["X"]})), "FIELD_REQUIRED", "batch.arrow"),
    ("ids that are none", arrow_batch("account", pa.table({"id": [1.5]})), "ATTRIBUTE_TYPE_MISMATCH", "batch.arrow"),
    (
        "roles without owners",
        arrow_batch("account", pa.table({"id": ["a"], "owner_roles": [["X"]]})),
        "FIELD_REQUIRED",
        "batch.arrow",
    ),
    (
        "consents without times",
        arrow_batch("customer", pa.table({"id": ["a"], "consents": [["X"]]})),
        "FIELD_REQUIRED",
        "batch.arrow",
    ),
    (
        "a rate without a day",
        arrow_batch("rate", pa.table({"currency": ["USD"], "rate": ["1"]})),
        "FIELD_REQUIRED",
        "batch.arrow",
    ),
]


@pytest.mark.parametrize(
    ("message", "reason", "field"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_a_batch_that_is_wrong_as_a_whole_is_refused(
    vocabulary: Vocabulary, message: pb.RecordBatch, reason: str, field: str
) -> None:
    """The reason and the field say what is wrong."""
    with pytest.raises(SegmentdError) as refused:
        decode_records(message, vocabulary)
    assert refused.value.reason == reason
    assert [violation.field for violation in refused.value.fields] == [field]
