"""A bank to look at: customers with their accounts rolled up to attributes, the same for the same seed.

What belongs together goes together: who earns more owns more, students are young, new customers have no history, and
whoever never used the web bank has no visits. Amounts are whole cents from the start.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

Array = npt.NDArray[Any]

AS_OF: Final = datetime(2026, 10, 1, tzinfo=UTC)
"""The moment at which the bank is seen; nothing happens after it."""

ROW_GROUP: Final = 131_072
AMOUNT: Final = pa.decimal128(18, 2)

_TODAY: Final = int(AS_OF.timestamp()) // 86_400
_YEAR: Final = 365.25
_COUNTRIES: Final = ("DE", "AT", "CH", "CZ", "PL", "FR", "IT", "NL", "DK", "BE")
_COUNTRY_SHARES: Final = (0.52, 0.11, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02)
_PLACES: Final = ("ES", "IT", "FR", "GR", "TR", "HR", "US", "TH", "JP", "GB", "PT", "NO", "MX", "AE", "ZA", "IS")
_FIRST_NAMES: Final = ("anna", "ben", "clara", "david", "eva", "felix", "greta", "hugo", "ida", "jan", "käthe", "leo")
_LAST_NAMES: Final = ("adler", "berg", "conrad", "dvořák", "ebert", "fuchs", "graf", "huber", "imhof", "jung", "kern")
_MAIL_HOSTS: Final = ("example.com", "example.org", "mail.example", "post.example")


def write_bank(path: Path, customers: int, seed: int) -> npt.NDArray[np.int64]:
    """Write the bank as Parquet; returns the customers' balances in cents, in the order of the rows."""
    table = generate_bank(customers, seed)
    pyarrow.parquet.write_table(table, path, row_group_size=ROW_GROUP, compression="zstd")
    return cents_of(table["balance"])


def cents_of(amounts: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Amounts without nulls as whole cents."""
    words = [np.frombuffer(chunk.buffers()[1], np.int64).reshape(-1, 2)[chunk.offset :, 0] for chunk in amounts.chunks]
    return np.concatenate([low[: len(chunk)] for low, chunk in zip(words, amounts.chunks, strict=True)])


def generate_bank(customers: int, seed: int) -> pa.Table:
    """`customers` rows: `customer_id` and the attributes that `demo_definitions.yaml` describes."""
    rng = np.random.Generator(np.random.PCG64(seed))
    person = _people(rng, customers)
    columns = {
        "customer_id": _ids(customers),
        **_person_columns(rng, person),
        **_account_columns(rng, person),
        **_behaviour_columns(rng, person),
    }
    return pa.table(columns)


def _people(rng: np.random.Generator, count: int) -> dict[str, Array]:
    """What the columns follow from: age and years with the bank, wealth around 1."""
    age = np.clip(rng.gamma(6.0, 7.5, count) + 14, 16, 99)
    years = np.minimum(rng.exponential(7.0, count), age - 14)
    wealth = rng.lognormal(0.0, 0.9, count) * np.clip(age / 45, 0.4, 1.4)
    return {"age": age, "years": years, "wealth": wealth, "student": (age < 30) & (rng.random(count) < 0.45)}


def _person_columns(rng: np.random.Generator, person: dict[str, Array]) -> dict[str, pa.Array]:
    count = len(person["age"])
    income = np.where(person["student"], 900, 3100) * person["wealth"] * rng.lognormal(0.0, 0.25, count)
    return {
        "country": _drawn(rng, _COUNTRIES, count, _COUNTRY_SHARES),
        "birthDate": _days(_TODAY - person["age"] * _YEAR),
        "isStudent": pa.array(person["student"]),
        "income": _amounts(income, missing=rng.random(count) < 0.08),
        "riskGrade": _risk_grades(rng, person),
        "consentMarketing": pa.array(rng.random(count) < 0.55, mask=rng.random(count) < 0.12),
        "email": _emails(rng, count),
    }


def _risk_grades(rng: np.random.Generator, person: dict[str, Array]) -> pa.Array:
    count = len(person["age"])
    grade = np.clip(np.floor(2.2 - np.log(person["wealth"]) + rng.normal(0, 0.9, count)), 0, 4).astype(np.int8)
    return _coded("ABCDE", grade, missing=rng.random(count) < 0.05)


def _account_columns(rng: np.random.Generator, person: dict[str, Array]) -> dict[str, pa.Array]:
    count, wealth = len(person["age"]), person["wealth"]
    checking = rng.random(count) < 0.94
    savings = rng.random(count) < np.clip(0.35 + 0.15 * wealth, 0, 0.9)
    market = rng.random(count) < np.clip(0.04 * wealth, 0, 0.5)
    average = checking * 2200 * wealth * rng.lognormal(0, 0.5, count) + savings * 6500 * wealth * rng.random(count)
    in_market = market * 15_000 * wealth * rng.lognormal(0, 0.4, count)
    external = 4000 * wealth * rng.random(count)
    no_external = rng.random(count) < 0.7
    balance = (average + in_market) * rng.normal(1.0, 0.2, count) - 250
    short = np.clip(np.round(3.5 - average / 900 + rng.normal(0, 1.5, count)), 0, 6).astype(np.int16)
    has_loan = rng.random(count) < 0.22
    return {
        "firstAccountOpened": _days(_TODAY - person["years"] * _YEAR),
        "ownsChecking": pa.array(checking),
        "ownsSavings": pa.array(savings),
        "ownsMoneyMarket": pa.array(market),
        "balance": _amounts(balance),
        "averageDailyBalanceSavingsChecking": _amounts(average, missing=person["years"] < 1 / 12),
        "averageDailyBalanceAll": _amounts(
            average + in_market + np.where(no_external, 0, external), missing=person["years"] < 1 / 12
        ),
        "externalBalance": _amounts(external, missing=no_external),
        "monthsBelow500Of6": pa.array(short, mask=person["years"] < 0.5),
        "loanAmount": _amounts(6000 * wealth * rng.lognormal(0.2, 0.7, count), missing=~has_loan),
    }


def _behaviour_columns(rng: np.random.Generator, person: dict[str, Array]) -> dict[str, pa.Array]:
    count = len(person["age"])
    trips = rng.poisson(np.clip(1.1 * person["wealth"], 0, 12)).astype(np.int16)
    offline = rng.random(count) < 0.18
    since_login = np.minimum(rng.exponential(25.0, count), person["years"] * _YEAR) * 86_400e6
    logins = (int(AS_OF.timestamp()) * 1_000_000 - since_login).astype(np.int64)
    return {
        "tripsAbroad12Months": pa.array(trips, mask=rng.random(count) < 0.1),
        "countriesVisited": _visited(rng, trips),
        "longestRealEstateVisitMinutes": pa.array(
            np.where(rng.random(count) < 0.25, rng.gamma(2.0, 9.0, count), 0.0), mask=offline
        ),
        "lastLogin": pa.array(logins, pa.timestamp("us", "UTC"), mask=offline),
    }


def _ids(count: int) -> pa.Array:
    numbers = pc.utf8_lpad(pa.array(np.arange(1, count + 1)).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise("C", numbers, "")


def _days(days: Array) -> pa.Array:
    return pa.array(np.floor(days).astype(np.int32)).cast(pa.date32())


def _amounts(major: Array, missing: Array | None = None) -> pa.Array:
    """Amounts in major units, rounded to cents, as exact decimals."""
    cents = np.rint(major * 100).astype(np.int64)
    words = np.stack((cents, cents >> 63), axis=1)
    validity = None if missing is None else pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(AMOUNT, len(cents), [validity, pa.py_buffer(words)])


def _coded(texts: str | tuple[str, ...], codes: Array, missing: Array | None = None) -> pa.Array:
    return pa.array(list(texts)).take(pa.array(codes, mask=missing))


def _drawn(
    rng: np.random.Generator, texts: tuple[str, ...], count: int, shares: tuple[float, ...] | None = None
) -> pa.Array:
    return _coded(texts, rng.choice(len(texts), count, p=shares).astype(np.int8))


def _emails(rng: np.random.Generator, count: int) -> pa.Array:
    names = pc.binary_join_element_wise(_drawn(rng, _FIRST_NAMES, count), _drawn(rng, _LAST_NAMES, count), ".")
    numbers = pa.array(rng.integers(1, 10_000, count)).cast(pa.string())
    address = pc.binary_join_element_wise(
        pc.binary_join_element_wise(names, numbers, ""), _drawn(rng, _MAIL_HOSTS, count), "@"
    )
    return pc.if_else(pa.array(rng.random(count) < 0.07), pa.scalar(None, pa.string()), address)


def _visited(rng: np.random.Generator, trips: Array) -> pa.Array:
    """Per customer up to as many places as trips: neighbours in a circle, so that none comes twice."""
    lengths = np.minimum(trips, rng.integers(0, 9, len(trips)))
    ends = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    first = np.repeat(rng.integers(0, len(_PLACES), len(trips)), lengths)
    places = (first + np.arange(ends[-1]) - np.repeat(ends[:-1], lengths)) % len(_PLACES)
    return pa.ListArray.from_arrays(pa.array(ends), _coded(_PLACES, places.astype(np.int8)))
