"""Segments as of moments that are asked about again and again, while records change, equal naive ones each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from hypothesis import settings

from segmentd.engine import Engine
from segmentd.facts.kinds import RecordKind
from segmentd.facts.residents.subjects import ResidentSubjects
from segmentd.facts.views import BookView
from segmentd.ledger.aggregates import Aggregate, Function, Source
from segmentd.ledger.model import Attribute
from segmentd.ledger.population import Populations
from segmentd.schema import INT64, AttributeSpec, Subject
from segmentd.scoring.memberships import Form
from segmentd.scoring.model import Question
from segmentd.scoring.service import Scoring
from segmentd.segments.catalogue import Catalogues, build_catalogue
from segmentd.segments.model import Segment, State
from tests.facts.book.comparing import Records
from tests.facts.book.histories import ATTRIBUTES
from tests.facts.book.model import Given, Record
from tests.facts.book.records import LEDGER, LONG_AGO
from tests.facts.history.test_histories import ACCOUNTS, CUSTOMERS, RememberedHistory, some_records

SOAKING = settings.get_current_profile_name() == "soak"
pytestmark = pytest.mark.timeout(7_200 if SOAKING else 300)

SAVINGS: Final = 'account.kind == "SAVINGS"'
BOOKED: Final = Aggregate(Source.TRANSACTIONS, Function.COUNT, account_filter=SAVINGS)
SEGMENTS: Final = {
    "older": (Subject.CUSTOMER, "has(customer.age) && customer.age >= 2"),
    "saver": (Subject.CUSTOMER, 'customer.accounts.exists(a, a.kind == "SAVINGS")'),
    "booked": (Subject.CUSTOMER, "customer.booked >= 2"),
    "savings": (Subject.ACCOUNT, SAVINGS),
    "of-older": (Subject.ACCOUNT, "account.owners.exists(o, has(o.age) && o.age >= 2)"),
}
Members = dict[str, set[str]]


def catalogues() -> Catalogues:
    """The definitions of ledger `main`: the attributes of random histories, an aggregate, and segments."""
    attributes = [
        Attribute(Subject(kind.value), AttributeSpec(id_, type_), "", "", None, LONG_AGO, LONG_AGO, "e")
        for kind, types in ATTRIBUTES.items()
        for id_, type_ in types.items()
    ]
    booked = AttributeSpec("booked", INT64, aggregated=True)
    attributes.append(Attribute(Subject.CUSTOMER, booked, "", "", None, LONG_AGO, LONG_AGO, "e", BOOKED))
    segments = [
        Segment(name, "", "", subject, text, (), {}, State.ACTIVE, LONG_AGO, LONG_AGO, "e")
        for name, (subject, text) in SEGMENTS.items()
    ]
    return Catalogues([build_catalogue(LEDGER, attributes, segments)])


class EvaluatedHistory(RememberedHistory):
    """Books whose residents are scored."""

    def view(self, ledger_id: str) -> BookView | None:
        """The ledger's facts."""
        return self._books.view(ledger_id)

    def view_at(self, ledger_id: str, moment_us: int) -> BookView | None:
        """The same as of a moment."""
        return self._books.view_at(ledger_id, moment_us)

    def has_facts(self, ledger_id: str) -> bool:
        """Whether there are records."""
        return self._books.has_facts(ledger_id)

    @contextmanager
    def scoring(self) -> Iterator[Scoring]:
        """What evaluates its residents, over restarts."""
        definitions = catalogues()
        with Engine(1) as engine:
            residents = ResidentSubjects(Populations(), self, definitions, engine)
            yield Scoring(engine, definitions, residents, clock=lambda: self.now_us)


def members(scoring: Scoring, moment_us: int) -> Members:
    """Who is in which segment as of a moment."""
    found: Members = {}
    for subject in (Subject.CUSTOMER, Subject.ACCOUNT):
        names = tuple(name for name, (selected, _) in SEGMENTS.items() if selected is subject)
        plan = scoring.plan(Question("main", subject, names, form=Form.PLANES, now_us=moment_us))
        population = scoring.population(plan)
        resident = scoring.bind(plan, population, lambda: False)
        planes, _ = scoring.evaluate_range(resident, (0, population.batch.rows), lambda: False).known_planes()
        ids = population.ids.to_pylist()
        for name, plane in zip(names, planes, strict=True):
            found[name] = {id_ for row, id_ in enumerate(ids) if int(plane[row // 64]) >> row % 64 & 1}
    return found


def naive_members(records: Records, moment_us: int) -> Members:
    """The same of naive records as they were at the moment."""
    customers, accounts = records[RecordKind.CUSTOMER], records[RecordKind.ACCOUNT]
    savings = {id_ for id_, account in accounts.items() if account.get("kind") == "SAVINGS"}

    def is_older(customer: Record) -> bool:
        return customer.get("age") is not None and customer["age"] >= 2

    def booked(customer: str) -> int:
        owned = {id_ for id_ in savings if customer in accounts[id_].get("owners", [])}
        moved = records[RecordKind.TRANSACTION].values()
        return sum(each["account"] in owned and each["booking_time"] <= moment_us for each in moved)

    return {
        "older": {id_ for id_, customer in customers.items() if is_older(customer)},
        "saver": {owner for id_ in savings for owner in accounts[id_].get("owners", [])},
        "booked": {id_ for id_ in customers if booked(id_) >= 2},
        "savings": savings,
        "of-older": {
            id_ for id_, one in accounts.items() if any(is_older(customers[each]) for each in one.get("owners", []))
        },
    }


def some_transactions(chance: random.Random) -> Given:
    """Transactions, new and corrected ones, deletions at times."""
    ids = chance.sample([f"t{number}" for number in range(40)], chance.randrange(1, 8))
    columns: dict[str, list[Any]] = {
        "account": [chance.choice(ACCOUNTS) for _ in ids],
        "booking_time": [chance.randrange(900, 1_400) for _ in ids],
        "amount": [1] * len(ids),
    }
    return Given(RecordKind.TRANSACTION, ids, columns, chance.sample(ids, 1) if chance.random() < 0.2 else [])


@pytest.mark.parametrize("seed", range(100 if SOAKING else 3))
def test_segments_as_of_the_same_moments(seed: int) -> None:
    """Attributes, macros both ways, and an aggregate with a filter of accounts that is followed from write to write."""
    chance = random.Random(seed)  # noqa: S311 - the same in each run
    with EvaluatedHistory() as history, history.scoring() as scoring:
        for kind, ids in ((RecordKind.CUSTOMER, CUSTOMERS), (RecordKind.ACCOUNT, ACCOUNTS)):
            history.step((Given(kind, ids, {}), "", False))
        for number in range(80):
            make = some_transactions if chance.random() < 0.4 else some_records
            history.step((make(chance), "", False))
            if number % 25 == 24:
                getattr(history, chance.choice(["_checkpoint", "_restart"]))()
            for moment in (1_005, 1_110, 1_400, history.now_us):
                wanted = naive_members(history.memory.at(moment, history.naive.records), moment)
                assert members(scoring, moment) == wanted
