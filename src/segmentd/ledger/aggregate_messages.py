"""Aggregates as messages of the API, and back; the client speaks through this too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import aggregate_pb2 as pb
from segmentd.ledger.aggregate_rules import FIELD
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

_SOURCES: Final[Mapping[int, Source]] = {pb.AggregateSource.Value(f"AGGREGATE_SOURCE_{each}"): each for each in Source}
_FUNCTIONS: Final[Mapping[int, Function]] = {
    pb.AggregateFunction.Value(f"AGGREGATE_FUNCTION_{each}"): each for each in Function
}
_SOURCE_NUMBERS: Final = {source: number for number, source in _SOURCES.items()}
_FUNCTION_NUMBERS: Final = {function: number for number, function in _FUNCTIONS.items()}

_WINDOW: Final = f"{FIELD}.window"


def encode_aggregate(aggregate: Aggregate) -> pb.Aggregate:
    """The message of an aggregate."""
    message = pb.Aggregate(
        filter=aggregate.filter,
        measure=aggregate.measure,
        percentile_hundredths=aggregate.percentile_hundredths,
        threshold_minor=aggregate.threshold_minor,
        min_count=aggregate.min_count,
        roles=aggregate.roles,
        account_filter=aggregate.account_filter,
    )
    message.source = pb.AggregateSource.ValueType(_SOURCE_NUMBERS[aggregate.source])
    message.function = pb.AggregateFunction.ValueType(_FUNCTION_NUMBERS[aggregate.function])
    if aggregate.window != Window():
        message.window.CopyFrom(_encode_window(aggregate.window))
    return message


def decode_aggregate(message: pb.Aggregate) -> Aggregate:
    """The aggregate of a message. Raises InvalidFieldError or FieldRequiredError on what the model cannot say."""
    return Aggregate(
        source=_decode_source(message.source),
        function=_decode_function(message.function),
        measure=message.measure,
        filter=message.filter,
        account_filter=message.account_filter,
        window=_decode_window(message.window) if message.HasField("window") else Window(),
        percentile_hundredths=message.percentile_hundredths,
        threshold_minor=message.threshold_minor,
        min_count=message.min_count,
        roles=tuple(message.roles),
    )


def _decode_source(number: int) -> Source:
    allowed = f"one of {', '.join(pb.AggregateSource.keys()[1:])}"
    if number == pb.AGGREGATE_SOURCE_UNSPECIFIED:
        raise FieldRequiredError(f"{FIELD}.source", f"must be {allowed}")
    if number not in _SOURCES:
        raise InvalidFieldError(f"{FIELD}.source", number, allowed)
    return _SOURCES[number]


def _decode_function(number: int) -> Function:
    allowed = f"one of {', '.join(pb.AggregateFunction.keys()[1:])}"
    if number == pb.AGGREGATE_FUNCTION_UNSPECIFIED:
        raise FieldRequiredError(f"{FIELD}.function", f"must be {allowed}")
    if number not in _FUNCTIONS:
        raise InvalidFieldError(f"{FIELD}.function", number, allowed)
    return _FUNCTIONS[number]


def _encode_window(window: Window) -> pb.AggregateWindow:
    message = pb.AggregateWindow(demand_coverage=window.demand_coverage)
    match window.span:
        case AllTime():
            pass
        case TrailingSeconds(seconds):
            message.trailing_seconds = seconds
        case TrailingDays(days):
            message.trailing_days = days
        case CompleteMonths(months):
            message.complete_months = months
        case MonthToDate():
            message.month_to_date = True
        case Between(start_us, end_us):
            message.between.start_time.FromMicroseconds(start_us)
            message.between.end_time.FromMicroseconds(end_us)
    return message


def _decode_window(message: pb.AggregateWindow) -> Window:
    return Window(_decode_span(message), message.demand_coverage)


def _decode_span(message: pb.AggregateWindow) -> Span:
    match message.WhichOneof("span"):
        case "trailing_seconds":
            return TrailingSeconds(message.trailing_seconds)
        case "trailing_days":
            return TrailingDays(message.trailing_days)
        case "complete_months":
            return CompleteMonths(message.complete_months)
        case "month_to_date":
            if not message.month_to_date:
                raise InvalidFieldError(f"{_WINDOW}.month_to_date", value=False, allowed="true, or another span")
            return MonthToDate()
        case "between":
            return _decode_between(message.between)
        case _:
            raise FieldRequiredError(_WINDOW, "must have a span; without a window, all time counts")


def _decode_between(message: pb.TimeRange) -> Between:
    for name in ("start_time", "end_time"):
        field = f"{_WINDOW}.between.{name}"
        if not message.HasField(name):
            raise FieldRequiredError(field)
        nanos = getattr(message, name).nanos
        if not 0 <= nanos < 1_000_000_000:
            raise InvalidFieldError(field, f"{nanos} nanos", "0 to 999,999,999 nanos")
    start, end = message.start_time, message.end_time
    return Between(_microseconds(start.seconds, start.nanos), _microseconds(end.seconds, end.nanos))


def _microseconds(seconds: int, nanos: int) -> int:
    return seconds * 1_000_000 + nanos // 1_000
