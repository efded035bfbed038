"""Random definitions of aggregates, compiled, with the same filters in plain Python for the oracle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from segmentd.errors import SegmentdError
from segmentd.language import Environment
from segmentd.ledger.aggregate_compilation import compile_aggregate
from segmentd.ledger.aggregates import (
    Aggregate,
    AllTime,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    Span,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.ledger.compiled_aggregates import ITEM, CompiledAggregate
from segmentd.schema import Kind, Subject
from tests.facts.aggregates.bank import CURRENCY, DAY_US, ROLES, schema
from tests.oracle.aggregate_values import UNKNOWN
from tests.oracle.aggregates import Account, Asked, Fact, Truth


def environments(zone: str) -> dict[Subject, Environment]:
    """What filters are compiled with."""
    return {subject: Environment(schema(subject, zone)) for subject in Subject if subject is not Subject.CUSTOMER}


FILTERS: Final[dict[Source, dict[str, Callable[[Fact], Truth]]]] = {
    Source.TRANSACTIONS: {
        'transaction.category == "INCOME/SALARY"': lambda fact: fact.fields.get("category") == "INCOME/SALARY",
        "transaction.points >= 0": lambda fact: _compare(fact, "points", lambda value: value >= 0),
        "transaction.amount > 0.01 || has(transaction.note)": lambda fact: (
            True if fact.fields["note"] is not None else _compare(fact, "amount", lambda value: value > 1)
        ),
    },
    Source.BALANCES: {"balance.points >= 0": lambda fact: _compare(fact, "points", lambda value: value >= 0)},
    Source.ENGAGEMENTS: {
        'engagement.channel == "WEB"': lambda fact: fact.fields.get("channel") == "WEB",
        "engagement.duration_s > 1200": lambda fact: _compare(fact, "duration_s", lambda value: value > 1200),
    },
    Source.ACCOUNTS: {
        'account.kind != "SAVINGS"': lambda fact: fact.fields.get("kind") != "SAVINGS",
        "account.points >= 0": lambda fact: _compare(fact, "points", lambda value: value >= 0),
    },
}

ACCOUNT_FILTERS: Final[dict[str, Callable[[Account], Truth]]] = {
    'account.kind == "SAVINGS"': lambda account: account.fields.get("kind") == "SAVINGS",
    "account.points >= -1": lambda account: (
        UNKNOWN if (value := account.fields.get("points")) is None else int(value) >= -1
    ),
}

MEASURES: Final = {
    Source.TRANSACTIONS: ("amount", "amount", "balance_after", "weight", "points", "marked", "note", "category"),
    Source.BALANCES: ("amount", "weight", "points", "marked", "note"),
    Source.ENGAGEMENTS: ("duration_s", "weight", "points", "channel"),
    Source.ACCOUNTS: ("balance", "points", "kind", "opened"),
}


def _compare(fact: Fact, name: str, test: Callable[[Any], bool]) -> Truth:
    value = fact.fields.get(name)
    return UNKNOWN if value is None else test(value)


def span(random: Random, now: int) -> Span:
    """A window that facts of the weeks before a moment may lie in."""
    spans: list[Span] = [
        AllTime(),
        TrailingSeconds(random.choice([1, 3600, 86_400 * 3, 86_400 * 40])),
        TrailingDays(random.choice([1, 3, 35, 90])),
        CompleteMonths(random.choice([1, 2, 3, 12])),
        MonthToDate(),
        Between(now - random.choice([1, 40, 90]) * DAY_US, now + random.choice([-20, 0, 3]) * DAY_US + 5),
    ]
    return random.choice(spans)


def definition(random: Random, subject: Subject, now: int) -> Aggregate:
    """A definition, which may not be allowed."""
    source = random.choice(list(Source) if subject is Subject.CUSTOMER else [Source.TRANSACTIONS, Source.BALANCES])
    function = random.choice(list(Function))
    counts = function in (
        Function.COUNT,
        Function.DAYS_SINCE,
        Function.AVERAGE_DAILY_BALANCE,
        Function.MONTHS_BELOW,
    )
    window = Window(AllTime(), demand_coverage=False)
    if source is not Source.ACCOUNTS:
        window = Window(span(random, now), demand_coverage=random.random() < 0.3)
    return Aggregate(
        source=source,
        function=function,
        measure="" if counts else random.choice(MEASURES[source]),
        filter=random.choice([*FILTERS[source], ""]) if random.random() < 0.6 else "",
        account_filter=random.choice(list(ACCOUNT_FILTERS)) if random.random() < 0.3 else "",
        window=window,
        percentile_hundredths=random.choice([0, 100, 5_000, 9_500, 10_000]) if function is Function.PERCENTILE else 0,
        threshold_minor=random.choice([-5, 0, 100]) if function is Function.MONTHS_BELOW else 0,
        min_count=random.choice([0, 0, 1, 2, 30]),
        roles=tuple(random.sample(ROLES, 2)) if random.random() < 0.3 else (),
    )


class Questions:
    """Definitions that are allowed, compiled for a zone, of a bank's attributes or of others."""

    def __init__(self, zone: str, given: Mapping[Subject, Environment] | None = None) -> None:
        self.zone = zone
        self._environments = environments(zone) if given is None else given

    def compile(self, definition: Aggregate, subject: Subject) -> CompiledAggregate:
        """The definition as it is computed."""
        return compile_aggregate(definition, subject, self._environments, CURRENCY)

    def ask(self, random: Random, subject: Subject, now: int) -> tuple[CompiledAggregate, Asked]:
        """A random definition, compiled and for the oracle."""
        while True:
            try:
                compiled = self.compile(definition(random, subject, now), subject)
            except SegmentdError:
                continue
            return compiled, self.asked(compiled)

    def asked(self, compiled: CompiledAggregate) -> Asked:
        """What the oracle is asked."""
        given = compiled.definition
        measure = schema(ITEM[given.source], self.zone).get(given.measure) if given.measure else None
        is_decimal = measure is None or measure.type.kind is Kind.DECIMAL
        return Asked(
            given,
            FILTERS[given.source].get(given.filter, lambda _: True),
            ACCOUNT_FILTERS.get(given.account_filter, lambda _: True),
            is_decimal,
            measure.type.scale if measure else 0,
        )
