"""Aggregates as JSON has them: in the words of definitions files, numbers as the API counts them; kept and printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from segmentd.ledger.aggregate_rules import span_name
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

Document: TypeAlias = dict[str, Any]
"""What `json` takes: texts, whole numbers, true, lists and mappings."""

_PLAIN: Final = ("measure", "filter", "account_filter", "percentile_hundredths", "threshold_minor", "min_count")
"""Fields that are the same in a document, which lacks those that say nothing."""


def to_document(aggregate: Aggregate) -> Document:
    """`{"source": "transactions", "function": "sum", "measure": "amount", "window": {"trailing_days": 90}}`.

    The moments of `between` are `start_us` and `end_us`, in microseconds since 1970.
    """
    document: Document = {"source": aggregate.source.lower(), "function": aggregate.function.lower()}
    document |= {name: value for name in _PLAIN if (value := getattr(aggregate, name))}
    if aggregate.roles:
        document["roles"] = list(aggregate.roles)
    if aggregate.window != Window():
        document["window"] = _from_window(aggregate.window)
    return document


def from_document(document: Mapping[str, Any]) -> Aggregate:
    """The aggregate that `to_document` made a document of."""
    return Aggregate(
        source=Source(document["source"].upper()),
        function=Function(document["function"].upper()),
        window=_to_window(document.get("window", {})),
        roles=tuple(document.get("roles", ())),
        **{name: document[name] for name in _PLAIN if name in document},
    )


def _from_window(window: Window) -> Document:
    covered = {"demand_coverage": True} if window.demand_coverage else {}
    match window.span:
        case AllTime():
            return covered
        case TrailingSeconds(value) | TrailingDays(value) | CompleteMonths(value):
            return {span_name(window.span): value} | covered
        case MonthToDate():
            return {span_name(window.span): True} | covered
        case Between(start_us, end_us):
            return {span_name(window.span): {"start_us": start_us, "end_us": end_us}} | covered


def _to_window(document: Mapping[str, Any]) -> Window:
    return Window(_to_span(document), document.get("demand_coverage", False))


def _to_span(document: Mapping[str, Any]) -> Span:
    match document:
        case {"trailing_seconds": seconds}:
            return TrailingSeconds(seconds)
        case {"trailing_days": days}:
            return TrailingDays(days)
        case {"complete_months": months}:
            return CompleteMonths(months)
        case {"month_to_date": True}:
            return MonthToDate()
        case {"between": {"start_us": start_us, "end_us": end_us}}:
            return Between(start_us, end_us)
        case _:
            return AllTime()
