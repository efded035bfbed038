"""What ledgers and attributes may be by themselves: currencies, time zones, defaults."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from segmentd.api.errors import InvalidFieldError
from segmentd.ledger.currencies import EXPONENTS, check_currency
from segmentd.ledger.defaults import Default, check_default
from segmentd.ledger.zones import check_time_zone
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
)

EUROS = DataType(Kind.DECIMAL, 2, "EUR")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "digits"), [("EUR", 2), ("CZK", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XAU", None), ("XXX", None)]
)
def test_currencies_know_their_digits(code: str, digits: int | None) -> None:
    """Cents, none, thousandths, ten-thousandths, and metals without any."""
    assert EXPONENTS[code] == digits
    check_currency(code, "currency_code")


def test_all_active_currencies_are_there() -> None:
    """List one of 2026-01-01 has 178 codes, among them those that came last, and not those that went."""
    assert len(EXPONENTS) == 178
    assert {"XCG", "ZWG", "SLE", "VED", "XAD"} <= EXPONENTS.keys()
    assert EXPONENTS.keys().isdisjoint({"BGN", "HRK", "ANG", "DEM", "CUC"})


@pytest.mark.parametrize(("code", "hint"), [("eur", "EUR"), ("EURO", "EUR"), ("CSK", None), ("", None), ("€", None)])
def test_other_currencies_are_refused_with_a_hint(code: str, hint: str | None) -> None:
    """The error names the field, the value and the likely code."""
    with pytest.raises(InvalidFieldError) as caught:
        check_currency(code, "ledger.currency_code")
    value = {"value": code} if code else {}
    assert caught.value.metadata == {"field": "ledger.currency_code", **value}
    assert ("did you mean" in caught.value.message) == (hint is not None)
    assert hint is None or f"did you mean {hint}?" in caught.value.message


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Prague", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+5"]
)
def test_iana_zones_are_taken(name: str) -> None:
    """Continents, islands and the fixed ones."""
    check_time_zone(name, "time_zone")


@pytest.mark.parametrize("name", ["Europe/Praha", "utc", "CET+1", "../etc/passwd", "localtime", "", "Europe"])
def test_other_zones_are_refused(name: str) -> None:
    """Names are exact; paths and the machine's own zone are none."""
    with pytest.raises(InvalidFieldError, match="IANA time zone"):
        check_time_zone(name, "time_zone")


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        (BOOL, False),
        (INT64, -(2**63)),
        (INT64, 2**63 - 1),
        (EUROS, 2**63 - 1),
        (DOUBLE, 0.0),
        (DOUBLE, float("inf")),
        (STRING, ""),
        (TIMESTAMP, (datetime(1, 1, 1, tzinfo=UTC) - EPOCH).days * 86_400_000_000),
        (TIMESTAMP, (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).days * 86_400_000_000 + 86_399_999_999),
        (DATE, (date(1, 1, 2) - date(1970, 1, 1)).days),
        (DATE, (date(9999, 12, 30) - date(1970, 1, 1)).days),
    ],
)
def test_defaults_that_fit_are_taken(data_type: DataType, value: Default) -> None:
    """Both ends of every range, and falsy values."""
    check_default(value, AttributeSpec("x", data_type))


@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        (BOOL, 1),
        (INT64, True),
        (INT64, 1.0),
        (INT64, "1"),
        (INT64, 2**63),
        (EUROS, 1.5),
        (DOUBLE, 1),
        (STRING, 1),
        (TIMESTAMP, (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH).days * 86_400_000_000 + 86_400_000_000),
        (DATE, (date(1, 1, 1) - date(1970, 1, 1)).days),
        (DATE, (date(9999, 12, 31) - date(1970, 1, 1)).days),
        (LIST, "x"),
    ],
)
def test_defaults_that_do_not_fit_are_refused(data_type: DataType, value: Default) -> None:
    """Other types, and values outside of the type's range; a boolean is no number."""
    with pytest.raises(InvalidFieldError) as caught:
        check_default(value, AttributeSpec("x", data_type))
    assert caught.value.metadata["field"] == "attribute.default_value"


def test_a_computed_attribute_has_no_default() -> None:
    """Its expression decides."""
    with pytest.raises(InvalidFieldError, match="computed"):
        check_default(1, AttributeSpec("x", INT64, expression="1"))
