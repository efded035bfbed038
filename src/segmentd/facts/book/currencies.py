"""Currencies as small numbers, and amounts in their minor units."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segmentd.facts.book.pool import TextPool
from segmentd.facts.book.table import Table
from segmentd.ledger.currencies import EXPONENTS
from segmentd.ledger.fields import money

CODES: Final = tuple(EXPONENTS)
NUMBERS: Final[Mapping[str, int]] = {code: number for number, code in enumerate(CODES)}
DIGITS: Final = np.array([money(code).scale for code in CODES], np.int64)
"""After the point, by currency."""

CURRENCY: Final = "currency"
UNKNOWN: Final = -1

_MAX_POWER: Final = 18
_POWERS: Final = 10 ** np.arange(_MAX_POWER + 1, dtype=np.int64)
_MAX: Final = 2**63 - 1

Currencies = npt.NDArray[np.int64]


def currencies_of(texts: pa.StringArray) -> Currencies:
    """The numbers of currency codes, -1 of what is none."""
    return np.array([NUMBERS.get(code, UNKNOWN) for code in texts.to_pylist()], np.int64)


def currencies_of_accounts(accounts: Table, rows: npt.NDArray[np.int64]) -> Currencies:
    """The currencies of some rows of accounts."""
    field = accounts.fields.get(CURRENCY)
    if field is None or not isinstance(field.pool, TextPool):
        return np.full(len(rows), UNKNOWN, np.int64)
    return currencies_of(field.pool.view().texts())[field.view().cells(rows).values]


def minor_units(
    values: npt.NDArray[np.int64], scale: int, currencies: Currencies
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Amounts of so many digits after the point in minor units of currencies, and which cannot be given so."""
    more = DIGITS[currencies] - scale
    factors = _POWERS[np.clip(more, 0, _MAX_POWER)]
    divisors = _POWERS[np.clip(-more, 0, _MAX_POWER)]
    most = _MAX // factors
    wrong: npt.NDArray[Any] = (values % divisors != 0) | (values > most) | (values < -most - (factors == 1))
    wrong |= (np.abs(more) > _MAX_POWER) & (values != 0)
    return np.where(wrong, 0, values) // divisors * factors, wrong


def shown(value: int, scale: int) -> str:
    """An amount as people write it."""
    return f"{Decimal(value).scaleb(-scale):f}"
