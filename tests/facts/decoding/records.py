"""Records as Python has them, and the three forms of a batch that say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import feature_batch_pb2 as features
from segmentd.api.v1 import record_pb2 as pb
from segmentd.facts.records import RecordBatch
from segmentd.schema import DataType, Kind
from tests.columns.naive import values_in
from tests.facts.decoding.conftest import FURTHER

Row = Mapping[str, Any]
"""A record: `id`, and its fields. Moments are datetimes, days dates, amounts whole minor units; None is missing."""

ZONE = ZoneInfo("Europe/Prague")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2024, 3, 1, 12, 30, 15, 123_456, tzinfo=UTC)

TYPES: Mapping[str, str] = {
    **dict.fromkeys(("account", "customer", "category", "counterparty", "purpose", "reference", "kind"), "text"),
    **dict.fromkeys(("currency", "institution", "status", "channel", "subject_area", "device", "rate"), "text"),
    **dict.fromkeys(("booking_time", "value_time", "time", "seen"), "moment"),
    **dict.fromkeys(("opened", "closed", "day", "born"), "day"),
    **dict.fromkeys(("amount", "balance_after", "balance", "duration_s", "count", "limit", "mcc"), "integer"),
    **dict.fromkeys(("external", "flag"), "bool"),
    **dict.fromkeys(("owners", "owner_roles", "consents", "consent_times", "tags"), "list"),
    "share": "double",
    "note": "text",
}
"""How a field's values are written."""

KINDS: Mapping[str, Sequence[Row]] = {
    "customer": [
        {
            "id": "c1",
            "consents": ["marketing", "profiling"],
            "consent_times": ["2024-03-01T12:30:15.123456Z", "1969-12-31T23:59:59.000000Z"],
            "flag": True,
            "count": -5,
            "share": 0.25,
            "limit": 1_050,
            "note": "Žďár",
            "seen": NOON,
            "born": date(1950, 6, 30),
            "tags": ["a", "b"],
        },
        {"id": "c2", "consents": [], "consent_times": [], "tags": []},
        {"id": "žlutý kůň", "consents": [], "consent_times": [], "flag": False, "note": "", "tags": ["b"]},
    ],
    "account": [
        {
            "id": "a1",
            "owners": ["c1", "c2"],
            "owner_roles": ["OWNER", "JOINT"],
            "kind": "SAVINGS",
            "currency": "JPY",
            "institution": "KB",
            "external": True,
            "opened": date(1996, 3, 31),
            "closed": date(2024, 1, 1),
            "status": "CLOSED",
            "balance": -12_345,
        },
        {"id": "a2", "owners": ["c2"], "owner_roles": ["OWNER"], "external": False, "balance": 0},
        {"id": "a3", "owners": [], "owner_roles": []},
    ],
    "transaction": [
        {
            "id": "t1",
            "account": "a1",
            "booking_time": NOON,
            "value_time": NOON + timedelta(days=1),
            "amount": -1_999,
            "balance_after": 2**62,
            "category": "SPENDING/FOOD",
            "counterparty": "Shop",
            "purpose": "bread",
            "reference": "r",
            "mcc": 5_411,
        },
        {"id": "t2", "account": "a2", "booking_time": EPOCH - timedelta(microseconds=1), "amount": 0},
    ],
    "balance": [
        {"id": "b1", "account": "a1", "time": NOON, "amount": 7},
        {"id": "b2", "account": "a2", "time": NOON, "amount": -(2**63)},
    ],
    "engagement": [
        {
            "id": "e1",
            "customer": "c1",
            "time": NOON,
            "channel": "WEB",
            "subject_area": "REAL_ESTATE",
            "duration_s": 1_260,
            "device": "PHONE",
        },
        {"id": "e2", "customer": "c2", "time": NOON},
    ],
    "rate": [
        {"id": "USD@2024-03-01", "currency": "USD", "day": date(2024, 3, 1), "rate": "23.415"},
        {"id": "KWD@2024-03-31", "currency": "KWD", "day": date(2024, 3, 31), "rate": "0.000000001"},
    ],
}
"""Records of every kind, with and without a value of every field."""

NUMBERS: Mapping[str, pb.RecordKind.ValueType] = {
    name: pb.RecordKind.Value(f"RECORD_KIND_{name.upper()}") for name in KINDS
}


def fields_of(rows: Sequence[Row]) -> list[str]:
    """The fields that any of the records has, in order."""
    return list(dict.fromkeys(name for row in rows for name in row if name != "id"))


def as_columns(kind: str, rows: Sequence[Row]) -> pb.RecordBatch:
    """The batch as columns."""
    columns = [_column(name, [row.get(name) for row in rows]) for name in fields_of(rows)]
    batch = features.ColumnBatch(columns=columns, ids=[row["id"] for row in rows])
    return pb.RecordBatch(kind=NUMBERS[kind], columns=batch)


def as_arrow(kind: str, rows: Sequence[Row]) -> pb.RecordBatch:
    """The batch as an Arrow stream."""
    arrays = {name: pa.array([row.get(name) for row in rows], _ARROW[TYPES[name]]) for name in fields_of(rows)}
    return arrow_batch(kind, pa.table({"id": [row["id"] for row in rows], **arrays}))


def arrow_batch(kind: str, table: pa.Table) -> pb.RecordBatch:
    """The batch of a table."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return pb.RecordBatch(kind=NUMBERS[kind], arrow=sink.getvalue().to_pybytes())


def as_rows(kind: str, rows: Sequence[Row]) -> pb.RecordBatch:
    """The batch as messages; they name the fields to be removed that others have and they have not."""
    make, repeated = _MAKERS[kind]
    messages = [make(row) for row in rows]
    if kind != "rate":
        names = [name for name in fields_of(rows) if name not in ("owner_roles", "consent_times")]
        for row, message in zip(rows, messages, strict=True):
            is_said = {
                name: row.get(name) not in ([] if name in ("owners", "consents") else None, None) for name in names
            }
            message.cleared_fields.extend(name for name, said in is_said.items() if not said)
    return pb.RecordBatch(kind=NUMBERS[kind], rows=pb.RecordRows(**{repeated: messages}))


FORMS: Mapping[str, Callable[[str, Sequence[Row]], pb.RecordBatch]] = {
    "columns": as_columns,
    "arrow": as_arrow,
    "rows": as_rows,
}


def decoded_rows(batch: RecordBatch) -> list[dict[str, Any]]:
    """The records of a decoded batch: numbers as columns have them, all columns named."""
    assert batch.records.ids is not None
    rows = [{"id": id_} for id_ in batch.records.ids.to_pylist()]
    for name, column in batch.records.columns.items():
        for row, value in zip(rows, values_in(column, batch.records.rows), strict=True):
            row[name] = value
    return rows


def expected_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same, of the records as Python has them."""
    return [{"id": row["id"], **{name: _counted(name, row.get(name)) for name in fields_of(rows)}} for row in rows]


def _counted(name: str, value: Any) -> Any:
    match value:
        case datetime():
            return (value - EPOCH) // timedelta(microseconds=1)
        case date():
            midnight = datetime(value.year, value.month, value.day, tzinfo=ZONE)
            return (midnight.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
        case None if TYPES[name] == "list":
            return []
        case _:
            return value


_ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "moment": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
    "integer": pa.int64(),
    "bool": pa.bool_(),
    "double": pa.float64(),
    "list": pa.list_(pa.string()),
}


def _column(name: str, values: list[Any]) -> features.Column:
    present = np.array([value is not None for value in values])
    validity = b"" if present.all() else np.packbits(present, bitorder="little").tobytes()
    match TYPES[name]:
        case "text":
            texts = features.StringValues(values=[value or "" for value in values])
            return features.Column(attribute=name, strings=texts, validity=validity)
        case "list":
            lists = [value or [] for value in values]
            return features.Column(
                attribute=name,
                lists=features.StringListValues(
                    lengths=map(len, lists), values=[each for row in lists for each in row]
                ),
            )
        case "bool":
            bools = features.BoolValues(values=[bool(value) for value in values])
            return features.Column(attribute=name, bools=bools, validity=validity)
        case "double":
            doubles = features.DoubleValues(values=[value or 0.0 for value in values])
            return features.Column(attribute=name, doubles=doubles, validity=validity)
        case _:
            integers = features.IntegerValues(values=[_whole(value) for value in values])
            return features.Column(attribute=name, integers=integers, validity=validity)


def _whole(value: Any) -> int:
    match value:
        case datetime():
            return (value - EPOCH) // timedelta(microseconds=1)
        case date():
            return value.toordinal() - EPOCH.toordinal()
        case _:
            return int(value or 0)


def stamp(moment: datetime | None) -> Timestamp | None:
    """A moment as a message."""
    if moment is None:
        return None
    made = Timestamp()
    made.FromDatetime(moment)
    return made


def _customer(row: Row) -> pb.Customer:
    pairs = zip(row.get("consents", []), row.get("consent_times", []), strict=True)
    consents = [pb.Consent(purpose=purpose, time=stamp(datetime.fromisoformat(time))) for purpose, time in pairs]
    given = {name: _attribute(FURTHER[name], row[name]) for name in FURTHER if row.get(name) is not None}
    return pb.Customer(id=row["id"], consents=consents, attributes=given)


def _attribute(type_: DataType, value: Any) -> attributes.AttributeValue:
    match type_.kind:
        case Kind.BOOL:
            return attributes.AttributeValue(bool_value=value)
        case Kind.DOUBLE:
            return attributes.AttributeValue(double_value=value)
        case Kind.STRING:
            return attributes.AttributeValue(string_value=value)
        case Kind.LIST:
            return attributes.AttributeValue(list_value=features.StringList(values=value))
        case _:
            return attributes.AttributeValue(integer_value=_whole(value))


def _account(row: Row) -> pb.Account:
    pairs = zip(row["owners"], row["owner_roles"], strict=True)
    days: Any = {f"{name}_day": _whole(row[name]) for name in ("opened", "closed") if name in row}
    return pb.Account(
        id=row["id"],
        owners=[pb.AccountOwner(customer=owner, role=role) for owner, role in pairs],
        kind=row.get("kind"),
        currency_code=row.get("currency"),
        institution=row.get("institution"),
        external=row.get("external"),
        status=row.get("status"),
        balance_minor=row.get("balance"),
        **days,
    )


def _transaction(row: Row) -> pb.Transaction:
    texts = {name: row.get(name) for name in ("category", "counterparty", "purpose", "reference")}
    given = {"mcc": attributes.AttributeValue(integer_value=row["mcc"])} if "mcc" in row else {}
    return pb.Transaction(
        id=row["id"],
        account=row["account"],
        booking_time=stamp(row["booking_time"]),
        value_time=stamp(row.get("value_time")),
        amount_minor=row["amount"],
        balance_after_minor=row.get("balance_after"),
        attributes=given,
        **texts,
    )


def _balance(row: Row) -> pb.BalanceSnapshot:
    return pb.BalanceSnapshot(id=row["id"], account=row["account"], time=stamp(row["time"]), amount_minor=row["amount"])


def _engagement(row: Row) -> pb.Engagement:
    fields = {name: row.get(name) for name in ("channel", "subject_area", "duration_s", "device")}
    return pb.Engagement(id=row["id"], customer=row["customer"], time=stamp(row["time"]), **fields)


def _rate(row: Row) -> pb.ExchangeRate:
    return pb.ExchangeRate(currency_code=row["currency"], day=_whole(row["day"]), rate=row["rate"])


_MAKERS: Mapping[str, tuple[Callable[[Row], Any], str]] = {
    "customer": (_customer, "customers"),
    "account": (_account, "accounts"),
    "transaction": (_transaction, "transactions"),
    "balance": (_balance, "balances"),
    "engagement": (_engagement, "engagements"),
    "rate": (_rate, "rates"),
}
