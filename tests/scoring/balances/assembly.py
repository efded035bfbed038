"""Reports over a book of arrays: the real scoring, definitions and encoding, without a server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from segmentd.api.v1 import balances_pb2 as balances
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.engine import Engine
from segmentd.facts.residents.subjects import ResidentSubjects
from segmentd.facts.views import BookView
from segmentd.ledger.model import Attribute, Ledger
from segmentd.ledger.population import Populations
from segmentd.schema import BOOL, STRING, AttributeSpec, Subject
from segmentd.scoring.balances.requests import DIMENSIONS, MEASURES, balance_question
from segmentd.scoring.balances.responses import answer_pages
from segmentd.scoring.balances.service import BalanceReports
from segmentd.scoring.service import Scoring
from segmentd.segments.catalogue import Catalogues, build_catalogue
from segmentd.segments.model import Segment, State
from tests.scoring.balances.book import CURRENCY

CREATED: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NOW_US: Final = 1_780_000_000_000_000
"""A moment in May 2026."""

SEGMENTS: Final[Mapping[str, tuple[Subject, str]]] = {
    "north": (Subject.CUSTOMER, 'customer.region == "north"'),
    "not-south": (Subject.CUSTOMER, 'customer.region < "south"'),
    "savers": (Subject.ACCOUNT, 'account.kind == "SAVINGS"'),
    "nobody": (Subject.CUSTOMER, 'customer.region == "nowhere"'),
}
"""For whoever lacks a region, it is unknown whether they are not of the south."""

Key = str | int | bool | None


@dataclass
class Definitions:
    """The catalogue of ledger `main`, for scoring and for residents."""

    time_zone: str = "Europe/Prague"
    catalogues: Catalogues = field(init=False)

    def __post_init__(self) -> None:
        ledger = Ledger("main", "", CURRENCY, self.time_zone, CREATED, CREATED, "e")
        given = [(Subject.CUSTOMER, "region", None), (Subject.ACCOUNT, "tier", None)]
        computed = [
            (Subject.ACCOUNT, "saves", 'account.kind == "SAVINGS"'),
            (Subject.CUSTOMER, "northern", 'customer.region == "north"'),
        ]
        attributes = [
            Attribute(subject, _spec(name, text), "", "", None, CREATED, CREATED, "e")
            for subject, name, text in [*given, *computed]
        ]
        segments = [
            Segment(name, "", "", subject, text, (), {}, State.ACTIVE, CREATED, CREATED, "e")
            for name, (subject, text) in SEGMENTS.items()
        ]
        self.catalogues = Catalogues([build_catalogue(ledger, attributes, segments)])


def _spec(name: str, text: str | None) -> AttributeSpec:
    return AttributeSpec(name, STRING if text is None else BOOL, expression=text)


@dataclass
class OneBook:
    """Views of ledgers, of which `main` alone has a book, if any."""

    book: BookView | None = None

    def view(self, ledger_id: str) -> BookView | None:
        """The book of ledger `main`."""
        return self.book if ledger_id == "main" else None

    def view_at(self, ledger_id: str, _moment_us: int) -> BookView | None:
        """The same: nothing was ever replaced."""
        return self.view(ledger_id)

    def has_facts(self, ledger_id: str) -> bool:
        """Those of the book."""
        return self.view(ledger_id) is not None


@dataclass(frozen=True)
class Told:
    """The messages of an answer put together; groups by their keys."""

    pages: list[pb.AggregateBalancesResponse]

    @property
    def groups(self) -> dict[tuple[Key, ...], balances.BalanceGroup]:
        """The groups by the values of their keys, in order."""
        return {tuple(map(_key, group.keys)): group for page in self.pages for group in page.groups}

    @property
    def frame(self) -> balances.BalanceFrame:
        """The frame of the first message."""
        return self.pages[0].frame

    @property
    def totals(self) -> balances.BalanceTotals:
        """The totals of the last message."""
        return self.pages[-1].totals


def _key(key: balances.BalanceKey) -> Key:
    which = key.WhichOneof("value")
    return None if which is None else getattr(key, which)


@dataclass
class Reports:
    """What answers questions about a book."""

    service: BalanceReports

    def ask(self, by: str = "", measures: str = "sum", **fields: Any) -> Told:
        """The answer to a request; `by` and `measures` as the command line has them."""
        request = request_of(by, measures, **fields)
        answer = self.service.answer(balance_question(request), lambda: False)
        return Told([pb.AggregateBalancesResponse.FromString(page) for page in answer_pages(answer)])


def request_of(by: str = "", measures: str = "sum", **fields: Any) -> pb.AggregateBalancesRequest:
    """A request to ledger `main`. `as_of_us`: the moment, absent for now."""
    dimensions: dict[str, Any] = {dimension.value: number for number, dimension in DIMENSIONS.items()}
    numbers: dict[str, Any] = {measure.value: number for number, measure in MEASURES.items()}
    as_of_us = fields.pop("as_of_us", None)
    request = pb.AggregateBalancesRequest(
        parent=fields.pop("parent", "ledgers/main"),
        by=[
            balances.BalanceGrouping(dimension=dimensions["attribute"], attribute=name)
            if "." in name
            else balances.BalanceGrouping(dimension=dimensions[name])
            for name in by.split(",")
            if name
        ],
        measures=[numbers[name] for name in measures.split(",") if name],
        **fields,
    )
    if as_of_us is not None:
        request.as_of.FromMicroseconds(as_of_us)
    return request


@contextmanager
def reports(book: BookView | OneBook | None, time_zone: str = "Europe/Prague", threads: int = 2) -> Iterator[Reports]:
    """Reports over a book, or what gives them one, at the moment NOW_US."""
    definitions, views = Definitions(time_zone), book if isinstance(book, OneBook) else OneBook(book)
    with Engine(threads) as engine:
        residents = ResidentSubjects(Populations(), views, definitions.catalogues, engine)
        scoring = Scoring(engine, definitions.catalogues, residents, clock=lambda: NOW_US)
        yield Reports(BalanceReports(scoring, engine, residents))
