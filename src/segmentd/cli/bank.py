"""A bank that never was: seeded customers, as records of a ledger, for the demo and for load tests."""

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

CONSENTED: Final = "2025-05-25T00:00:00Z"
"""When those who agreed to be written to did so."""

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
        """All customers, `id` first."""
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
    def travels(self) -> npt.NDArray[np.int64]:
        """Trips abroad within twelve months."""
        return self.random.poisson(np.clip(0.9 + 0.9 * self.wealth, 0.05, 6.0)).astype(np.int64)

    @cached_property
    def online(self) -> Bools:
        """Who uses the bank's web site."""
        return self.chance(0.84)

    @cached_property
    def consenting(self) -> Bools:
        """Who agreed to be written to."""
        return self.chance(0.5)

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


def _visited(chunk: _Chunk) -> pa.Array:
    return chunk.pick_lists(COUNTRIES, np.where(chunk.travels > 0, 1 + chunk.travels // 2, 0))


def _where(flags: Bools, text: str) -> pa.ListArray:
    """A list of the text for those of whom it is so, an empty one for the others."""
    offsets = np.concatenate([[0], np.cumsum(flags)]).astype(np.int32)
    texts = pa.array([text]).take(pa.array(np.zeros(offsets[-1], dtype=np.int8)))
    return pa.ListArray.from_arrays(pa.array(offsets), texts)


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
    "id": _ids,
    "country": lambda c: c.choose(COUNTRIES[:6], (0.48, 0.17, 0.14, 0.09, 0.07, 0.05), 0.01),
    "region": lambda c: c.choose(CITIES, (0.3, 0.2, 0.15, 0.15, 0.1, 0.1), 0.03),
    "birthDate": lambda c: _days_ago(c.age_years * _YEAR_DAYS, c.chance(0.004)),
    "isStudent": lambda c: pa.array(c.student, mask=c.chance(0.02)),
    "income": _income,
    "loanAmount": _loan,
    "riskGrade": lambda c: c.choose(GRADES, (0.35, 0.3, 0.2, 0.1, 0.05), 0.05),
    "creditUtilisation": lambda c: pa.array(c.random.beta(1.3, 3.0, CHUNK_ROWS), mask=c.chance(0.18)),
    "cardTier": _tier,
    "tripsAbroad12Months": lambda c: pa.array(c.travels.astype(np.int16), mask=c.chance(0.04)),
    "foreignCountriesVisited": _visited,
    "children": lambda c: pa.array(c.random.poisson(0.8, CHUNK_ROWS).astype(np.int8), mask=c.chance(0.15)),
    "email": _email,
    "consents": lambda c: _where(c.consenting, "marketing"),
    "consent_times": lambda c: _where(c.consenting, CONSENTED),
    "lastLogin": _last_login,
    "tags": _tags,
}

_DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
_TYPES: Final[Mapping[str, pa.DataType]] = {
    "id": pa.string(),
    "country": _DICTIONARY,
    "region": _DICTIONARY,
    "birthDate": pa.date32(),
    "isStudent": pa.bool_(),
    "income": CENTS,
    "loanAmount": CENTS,
    "riskGrade": _DICTIONARY,
    "creditUtilisation": pa.float64(),
    "cardTier": _DICTIONARY,
    "tripsAbroad12Months": pa.int16(),
    "foreignCountriesVisited": pa.list_(pa.string()),
    "children": pa.int8(),
    "email": pa.string(),
    "consents": pa.list_(pa.string()),
    "consent_times": pa.list_(pa.string()),
    "lastLogin": pa.timestamp("us", "UTC"),
    "tags": pa.list_(pa.string()),
}

SCHEMA: Final = pa.schema(
    [
        pa.field(name, type_, metadata={"currency": CURRENCY} if type_ == CENTS else None)
        for name, type_ in _TYPES.items()
    ]
)
"""The columns of a bank. The currency of amounts is in the fields' metadata."""
