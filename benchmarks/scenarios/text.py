"""The scenario *text*: few and many distinct texts; equal, one of, beginnings, parts, regular expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.population import Dictionary, Values
from benchmarks.rules import (
    Atom,
    Comparison,
    Condition,
    Either,
    Every,
    Not,
    OneOf,
    Rule,
    Segment,
    TextCondition,
    TextTest,
    columns_of,
)
from benchmarks.scenario import ColumnSpec, Draw, Scenario
from benchmarks.scenarios.bank import COLUMNS as BANK_COLUMNS
from benchmarks.scenarios.dealing import draw_conditions, pick
from segmentd.schema import STRING

SEED: Final = 2026
SEGMENTS: Final = 60
MERCHANTS: Final = 100_000

COUNTRIES: Final = (
    *("AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR"),
    *("HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
)
PLANS: Final = ("basic", "student", "family", "gold", "black")
_STEMS: Final = ("north", "sun", "blue", "river", "alpine", "metro", "city", "green", "royal", "union", "delta", "nova")
_TRADES: Final = ("coffee", "travel", "grocery", "hotel", "books", "garage", "pharmacy", "sport", "music", "garden")
_PLACES: Final = ("Berlin", "Praha", "Wien", "Bern", "Lyon", "Porto", "Gent", "Oslo", "Riga", "Graz", "Brno", "Bonn")


def text() -> Scenario:
    """60 segments over texts of 5, 30, 1,440 and 100,000 distinct values, one of them missing now and then."""
    random = np.random.default_rng(SEED)
    columns = (
        _column("country", COUNTRIES, 1.6),
        _column("plan", PLANS, 1.0),
        _column("city", _cities(), 1.2),
        _column("merchant", _merchants(), 1.5, missing=0.1),
        *BANK_COLUMNS[:2],
    )
    pool = _pool(random) + draw_conditions(random, BANK_COLUMNS[:2], 12)
    segments = tuple(Segment(f"segment{index:04d}", _join(random, pool)) for index in range(SEGMENTS))
    return Scenario("text", columns, segments, SEED)


def _column(id_: str, texts: Sequence[str], skew: float, missing: float = 0.0) -> ColumnSpec:
    return ColumnSpec(id_, STRING, np.int32, 0, _skewed(len(texts), skew), missing, Dictionary(tuple(texts)))


def _skewed(distinct: int, skew: float) -> Draw:
    """Places of which the first are the most frequent."""

    def draw(random: np.random.Generator, rows: int) -> Values:
        return np.floor(distinct * random.random(rows) ** skew)

    return draw


def _cities() -> list[str]:
    """1,440 names of districts."""
    return [f"{place}-{stem.capitalize()} {number}" for place in _PLACES for stem in _STEMS for number in range(1, 11)]


def _merchants() -> list[str]:
    """100,000 names such as `blue-coffee.0042.example`."""
    kinds = [f"{stem}-{trade}" for stem in _STEMS for trade in _TRADES]
    return [f"{kinds[number % len(kinds)]}.{number // len(kinds):04d}.example" for number in range(MERCHANTS)]


def _pool(random: np.random.Generator) -> list[Atom]:
    """46 conditions on texts."""
    merchants = _merchants()
    return [
        *(Condition("country", Comparison.EQUAL, name) for name in COUNTRIES[:6]),
        *(Condition("plan", Comparison.EQUAL, name) for name in PLANS),
        *(Condition("plan", Comparison.NOT_EQUAL, name) for name in PLANS[3:]),
        *(OneOf("country", tuple(COUNTRIES[first : first + 5])) for first in range(0, 20, 4)),
        *(TextCondition("city", TextTest.STARTS_WITH, place) for place in _PLACES[:5]),
        *(TextCondition("city", TextTest.CONTAINS, stem.capitalize()) for stem in _STEMS[:3]),
        *(TextCondition("city", TextTest.ENDS_WITH, f" {number}") for number in (1, 7)),
        *(Condition("merchant", Comparison.EQUAL, pick(random, merchants)) for _ in range(3)),
        OneOf("merchant", tuple(merchants[500:40_000:2_000])),
        *(TextCondition("merchant", TextTest.STARTS_WITH, f"{stem}-") for stem in _STEMS[3:7]),
        *(TextCondition("merchant", TextTest.CONTAINS, trade) for trade in _TRADES[:4]),
        *(TextCondition("merchant", TextTest.MATCHES, pattern) for pattern in _PATTERNS),
    ]


_PATTERNS: Final = (
    r"^(blue|green)-[a-z]+\.00[0-4]",
    r"(hotel|travel)\.[0-9]*7\.example$",
    r"^[a-m]+-(books|music)",
    r"\.0[0-9]{2}[13579]\.",
    r"^(nova|delta|union)-.*\.(01|02)[0-9]{2}",
)


def _join(random: np.random.Generator, pool: Sequence[Atom]) -> Rule:
    """Two conditions on different columns, or two and another alternative; now and then an exception."""
    hand: dict[str, Atom] = {}
    wanted = int(random.integers(2, 5))
    while len(hand) < wanted:
        condition = pick(random, pool)
        hand.setdefault(columns_of(condition)[0], condition)
    first, second, *others = hand.values()
    both = Every((first, Not(second))) if random.random() < 0.3 else Every((first, second))
    return Either((both, *others)) if others else both
