"""segmentd: the facts in a book, and aggregated attributes of its accounts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from benchmarks.facts.history import CATEGORIES, DAY_US
from benchmarks.facts.ledger import CATEGORY_NAMES, CURRENCY, WORDS, ZONE
from benchmarks.facts.peer import Answer, Ask
from benchmarks.facts.question import END_DAY, MONTH_STARTS, MONTHS, START_DAY, WINDOW_DAYS, Question
from segmentd.columns.column import Column, FixedColumn
from segmentd.engine import Engine
from segmentd.facts.aggregates import Standpoint, compute_all
from segmentd.facts.views import BookView
from segmentd.ledger.aggregate_compilation import compile_aggregate
from segmentd.ledger.aggregates import Aggregate, Between, Function, Source, Window
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Subject

NOW_US: Final = END_DAY * DAY_US
"""The end of the history, as of which all is computed."""


class OurFacts:
    """A book with the transactions, written as they came, and kept by account and time as books do."""

    name = "segmentd"

    def __init__(self, view: BookView, threads: int) -> None:
        self._standpoint = Standpoint(view, Subject.ACCOUNT, NOW_US, ZONE)
        self._engine = Engine(threads)

    def ask(self, question: Question) -> Ask:
        """As the server computes aggregated attributes of all accounts."""
        asked = definitions(question)
        return lambda: compute_all(self._engine, asked, self._standpoint)

    def read(self, question: Question, found: object) -> Answer:
        """Averages over the days, or sums by month and category; accounts are in the order of their numbers."""
        assert isinstance(found, list)
        values = [_values(column) for column in found]
        if question is Question.DAILY_BALANCE:
            return values[0]
        return np.stack(values, axis=1).reshape(-1, MONTHS, CATEGORIES)

    def close(self) -> None:
        """End the threads."""
        self._engine.close()


def averages(sums: Answer) -> Answer:
    """Sums over the days of the window as averages, rounded half to even."""
    quotients, rests = np.divmod(sums, WINDOW_DAYS)
    up = (2 * rests > WINDOW_DAYS) | ((2 * rests == WINDOW_DAYS) & (quotients % 2 == 1))
    rounded: Answer = quotients + up
    return rounded


def definitions(question: Question) -> Sequence[CompiledAggregate]:
    """The aggregates that answer a question: one, or one a month and category."""
    if question is Question.DAILY_BALANCE:
        window = Window(Between(START_DAY * DAY_US, NOW_US))
        return (compiled(Aggregate(Source.TRANSACTIONS, Function.AVERAGE_DAILY_BALANCE, window=window)),)
    starts = MONTH_STARTS * DAY_US
    return tuple(
        compiled(
            Aggregate(
                Source.TRANSACTIONS,
                Function.SUM,
                measure="amount",
                filter=f'transaction.category == "{category}"',
                window=Window(Between(start, end)),
            )
        )
        for start, end in pairwise(starts.tolist())
        for category in CATEGORY_NAMES
    )


def compiled(aggregate: Aggregate, subject: Subject = Subject.ACCOUNT) -> CompiledAggregate:
    """The aggregate as it is computed."""
    environments = {each: terms.environment for each, terms in WORDS.terms.items()}
    return compile_aggregate(aggregate, subject, environments, CURRENCY)


def _values(column: Column) -> Answer:
    if not isinstance(column, FixedColumn) or column.validity is not None:
        raise TypeError("every account has an exact amount")
    return column.values
