"""Amounts in another currency, through kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from segmentd.engine.facts.readonly import readonly
from segmentd.kernels.facts.money import convert_amounts

MAX_DIVISOR: Final = 1 << 47
"""What the kernel divides by is less."""


@dataclass(frozen=True, slots=True, eq=False)
class RateTable:
    """Rates by currency and day: those of currency c are from `starts[c]` to before `starts[c + 1]`, by day.

    An amount is multiplied by the rate, positive, and divided by `divisors[c]`.
    """

    starts: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    rates: npt.NDArray[np.int64]
    divisors: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.divisors) and not 0 < self.divisors.min() <= self.divisors.max() < MAX_DIVISOR:
            raise ValueError(f"divisors are 1 to {MAX_DIVISOR - 1}")


def convert(
    amounts: npt.NDArray[np.int64], currencies: npt.NDArray[np.int32], days: npt.NDArray[np.int64], table: RateTable
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """The amounts by their currencies' rates of their days, half to even, and 1 where there is such an int64."""
    out, is_known = np.empty(len(amounts), np.int64), np.empty(len(amounts), np.uint8)
    starts, rate_days, rates = readonly(table.starts), readonly(table.days), readonly(table.rates)
    given = readonly(amounts), readonly(currencies), readonly(days)
    convert_amounts(*given, starts, rate_days, rates, readonly(table.divisors), out, is_known)
    return out, is_known
