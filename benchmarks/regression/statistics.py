"""The median of ratios, with an interval that needs no assumption about how they are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A median, and between which ratios the true one lies with `CONFIDENCE`."""

    median: float
    low: float
    high: float


def interval_of(ratios: Sequence[float]) -> Interval:
    """The sign test's interval: order statistics, of which as many are left out as chance allows.

    With fewer than six ratios it is as wide as they are, and holds with less confidence.
    """
    ordered = sorted(ratios)
    skipped = _skipped(len(ordered))
    return Interval(float(np.median(ordered)), ordered[skipped], ordered[len(ordered) - 1 - skipped])


def _skipped(count: int) -> int:
    """The most order statistics that can be left out on either side."""
    skipped, tail = 0, 2.0**-count
    while skipped + 1 < count / 2 and 2 * (tail + comb(count, skipped + 1) / 2**count) <= 1 - CONFIDENCE:
        skipped += 1
        tail += comb(count, skipped) / 2**count
    return skipped
