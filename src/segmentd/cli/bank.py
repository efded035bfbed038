"""A bank that never was: seeded customers with accounts rolled up to attributes, for the demo and for load tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.cli.bank_values import CITIES, COUNTRIES, DOMAINS, FIRST_NAMES, GRADES, LAST_NAMES, TAGS, TIERS

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CURRENCY: Final = "EUR"
CENTS: Final = pa.decimal128(15, 2)
AS_OF: Final = date(2026, 6, 30)
"""The day on which the bank was counted: nothing in it is later."""

CHUNK_ROWS: Final = 1 << 17
"""Customers drawn from one stream of random numbers: fewer at a time would change the bank."""

AS_OF_DAY: Final = (AS_OF - date(1970, 1, 1)).days
"""That day, in days since 1970-01-01."""
_DAY_US: Final = 86_400_000_000
_YEAR_DAYS: Final = 365.25


@dataclass(frozen=True, slots=True)
class Bank:
    """So many customers; the same seed gives the same bank, of which a larger one has the same first customers."""

    customers: int
    seed: int = 1

    def table(self) -> pa.Table:
        """All customers, `customer_id` first."""
        return pa.Table.from_batches(self.batches(), SCHEMA)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The customers, `CHUNK_ROWS` at a time."""
        for first in range(0, self.customers, CHUNK_ROWS):
            chunk = _Chunk(first, np.random.Generator(np.random.PCG64([self.seed, first])))
            columns = [_COLUMNS[field.name](chunk) for field in SCHEMA]
            yield pa.record_batch(columns, SCHEMA).slice(0, min(CHUNK_ROWS, self.customers - first))


@dataclass(frozen=True)
class _Chunk:
    """What the columns of some customers have in common. Cached values are drawn in the order of their first use."""

    first: int
    random: np.random.Generator

    @cached_property
    def wealth(self) -> Floats:
        """How well off each is: a standard normal that income and balances follow."""
        return self.random.standard_normal(CHUNK_ROWS)

    @cached_property
    def age_years(self) -> Floats:
        """From 18 to 95, most around 45."""
        return 18.0 + 77.0 * self.random.beta(1.9, 2.8, CHUNK_ROWS)

    @cached_property
    def tenure_years(self) -> Floats:
        """For how long each has been a client, since 16 at the earliest."""
        return np.minimum(self.random.exponential(6.5, CHUNK_ROWS), self.age_years - 16.0)

    @cached_property
    def student(self) -> Bools:
        """Most of the young."""
        return (self.age_years < 27.0) & self.chance(0.55)

    @cached_property
    def savings(self) -> Bools:
        """Who owns a savings account."""
        return self.chance(0.62)

    @cached_property
    def checking(self) -> Bools:
        """Who owns a checking account: nearly all, and everybody without savings."""
        return self.chance(0.93) | ~self.savings

    @cached_property
    def money_market(self) -> Bools:
        """Who owns a money-market account: rather the wealthy."""
        return self.wealth + self.random.standard_normal(CHUNK_ROWS) > 1.45

    @cached_property
    def deposits(self) -> Cents:
        """Average daily balance over savings and checking."""
        return self.money(7.4 + 1.25 * self.wealth, 0.8)

    @cached_property
    def market_balance(self) -> Cents:
        """Average daily balance over money-market accounts."""
        return np.where(self.money_market, self.money(9.1 + 0.8 * self.wealth, 0.7), 0)

    @cached_property
    def lowest(self) -> Cents:
        """The lowest balance at the end of a complete month of the last twelve; some are overdrawn."""
        share = 1.15 * self.random.random(CHUNK_ROWS) - 0.15
        return np.rint(self.deposits * share).astype(np.int64)

    @cached_property
    def travels(self) -> npt.NDArray[np.int64]:
        """Trips abroad within twelve months."""
        return self.random.poisson(np.clip(0.9 + 0.9 * self.wealth, 0.05, 6.0)).astype(np.int64)

    @cached_property
    def online(self) -> Bools:
        """Who uses the bank's web site."""
        return self.chance(0.84)

    def chance(self, share: float) -> Bools:
        """A coin for each customer."""
        return self.random.random(CHUNK_ROWS) < share

    def money(self, centre: Floats, spread: float) -> Cents:
        """Amounts in cents, log-normal around `exp(centre)` major units, below a hundred million."""
        major = np.exp(centre + spread * self.random.standard_normal(CHUNK_ROWS))
        return np.rint(100.0 * np.minimum(major, 1e8)).astype(np.int64)

    def choose(self, values: tuple[str, ...], shares: tuple[float, ...], missing: float) -> pa.Array:
        """A text each, by shares that add up to 1, missing for a share of customers."""
        codes = np.searchsorted(np.cumsum(shares), self.random.random(CHUNK_ROWS), side="right")
        codes = np.minimum(codes, len(values) - 1).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=self.chance(missing)), pa.array(values))

    def pick(self, values: tuple[str, ...]) -> pa.Array:
        """A text each, all equally likely."""
        return pa.array(values).take(pa.array(self.random.integers(0, len(values), CHUNK_ROWS)))

    def pick_lists(self, values: tuple[str, ...], lengths: npt.NDArray[np.int64]) -> pa.ListArray:
        """So many distinct texts each, of a prime number of values: steps around a ring of them never meet early."""
        size = len(values)
        kept = np.minimum(lengths, size)
        offsets = np.concatenate([[0], np.cumsum(kept)])
        start, step = self.random.integers(0, size, CHUNK_ROWS), self.random.integers(1, size, CHUNK_ROWS)
        nth = np.arange(offsets[-1]) - np.repeat(offsets[:-1], kept)
        codes = (np.repeat(start, kept) + nth * np.repeat(step, kept)) % size
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values).take(pa.array(codes)))


def _ids(chunk: _Chunk) -> pa.Array:
    numbers = pa.array(np.arange(chunk.first, chunk.first + CHUNK_ROWS) + 1).cast(pa.string())
    return pc.binary_join_element_wise("C", pc.ascii_lpad(numbers, 9, "0"), "")


def _email(chunk: _Chunk) -> pa.Array:
    numbers = pa.array(np.arange(chunk.first, chunk.first + CHUNK_ROWS) + 1).cast(pa.string())
    names = pc.binary_join_element_wise(chunk.pick(FIRST_NAMES), chunk.pick(LAST_NAMES), numbers, ".")
    whole = pc.binary_join_element_wise(names, chunk.pick(DOMAINS), "@")
    return pc.if_else(pa.array(chunk.chance(0.08)), pa.scalar(None, pa.string()), whole)


def _days_ago(days: Floats, missing: Bools | None = None) -> pa.Array:
    return pa.array((AS_OF_DAY - np.floor(days)).astype(np.int32), mask=missing).cast(pa.date32())


def _last_login(chunk: _Chunk) -> pa.Array:
    ago = np.minimum(chunk.random.exponential(25.0, CHUNK_ROWS), chunk.tenure_years * _YEAR_DAYS)
    moments = ((AS_OF_DAY + 1 - ago) * _DAY_US).astype(np.int64) - 1
    return pa.array(moments, pa.timestamp("us", "UTC"), mask=~chunk.online)


def _amounts(cents: Cents, missing: Bools | None = None) -> pa.Array:
    """Decimals of two digits: 128 bits each, the upper half all sign."""
    words = np.stack([cents, cents >> 63], axis=1)
    bitmap = None if missing is None else pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.Array.from_buffers(CENTS, len(cents), [bitmap, pa.py_buffer(words)])


def _income(chunk: _Chunk) -> pa.Array:
    """A month's; that of students is small."""
    monthly = chunk.money(7.85 + 0.45 * chunk.wealth, 0.25)
    return _amounts(np.where(chunk.student, monthly // 3, monthly), chunk.chance(0.12))


def _all_balances(chunk: _Chunk) -> pa.Array:
    """Known for those alone who let the bank see their accounts elsewhere."""
    external = np.where(chunk.chance(0.4), chunk.money(7.9 + 1.1 * chunk.wealth, 0.9), 0)
    return _amounts(chunk.deposits + chunk.market_balance + external, chunk.chance(0.27))


def _balance(chunk: _Chunk) -> pa.Array:
    drift = 0.8 + 0.4 * chunk.random.random(CHUNK_ROWS)
    overdrawn = (chunk.lowest < 0) & chunk.chance(0.3)
    current = np.rint((chunk.deposits + chunk.market_balance) * drift).astype(np.int64)
    return _amounts(np.where(overdrawn, chunk.lowest, current))


def _lowest(chunk: _Chunk) -> pa.Array:
    return _amounts(chunk.lowest, chunk.tenure_years < 1.0 / 12.0)


def _months_below(chunk: _Chunk) -> pa.Array:
    likely = np.clip(0.5 - chunk.lowest / 400_000.0, 0.0, 1.0)
    return pa.array(chunk.random.binomial(12, likely).astype(np.int8), mask=chunk.tenure_years < 1.0)


def _real_estate(chunk: _Chunk) -> pa.Array:
    """Minutes of the longest visit to pages on real estate: 0 for none, missing where nobody may look."""
    minutes = np.where(chunk.chance(0.22), chunk.random.exponential(14.0, CHUNK_ROWS), 0.0)
    return pa.array(np.round(minutes, 1), mask=~chunk.online | chunk.chance(0.1))


def _visited(chunk: _Chunk) -> pa.Array:
    return chunk.pick_lists(COUNTRIES, np.where(chunk.travels > 0, 1 + chunk.travels // 2, 0))


def _loan(chunk: _Chunk) -> pa.Array:
    return _amounts(chunk.money(9.2 + 0.3 * chunk.wealth, 0.8), ~chunk.chance(0.23))


def _tags(chunk: _Chunk) -> pa.Array:
    return chunk.pick_lists(TAGS, chunk.random.binomial(3, 0.2, CHUNK_ROWS).astype(np.int64))


def _tier(chunk: _Chunk) -> pa.Array:
    """Missing where there is no card."""
    rank = np.digitize(chunk.wealth + 0.5 * chunk.random.standard_normal(CHUNK_ROWS), [0.6, 1.6, 2.5]).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(rank, mask=chunk.chance(0.18)), pa.array(TIERS))


# In the order of the columns; a column takes its random numbers when its turn comes.
_COLUMNS: Final[Mapping[str, Callable[[_Chunk], Any]]] = {
    "customer_id": _ids,
    "country": lambda c: c.choose(COUNTRIES[:6], (0.48, 0.17, 0.14, 0.09, 0.07, 0.05), 0.01),
    "region": lambda c: c.choose(CITIES, (0.3, 0.2, 0.15, 0.15, 0.1, 0.1), 0.03),
    "birthDate": lambda c: _days_ago(c.age_years * _YEAR_DAYS, c.chance(0.004)),
    "clientSince": lambda c: _days_ago(c.tenure_years * _YEAR_DAYS),
    "isStudent": lambda c: pa.array(c.student, mask=c.chance(0.02)),
    "income": _income,
    "accountCount": lambda c: pa.array((c.savings * 1 + c.checking + c.money_market).astype(np.int8)),
    "ownsSavings": lambda c: pa.array(c.savings),
    "ownsChecking": lambda c: pa.array(c.checking),
    "ownsMoneyMarket": lambda c: pa.array(c.money_market),
    "avgDailyBalanceSavingsChecking": lambda c: _amounts(c.deposits),
    "avgDailyBalanceAll": _all_balances,
    "balance": _balance,
    "lowestBalance12Months": _lowest,
    "monthsBelowThreshold": _months_below,
    "loanAmount": _loan,
    "riskGrade": lambda c: c.choose(GRADES, (0.35, 0.3, 0.2, 0.1, 0.05), 0.05),
    "creditUtilisation": lambda c: pa.array(c.random.beta(1.3, 3.0, CHUNK_ROWS), mask=c.chance(0.18)),
    "cardTier": _tier,
    "tripsAbroad12Months": lambda c: pa.array(c.travels.astype(np.int16), mask=c.chance(0.04)),
    "foreignCountriesVisited": _visited,
    "realEstateVisitMinutesMax": _real_estate,
    "children": lambda c: pa.array(c.random.poisson(0.8, CHUNK_ROWS).astype(np.int8), mask=c.chance(0.15)),
    "email": _email,
    "consentMarketing": lambda c: pa.array(c.chance(0.58), mask=c.chance(0.14)),
    "lastLogin": _last_login,
    "tags": _tags,
}

_DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
_TYPES: Final[Mapping[str, pa.DataType]] = {
    "customer_id": pa.string(),
    "country": _DICTIONARY,
    "region": _DICTIONARY,
    "birthDate": pa.date32(),
    "clientSince": pa.date32(),
    "isStudent": pa.bool_(),
    "income": CENTS,
    "accountCount": pa.int8(),
    "ownsSavings": pa.bool_(),
    "ownsChecking": pa.bool_(),
    "ownsMoneyMarket": pa.bool_(),
    "avgDailyBalanceSavingsChecking": CENTS,
    "avgDailyBalanceAll": CENTS,
    "balance": CENTS,
    "lowestBalance12Months": CENTS,
    "monthsBelowThreshold": pa.int8(),
    "loanAmount": CENTS,
    "riskGrade": _DICTIONARY,
    "creditUtilisation": pa.float64(),
    "cardTier": _DICTIONARY,
    "tripsAbroad12Months": pa.int16(),
    "foreignCountriesVisited": pa.list_(pa.string()),
    "realEstateVisitMinutesMax": pa.float64(),
    "children": pa.int8(),
    "email": pa.string(),
    "consentMarketing": pa.bool_(),
    "lastLogin": pa.timestamp("us", "UTC"),
    "tags": pa.list_(pa.string()),
}

SCHEMA: Final = pa.schema(
    [
        pa.field(name, type_, metadata={"currency": CURRENCY} if type_ == CENTS else None)
        for name, type_ in _TYPES.items()
    ]
)
"""The columns of a bank. The currency of amounts is in the fields' metadata, where `infer_attributes` finds it."""
