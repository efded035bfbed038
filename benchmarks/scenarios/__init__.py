"""The scenarios, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from benchmarks.scenario import Scenario
from benchmarks.scenarios.bank import bank, campaign, nulls, platform
from benchmarks.scenarios.money import money
from benchmarks.scenarios.nested import nested
from benchmarks.scenarios.text import text
from benchmarks.scenarios.wide import wide

SCENARIOS: Final[Mapping[str, Callable[[], Scenario]]] = MappingProxyType(
    {
        "campaign": campaign,
        "bank": bank,
        "platform": platform,
        "wide": wide,
        "nulls": nulls,
        "text": text,
        "money": money,
        "nested": nested,
    }
)
"""What makes each of them."""
