"""The fields that every record of a kind has: attributes that are built in, beside those that a ledger defines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.ledger.currencies import EXPONENTS
from segmentd.schema import BOOL, DATE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, DataType, Kind, Subject

CENTS: Final = 2
"""Digits after the point of currencies for which ISO 4217 gives none, such as gold."""

_MONEY: Final = None
"""Stands for an amount in the ledger's currency."""

_FIELDS: Final[Mapping[Subject, Mapping[str, DataType | None]]] = {
    Subject.CUSTOMER: {"consents": LIST},
    Subject.ACCOUNT: {
        "kind": STRING,
        "currency": STRING,
        "institution": STRING,
        "external": BOOL,
        "opened": DATE,
        "closed": DATE,
        "status": STRING,
        "balance": _MONEY,
    },
    Subject.TRANSACTION: {
        "booking_time": TIMESTAMP,
        "value_time": TIMESTAMP,
        "amount": _MONEY,
        "balance_after": _MONEY,
        "category": STRING,
        "counterparty": STRING,
        "purpose": STRING,
        "reference": STRING,
    },
    Subject.BALANCE: {"time": TIMESTAMP, "amount": _MONEY},
    Subject.ENGAGEMENT: {
        "time": TIMESTAMP,
        "channel": STRING,
        "subject_area": STRING,
        "duration_s": INT64,
        "device": STRING,
    },
}
"""Fields by kind of record and id, as expressions read them: amounts are in the ledger's currency."""

REQUIRED: Final = frozenset(
    {
        (Subject.TRANSACTION, "booking_time"),
        (Subject.BALANCE, "time"),
        (Subject.ENGAGEMENT, "time"),
    }
)
"""What no record of the kind can lack. An amount may be missing where there is no rate into the ledger's currency."""


def money(currency_code: str) -> DataType:
    """The type of amounts in a currency: whole minor units, as many digits as ISO 4217 gives it."""
    exponent = EXPONENTS[currency_code]
    return DataType(Kind.DECIMAL, CENTS if exponent is None else exponent, currency_code)


def built_in(subject: Subject, currency_code: str) -> tuple[AttributeSpec, ...]:
    """The fields of a subject in a ledger of a currency."""
    return tuple(
        AttributeSpec(id_, type_ or money(currency_code), (subject, id_) in REQUIRED, built_in=True)
        for id_, type_ in _FIELDS[subject].items()
    )


def is_built_in(subject: Subject, attribute_id: str) -> bool:
    """Whether every ledger has this field."""
    return attribute_id in _FIELDS[subject]
