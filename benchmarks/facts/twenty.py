"""Twenty aggregated attributes of customers, as segments of a bank would read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.facts.ledger import CATEGORY_NAMES
from benchmarks.facts.ours import compiled
from segmentd.ledger.aggregates import (
    Aggregate,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    Span,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.ledger.compiled_aggregates import CompiledAggregate
from segmentd.schema import Subject

DAY_S: Final = 86_400
AMOUNT: Final = "amount"

_MEASURED: Final[Sequence[tuple[Function, str, Span]]] = (
    (Function.SUM, AMOUNT, TrailingDays(30)),
    (Function.SUM, AMOUNT, TrailingDays(90)),
    (Function.SUM, AMOUNT, CompleteMonths(12)),
    (Function.SUM, AMOUNT, MonthToDate()),
    (Function.SUM, AMOUNT, TrailingSeconds(7 * DAY_S)),
    (Function.COUNT, "", TrailingDays(30)),
    (Function.COUNT, "", TrailingSeconds(DAY_S)),
    (Function.AVERAGE, AMOUNT, TrailingDays(90)),
    (Function.MIN, AMOUNT, TrailingDays(365)),
    (Function.MAX, AMOUNT, TrailingDays(365)),
    (Function.MEDIAN, AMOUNT, TrailingDays(90)),
    (Function.STANDARD_DEVIATION, AMOUNT, TrailingDays(365)),
    (Function.LAST, AMOUNT, TrailingDays(365)),
    (Function.DAYS_SINCE, "", TrailingDays(365)),
    (Function.AVERAGE_DAILY_BALANCE, "", TrailingDays(90)),
    (Function.TREND, AMOUNT, CompleteMonths(6)),
)
_FILTERED: Final = 4


def twenty_aggregates() -> Sequence[CompiledAggregate]:
    """Sums, counts, orders, balances and trends of transactions; four of them of one category each."""
    measured = [
        Aggregate(Source.TRANSACTIONS, function, measure=measure, window=Window(span))
        for function, measure, span in _MEASURED
    ]
    filtered = [
        Aggregate(
            Source.TRANSACTIONS,
            Function.SUM,
            measure=AMOUNT,
            filter=f'transaction.category == "{category}"',
            window=Window(CompleteMonths(3)),
        )
        for category in CATEGORY_NAMES[:_FILTERED]
    ]
    return tuple(compiled(each, Subject.CUSTOMER) for each in (*measured, *filtered))
