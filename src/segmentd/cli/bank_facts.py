"""What the customers of the generated bank own and did: accounts, transactions and visits, as records of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.cli.bank import AS_OF_DAY, CHUNK_ROWS, Bank

Integers = npt.NDArray[np.int64]

HISTORY_DAYS: Final = 400
"""Transactions and visits are of so many days before the day on which the bank was counted."""

KINDS: Final = ("CHECKING", "SAVINGS", "MONEY_MARKET", "SAVINGS_ELSEWHERE")
"""The accounts that a customer may have, one of each."""

_SHARES: Final = np.array([0.93, 0.62, 0.12, 0.33])
_TRANSACTIONS: Final = np.array([17, 4, 4, 5])
_PLACES: Final = 32
"""Numbers of transactions that each customer has: two more than can be made."""

_KIND_NAMES: Final = pa.array(["CHECKING", "SAVINGS", "MONEY_MARKET", "SAVINGS"])
_INSTITUTIONS: Final = pa.array(["HOME", "OTHER_BANK"])
_CATEGORIES: Final = pa.array(
    [
        "INCOME/SALARY",
        "INCOME/BENEFITS",
        "SPENDING/GROCERIES",
        "SPENDING/HOUSING/RENT",
        "SPENDING/INSURANCE",
        "SPENDING/TRAVEL",
        "SPENDING/CHILDREN",
        "TRANSFER",
    ]
)
_CATEGORY_SHARES: Final = np.cumsum([0.16, 0.03, 0.38, 0.1, 0.08, 0.07, 0.06, 0.12])
_INCOMES: Final = 2
"""The first categories bring money, the others take it."""

_COUNTERPARTIES: Final = pa.array([f"Counterparty {number:03}" for number in range(400)])
_CHANNELS: Final = pa.array(["WEB", "APP", "BRANCH"])
_AREAS: Final = pa.array(["REAL_ESTATE", "SAVINGS", "CARDS", "INSURANCE", "SECURITIES"])
_DEVICES: Final = pa.array(["PHONE", "COMPUTER"])

_DAY_US: Final = 86_400_000_000
_END_US: Final = AS_OF_DAY * _DAY_US
_MOMENT: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True)
class Facts:
    """The records of some customers, by kind, with the columns that WriteRecords takes; amounts in cents."""

    accounts: pa.RecordBatch
    transactions: pa.RecordBatch
    engagements: pa.RecordBatch


def bank_facts(bank: Bank) -> Iterator[Facts]:
    """The facts of all customers of the bank, `CHUNK_ROWS` customers at a time, in their order."""
    for first in range(0, bank.customers, CHUNK_ROWS):
        random = np.random.Generator(np.random.PCG64([bank.seed, first, 1]))
        chunk = _Chunk(first, min(CHUNK_ROWS, bank.customers - first), random)
        yield Facts(chunk.accounts(), chunk.transactions(), chunk.engagements())


@dataclass(frozen=True)
class _Chunk:
    """Some customers: `size` of them count. Cached values are drawn in the order of their first use."""

    first: int
    size: int
    random: np.random.Generator

    @cached_property
    def owned(self) -> tuple[Integers, Integers]:
        """Of each account, whose it is, as a row of the chunk, and its kind as an index of `KINDS`."""
        has = self.random.random((CHUNK_ROWS, len(KINDS))) < _SHARES
        customers, kinds = np.nonzero(has)
        there = customers < self.size
        return customers[there], kinds[there]

    @cached_property
    def account_ids(self) -> pa.StringArray:
        """An id each, of the customer's number and the account's kind."""
        customers, kinds = self.owned
        return numbered("A", (self.first + customers + 1) * 10 + kinds, 10)

    @cached_property
    def placed(self) -> tuple[Integers, Integers]:
        """Of each transaction, the account, and which of the account's it is."""
        counts = _TRANSACTIONS[self.owned[1]]
        accounts = np.repeat(np.arange(len(counts)), counts)
        return accounts, np.arange(len(accounts)) - np.repeat(np.cumsum(counts) - counts, counts)

    @cached_property
    def money(self) -> tuple[Integers, Integers, Integers]:
        """Of each transaction, its category, its amount, and the account's balance after it, in cents."""
        accounts, _ = self.placed
        rows = len(accounts)
        category = np.searchsorted(_CATEGORY_SHARES, self.random.random(rows), side="right")
        category = np.minimum(category, len(_CATEGORIES) - 1)
        size = np.exp(self.random.normal(8.6, 1.0, rows))
        salary = np.exp(self.random.normal(12.5, 0.4, rows))
        amount = np.rint(np.where(category < _INCOMES, salary, -size)).astype(np.int64)
        opening = np.rint(np.exp(self.random.normal(12.6, 1.1, len(self.owned[0])))).astype(np.int64)
        total = np.cumsum(amount)
        starts = np.cumsum(_TRANSACTIONS[self.owned[1]]) - _TRANSACTIONS[self.owned[1]]
        before = opening - (total[starts] - amount[starts])
        return category, amount, total + before[accounts]

    def accounts(self) -> pa.RecordBatch:
        """The accounts; some are joint, with the next customer."""
        customers, kinds = self.owned
        joint = (self.random.random(len(customers)) < 0.04) & (customers + 1 < self.size)
        counts = 1 + joint.astype(np.int64)
        offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
        nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        owners = numbered("C", self.first + np.repeat(customers, counts) + nth + 1, 9)
        roles = pa.array(["OWNER", "JOINT"]).take(pa.array(nth))
        last = np.cumsum(_TRANSACTIONS[kinds]) - 1
        opened = AS_OF_DAY - HISTORY_DAYS - self.random.integers(0, 4_000, len(customers))
        away = kinds == KINDS.index("SAVINGS_ELSEWHERE")
        return pa.record_batch(
            {
                "id": self.account_ids,
                "owners": pa.ListArray.from_arrays(offsets, owners),
                "owner_roles": pa.ListArray.from_arrays(offsets, roles),
                "kind": _coded(kinds, _KIND_NAMES),
                "institution": _coded(away.astype(np.int64), _INSTITUTIONS),
                "external": pa.array(away),
                "opened": pa.array(opened.astype(np.int32)).cast(pa.date32()),
                "balance": pa.array(self.money[2][last]),
            }
        )

    def transactions(self) -> pa.RecordBatch:
        """The transactions, by account and time: of each account one at the start of the history, the rest over it.

        So every balance is known all that time.
        """
        accounts, nth = self.placed
        category, amount, balance = self.money
        counts = _TRANSACTIONS[self.owned[1]][accounts]
        ago = HISTORY_DAYS * (1.0 - (nth + self.random.random(len(nth))) / counts)
        ago = np.where(nth == 0, float(HISTORY_DAYS), ago)
        places = (
            np.arange(len(nth))
            - np.searchsorted(self.owned[0][accounts], np.arange(self.size))[self.owned[0][accounts]]
        )
        numbers = (self.first + self.owned[0][accounts]) * _PLACES + places
        return pa.record_batch(
            {
                "id": numbered("T", numbers, 10),
                "account": self.account_ids.take(pa.array(accounts)),
                "booking_time": _moments(ago),
                "amount": pa.array(amount),
                "balance_after": pa.array(balance),
                "category": _coded(category, _CATEGORIES),
                "counterparty": _coded(self.random.integers(0, len(_COUNTERPARTIES), len(nth)), _COUNTERPARTIES),
            }
        )

    def engagements(self) -> pa.RecordBatch:
        """Visits, fewer than one a customer."""
        visits = self.random.poisson(0.7, CHUNK_ROWS)[: self.size]
        customers = np.repeat(np.arange(self.size), visits)
        rows = len(customers)
        return pa.record_batch(
            {
                "customer": numbered("C", self.first + customers + 1, 9),
                "time": _moments(HISTORY_DAYS * self.random.random(rows)),
                "channel": _coded(self.random.integers(0, len(_CHANNELS), rows), _CHANNELS),
                "subject_area": _coded(self.random.integers(0, len(_AREAS), rows), _AREAS),
                "duration_s": pa.array(np.rint(self.random.exponential(840.0, rows)).astype(np.int64)),
                "device": _coded(self.random.integers(0, len(_DEVICES), rows), _DEVICES),
            }
        )


def numbered(prefix: str, numbers: Integers, digits: int) -> pa.StringArray:
    """A letter and a number of so many digits each, leading zeros included."""
    width = 1 + digits
    text = np.empty((len(numbers), width), dtype=np.uint8)
    text[:, 0] = ord(prefix)
    left = numbers.copy()
    for place in range(digits, 0, -1):
        left, digit = np.divmod(left, 10)
        text[:, place] = digit + ord("0")
    offsets = np.arange(0, width * (len(numbers) + 1), width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(text))


def _coded(codes: npt.NDArray[np.integer], values: pa.StringArray) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8 if len(values) < 128 else np.int16)), values)


def _moments(days_ago: npt.NDArray[np.float64]) -> pa.Array:
    """Moments so many days before the day on which the bank was counted, and at least a microsecond."""
    ago = np.maximum(np.rint(days_ago * _DAY_US), 1.0).astype(np.int64)
    return pa.array(_END_US - ago).cast(_MOMENT)
