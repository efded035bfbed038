"""Amounts in another currency, exactly: products of 128 bits, divided and rounded half to even."""

from __future__ import annotations

from typing import Any

import numpy as np

from segmentd.kernels.compiler import inline_kernel, kernel
from segmentd.kernels.facts.hashing import multiply_high


@kernel
def convert_amounts(
    amounts: Any,
    currencies: Any,
    days: Any,
    starts: Any,
    rate_days: Any,
    rates: Any,
    divisors: Any,
    out: Any,
    is_known: Any,
) -> None:
    """Each amount times its currency's rate of the day, divided: `out`, and in `is_known` 1 where there is such.

    There is none without a rate of just that day, and where it is no int64. Days and rates of currency c are those
    from `starts[c]` to before `starts[c + 1]`, by day; rates are positive. `divisors`: positive, below 2**47.
    """
    for i in range(amounts.shape[0]):
        currency = currencies[i]
        low, end = starts[currency], starts[currency + 1]
        high = end
        while low < high:
            middle = (low + high) // 2
            if rate_days[middle] < days[i]:
                low = middle + 1
            else:
                high = middle
        out[i] = 0
        is_known[i] = 0
        if low < end and rate_days[low] == days[i]:
            _convert(amounts[i], rates[low], divisors[currency], i, out, is_known)


@inline_kernel
def _convert(amount: int, rate: int, divisor: int, i: int, out: Any, is_known: Any) -> None:
    magnitude = np.uint64(-amount) if amount < 0 else np.uint64(amount)
    by = np.uint64(divisor)
    low = magnitude * np.uint64(rate)
    rest = multiply_high(magnitude, np.uint64(rate))
    if rest >= by:
        return
    quotient = np.uint64(0)
    for shift in (np.uint64(48), np.uint64(32), np.uint64(16), np.uint64(0)):
        rest = (rest << np.uint64(16)) | ((low >> shift) & np.uint64(0xFFFF))
        quotient = (quotient << np.uint64(16)) | (rest // by)
        rest %= by
    twice = rest << np.uint64(1)
    if twice > by or (twice == by and quotient & np.uint64(1)):
        quotient += np.uint64(1)
        if quotient == np.uint64(0):
            return
    limit = np.uint64(1) << np.uint64(63)
    if amount < 0:
        if quotient <= limit:
            out[i] = np.int64(~quotient + np.uint64(1))
            is_known[i] = 1
    elif quotient < limit:
        out[i] = np.int64(quotient)
        is_known[i] = 1
