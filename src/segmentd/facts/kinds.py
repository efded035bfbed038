"""The kinds of records, and the fields of each as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final

from segmentd.ledger.vocabulary import Vocabulary
from segmentd.schema import (
    BOOL,
    DATE,
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


@unique
class RecordKind(StrEnum):
    """What a record says something about; the value is the subject's name where it is one."""

    CUSTOMER = "customer"
    ACCOUNT = "account"
    TRANSACTION = "transaction"
    BALANCE = "balance"
    ENGAGEMENT = "engagement"
    RATE = "rate"

    @property
    def subject(self) -> Subject | None:
        """Whose attributes the record's further fields are; None of a rate."""
        return None if self is RecordKind.RATE else Subject(self.value)


MAX_ID_BYTES: Final = 256
"""An id is a text of at least one byte, and of so many at most."""

ID_LENGTH: Final = f"an id is a text of 1 to {MAX_ID_BYTES} bytes"

NEED_IDS: Final = frozenset({RecordKind.CUSTOMER, RecordKind.ACCOUNT, RecordKind.TRANSACTION})
"""Kinds whose records have ids of their own; the ids of others may be left out, and are made of what they say."""

AMOUNT: Final = DataType(Kind.DECIMAL, 0)
"""An amount as it is written and kept: whole minor units of its account's currency, whatever that is."""

FIELDS: Final[Mapping[RecordKind, Mapping[str, DataType]]] = {
    RecordKind.CUSTOMER: {"consents": LIST, "consent_times": LIST},
    RecordKind.ACCOUNT: {
        "owners": LIST,
        "owner_roles": LIST,
        "kind": STRING,
        "currency": STRING,
        "institution": STRING,
        "external": BOOL,
        "opened": DATE,
        "closed": DATE,
        "status": STRING,
        "balance": AMOUNT,
    },
    RecordKind.TRANSACTION: {
        "account": STRING,
        "booking_time": TIMESTAMP,
        "value_time": TIMESTAMP,
        "amount": AMOUNT,
        "balance_after": AMOUNT,
        "category": STRING,
        "counterparty": STRING,
        "purpose": STRING,
        "reference": STRING,
    },
    RecordKind.BALANCE: {"account": STRING, "time": TIMESTAMP, "amount": AMOUNT},
    RecordKind.ENGAGEMENT: {
        "customer": STRING,
        "time": TIMESTAMP,
        "channel": STRING,
        "subject_area": STRING,
        "duration_s": INT64,
        "device": STRING,
    },
    RecordKind.RATE: {"currency": STRING, "day": DATE, "rate": STRING},
}
"""The fields of records beside their ids, as they are written; ledgers add attributes."""

REQUIRED: Final[Mapping[RecordKind, tuple[str, ...]]] = {
    RecordKind.CUSTOMER: (),
    RecordKind.ACCOUNT: (),
    RecordKind.TRANSACTION: ("account", "booking_time", "amount"),
    RecordKind.BALANCE: ("account", "time", "amount"),
    RecordKind.ENGAGEMENT: ("customer", "time"),
    RecordKind.RATE: ("currency", "day", "rate"),
}
"""What no record of the kind can lack."""

OWNER: Final[Mapping[RecordKind, str]] = {
    RecordKind.TRANSACTION: "account",
    RecordKind.BALANCE: "account",
    RecordKind.ENGAGEMENT: "customer",
}
"""The field that says whose a fact is: the id of an account or a customer that must be known."""

TIME: Final[Mapping[RecordKind, str]] = {
    RecordKind.TRANSACTION: "booking_time",
    RecordKind.BALANCE: "time",
    RecordKind.ENGAGEMENT: "time",
}
"""The field that says when a fact happened, by which facts are ordered."""


def record_schema(kind: RecordKind, vocabulary: Vocabulary) -> Schema:
    """The fields of a kind of record in a ledger: the fixed ones, and the given attributes of its subject.

    The schema's subject is the record's; that of a rate is the transaction's, for want of one.
    """
    fixed = tuple(AttributeSpec(id_, type_, id_ in REQUIRED[kind]) for id_, type_ in FIELDS[kind].items())
    zone = vocabulary.ledger.time_zone
    if kind.subject is None:
        return Schema(Subject.TRANSACTION, fixed, zone)
    attributes = vocabulary.terms[kind.subject].attributes.values()
    given = (AttributeSpec(a.id, a.type) for a in attributes if a.is_given)
    derived = {a.id: "aggregated" if a.aggregate else "computed" for a in attributes if not a.is_given}
    return Schema(kind.subject, (*fixed, *given), zone, derived=derived)
