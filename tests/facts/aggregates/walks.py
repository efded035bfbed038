"""Banks of few facts, and aggregates of them that are computed together, beside the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.aggregates.answers import Work
from segmentd.facts.aggregates.together import sum_together
from segmentd.facts.kinds import RecordKind
from segmentd.ledger.aggregates import Aggregate, AllTime, Between, Function, Source, Span, Window
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Subject
from tests.facts.aggregates.bank import DAY_US, ROLES, ArrayView, Bank
from tests.facts.aggregates.questions import FILTERS
from tests.facts.aggregates.test_oracle import DAY, QUESTIONS, check, expected
from tests.oracle.aggregate_values import UNKNOWN
from tests.oracle.aggregates import Account, Asked, Fact, Truth

NOW: Final = DAY * DAY_US
SALARY, FOOD, OTHER = "INCOME/SALARY", "SPENDING/FOOD", "OTHER"


def _starts_with(prefix: str) -> Callable[[Fact], Truth]:
    def truth(fact: Fact) -> Truth:
        category = fact.fields.get("category")
        return UNKNOWN if category is None else str(category).startswith(prefix)

    return truth


def is_above(bound: int, fact: Fact) -> bool:
    """Whether the amount of a transaction, in minor units, is above a bound."""
    amount = fact.fields["amount"]
    return isinstance(amount, int) and amount > bound


TEXT_FILTERS: Final[dict[str, Callable[[Fact], Truth]]] = {
    "": lambda _: True,
    f'transaction.category == "{SALARY}"': lambda fact: fact.fields.get("category") == SALARY,
    f'transaction.category == "{FOOD}"': lambda fact: fact.fields.get("category") == FOOD,
    f'transaction.category != "{OTHER}"': lambda fact: fact.fields.get("category") != OTHER,
    f'transaction.category in ["{SALARY}", "{OTHER}", "NONE"]': lambda fact: (
        fact.fields.get("category") in (SALARY, OTHER)
    ),
    'transaction.category == "NONE"': lambda _: False,
    'transaction.category.startsWith("SPENDING")': _starts_with("SPENDING"),
    'transaction.counterparty == "x"': lambda fact: fact.fields.get("counterparty") == "x",
}
"""Filters of one text each: of most it is decided what they say where there is none."""
ANY_FILTERS: Final = {**TEXT_FILTERS, **FILTERS[Source.TRANSACTIONS]}
MEASURES: Final = ("amount", "amount", "balance_after", "points", "weight")


def compiled(
    function: Function = Function.SUM,
    filter_: str = "",
    span_: Span | None = None,
    *,
    measure: str = "amount",
    subject: Subject = Subject.ACCOUNT,
    source: Source = Source.TRANSACTIONS,
    **further: Any,
) -> CompiledAggregate:
    """An aggregate in UTC."""
    demand = further.pop("demand_coverage", False)
    window = Window(AllTime() if span_ is None else span_, demand_coverage=demand)
    name = "" if function is Function.COUNT else measure
    return QUESTIONS["UTC"].compile(Aggregate(source, function, name, filter_, window=window, **further), subject)


def asked_of(aggregate: CompiledAggregate, zone: str = "UTC") -> Asked:
    """What the oracle is asked."""
    definition = aggregate.definition
    found = QUESTIONS[zone].asked(aggregate)
    if definition.source is not Source.TRANSACTIONS:
        return found
    return replace(found, filter=ANY_FILTERS[definition.filter])


def together(
    engine: Engine, bank: Bank, asked: list[CompiledAggregate], subject: Subject = Subject.ACCOUNT
) -> set[int]:
    """Fail unless all values are the oracle's; the numbers of those that were computed in a walk."""
    standpoint = Standpoint(ArrayView(bank), subject, NOW, bank.zone)
    work = Work(engine, tuple(asked), standpoint)
    found = sum_together(work.gathering(None), asked)
    for column_of in (found, dict(enumerate(compute_all(engine, asked, standpoint)))):
        for number, column in column_of.items():
            check(asked[number], column, expected(asked_of(asked[number]), bank, subject, NOW))
    return set(found)


def bank_of(facts: list[Fact], accounts: int = 2) -> Bank:
    """Accounts of one customer each, with transactions."""
    everyone = [Account(DAY - 400, None, {"kind": "SAVINGS", "currency": "EUR"}) for _ in range(accounts)]
    holdings = [[(slot, ROLES[0])] for slot in range(accounts)]
    bank = Bank("UTC")
    return replace(
        bank,
        customers=list(range(accounts)),
        accounts=list(everyone),
        holdings=holdings,
        facts={**bank.facts, RecordKind.TRANSACTION: facts},
    )


def fact(owner: int, days: float, amount: int, category: str | None = FOOD, **fields: Any) -> Fact:
    """A transaction so many days before now."""
    given_fields = {"amount": amount, "balance_after": amount, "category": category, "note": None, **fields}
    return Fact(owner, NOW - round(days * DAY_US), 0, given_fields)


def days(first: int, last: int) -> Between:
    """From so many days before now to before so many."""
    return Between(NOW - first * DAY_US, NOW - last * DAY_US)
