"""Amounts of a version in the ledger's currency, by the rates of their days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from segmentd.columns.zones import DAY_US, utc_offsets
from segmentd.engine.facts.money import RateTable, convert
from segmentd.engine.facts.rows import Numbers
from segmentd.facts.book.field import Cells
from segmentd.facts.book.pool import PoolView
from segmentd.facts.book.table_view import TableView
from segmentd.ledger.fields import money
from segmentd.ledger.model import Ledger

RATE: Final = re.compile(r"(?P<whole>[0-9]{1,9})(\.(?P<part>[0-9]{1,9}))?", re.ASCII)
RATE_DIGITS: Final = 9
"""Rates are kept as whole billionths."""

Days = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """The currencies of accounts and what they are worth.

    `own`: the number of the ledger's currency; `by_account[slots]`: that of each account's, -1 where there is none.
    `last_days`: by currency, the latest day that has a rate.
    """

    own: int
    by_account: Numbers
    table: RateTable
    last_days: Days
    time_zone: str

    def at(self, amounts: Cells, accounts: Numbers, times: npt.NDArray[np.int64]) -> Cells:
        """Amounts on accounts at moments; there is none where its day has no rate."""
        foreign, currencies = self._foreign(accounts)
        moments = times[foreign]
        return self._converted(amounts, foreign, currencies, (moments + utc_offsets(moments, self.time_zone)) // DAY_US)

    def latest(self, amounts: Cells, accounts: Numbers) -> Cells:
        """Amounts on accounts, by the last rates that there are."""
        foreign, currencies = self._foreign(accounts)
        return self._converted(amounts, foreign, currencies, self.last_days[currencies])

    def _foreign(self, accounts: Numbers) -> tuple[npt.NDArray[np.int64], Numbers]:
        currencies = self.by_account[accounts]
        foreign = np.flatnonzero((currencies >= 0) & (currencies != self.own))
        return foreign, currencies[foreign]

    def _converted(self, amounts: Cells, foreign: npt.NDArray[np.int64], currencies: Numbers, days: Days) -> Cells:
        if not len(foreign):
            return amounts
        values = amounts.values.copy()
        present = np.ones(len(values), np.uint8) if amounts.present is None else amounts.present.copy()
        values[foreign], known = convert(values[foreign], currencies, days, self.table)
        present[foreign] &= known
        return Cells(values, present)


def exchange_of(accounts: TableView, rates: TableView, ledger: Ledger) -> Exchange | None:
    """What the accounts' currencies are worth; None where all are the ledger's."""
    field = accounts.fields.get("currency")
    if field is None or not isinstance(field.pool, PoolView):
        return None
    codes = field.pool.texts().to_pylist()
    if all(code == ledger.currency_code for code in codes):
        return None
    by_account = np.full(accounts.ids.count, -1, np.int32)
    living = accounts.by_number >= 0
    by_account[living] = field.cells(accounts.rows).values
    own = codes.index(ledger.currency_code) if ledger.currency_code in codes else -1
    table, last_days = _rate_table(rates, field.pool, codes, ledger)
    return Exchange(own, by_account, table, last_days, ledger.time_zone)


def scaled_rate(text: str) -> int:
    """A rate in billionths. ValueError for a text that is none."""
    match = RATE.fullmatch(text)
    scaled = 0 if match is None else int(match["whole"] + (match["part"] or "").ljust(RATE_DIGITS, "0"))
    if not scaled:
        raise ValueError(f"{text!r} is no rate")
    return scaled


def local_days(starts: npt.NDArray[np.int64], time_zone: str) -> Days:
    """The days since 1970 that begin at these moments."""
    return (starts + utc_offsets(starts, time_zone)) // DAY_US


def _rate_table(rates: TableView, pool: PoolView, codes: list[str], ledger: Ledger) -> tuple[RateTable, Days]:
    currencies, days, scaled = _sorted_rates(rates, pool, ledger)
    starts = np.searchsorted(currencies, np.arange(len(codes) + 1)).astype(np.int64)
    into = money(ledger.currency_code).scale
    divisors = np.array([10 ** (RATE_DIGITS + money(code).scale - into) for code in codes], np.int64)
    has_rate = starts[1:] > starts[:-1]
    last_days = np.zeros(len(codes), np.int64)
    last_days[has_rate] = days[starts[1:][has_rate] - 1]
    return RateTable(starts, days, scaled, divisors), last_days


def _sorted_rates(rates: TableView, pool: PoolView, ledger: Ledger) -> tuple[Numbers, Days, npt.NDArray[np.int64]]:
    """Currencies, by their numbers in a pool, days, and rates in billionths; of equal days the greatest id's."""
    fields = [rates.fields.get(name) for name in ("currency", "day", "rate")]
    given = [field.cells(rates.rows).values for field in fields if field is not None]
    if len(given) < len(fields):
        nothing = np.zeros(0, np.int64)
        return np.zeros(0, np.int32), nothing, nothing
    currency, day, rate = given
    currencies = pool.find(_texts(rates, "currency"))[currency]
    days = local_days(day, ledger.time_zone)
    scaled = np.array([scaled_rate(text) for text in _texts(rates, "rate").to_pylist()], np.int64)[rate]
    order = np.lexsort((_ranks(rates), days, currencies))
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = (np.diff(currencies[order]) != 0) | (np.diff(days[order]) != 0)
    order = order[is_last & (currencies[order] >= 0)]
    return currencies[order], days[order], scaled[order]


def _ranks(rates: TableView) -> npt.NDArray[np.uint64]:
    """The order of the rates' ids, which stays the same when a book is restored."""
    ids = rates.ids_of(np.flatnonzero(rates.by_number >= 0))
    return np.asarray(pc.rank(ids, "ascending").to_numpy())


def _texts(rates: TableView, name: str) -> pa.StringArray:
    pool = rates.fields[name].pool
    if not isinstance(pool, PoolView):
        raise TypeError(f"{name} is no text")
    return pool.texts()
