"""Requests about balances as questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import balances_pb2, scoring_service_pb2
from segmentd.schema import SELECTABLE, Subject
from segmentd.scoring.balances.question import (
    MAX_BOUNDS,
    MAX_DAYS,
    MAX_GROUPINGS,
    MAX_MONTHS,
    MAX_PERCENTILES,
    MAX_ROLES,
    BalanceQuestion,
    Dimension,
    Grouping,
    Measure,
)
from segmentd.scoring.model import MAX_SEGMENTS
from segmentd.scoring.requests import moment_us

DIMENSIONS: Final[Mapping[int, Dimension]] = {
    balances_pb2.BALANCE_DIMENSION_SEGMENT: Dimension.SEGMENT,
    balances_pb2.BALANCE_DIMENSION_ACCOUNT_KIND: Dimension.ACCOUNT_KIND,
    balances_pb2.BALANCE_DIMENSION_CURRENCY: Dimension.CURRENCY,
    balances_pb2.BALANCE_DIMENSION_INSTITUTION: Dimension.INSTITUTION,
    balances_pb2.BALANCE_DIMENSION_ATTRIBUTE: Dimension.ATTRIBUTE,
    balances_pb2.BALANCE_DIMENSION_MONTH: Dimension.MONTH,
}
MEASURES: Final[Mapping[int, Measure]] = {
    balances_pb2.BALANCE_MEASURE_COUNT: Measure.COUNT,
    balances_pb2.BALANCE_MEASURE_SUM: Measure.SUM,
    balances_pb2.BALANCE_MEASURE_AVERAGE: Measure.AVERAGE,
    balances_pb2.BALANCE_MEASURE_MIN: Measure.MIN,
    balances_pb2.BALANCE_MEASURE_MAX: Measure.MAX,
    balances_pb2.BALANCE_MEASURE_MEDIAN: Measure.MEDIAN,
    balances_pb2.BALANCE_MEASURE_STANDARD_DEVIATION: Measure.STANDARD_DEVIATION,
    balances_pb2.BALANCE_MEASURE_AVERAGE_DAILY_BALANCE: Measure.AVERAGE_DAILY_BALANCE,
}
_USUAL: Final = frozenset({Measure.COUNT, Measure.SUM})

Item = TypeVar("Item")


def balance_question(request: scoring_service_pb2.AggregateBalancesRequest) -> BalanceQuestion:
    """What AggregateBalances asks. Raises SegmentdError with the field at fault."""
    by = tuple(_grouping(f"by[{index}]", each) for index, each in enumerate(_few("by", request.by, MAX_GROUPINGS)))
    _distinct("by", by)
    measures = _measures(request.measures)
    bounds, bins = _histogram(request)
    percentiles = _percentiles(request.percentile_hundredths)
    question = BalanceQuestion(
        ledger=parse_ledger_name(request.parent, "parent"),
        segments=tuple(_few("segments", request.segments, MAX_SEGMENTS)),
        by=by,
        measures=measures or (frozenset() if percentiles or bounds or bins else _USUAL),
        percentiles=percentiles,
        bounds=bounds,
        bins=bins,
        as_of_us=_moment(request),
        months=request.complete_months,
        days=request.daily_days,
        roles=tuple(_few("roles", request.roles, MAX_ROLES)),
        data_version=request.data_version,
    )
    _check_months(question)
    _check_days(question)
    if request.data_version < 0:
        raise InvalidFieldError("data_version", request.data_version, "1 or more, or 0 for any")
    return question


def _moment(request: scoring_service_pb2.AggregateBalancesRequest) -> int | None:
    if not request.HasField("as_of"):
        return None
    return moment_us(request.as_of.seconds, request.as_of.nanos, "as_of")


def _grouping(field: str, grouping: balances_pb2.BalanceGrouping) -> Grouping:
    dimension = DIMENSIONS.get(grouping.dimension)
    if dimension is None:
        names = ", ".join(balances_pb2.BalanceDimension.keys()[1:])
        raise InvalidFieldError(f"{field}.dimension", grouping.dimension, names)
    if dimension is not Dimension.ATTRIBUTE:
        if grouping.attribute:
            raise InvalidFieldError(
                f"{field}.attribute", grouping.attribute, "only BALANCE_DIMENSION_ATTRIBUTE has one"
            )
        return Grouping(dimension)
    if not grouping.attribute:
        raise FieldRequiredError(f"{field}.attribute")
    subject, _, attribute = grouping.attribute.partition(".")
    if subject not in SELECTABLE or not attribute:
        allowed = "it has the form account.{id} or customer.{id}"
        raise InvalidFieldError(f"{field}.attribute", grouping.attribute, allowed)
    return Grouping(dimension, Subject(subject), attribute)


def _measures(numbers: Sequence[int]) -> frozenset[Measure]:
    _few("measures", numbers, len(MEASURES))
    for index, number in enumerate(numbers):
        if number not in MEASURES:
            names = ", ".join(balances_pb2.BalanceMeasure.keys()[1:])
            raise InvalidFieldError(f"measures[{index}]", number, names)
    _distinct("measures", [MEASURES[number] for number in numbers])
    return frozenset(MEASURES[number] for number in numbers)


def _percentiles(given: Sequence[int]) -> tuple[int, ...]:
    for index, each in enumerate(_few("percentile_hundredths", given, MAX_PERCENTILES)):
        if each > 10_000:
            raise InvalidFieldError(f"percentile_hundredths[{index}]", each, "0 to 10,000: hundredths of a percent")
    return tuple(given)


def _histogram(request: scoring_service_pb2.AggregateBalancesRequest) -> tuple[tuple[int, ...], int]:
    """Bounds, or a number of bins; none and 0 where no histogram is asked for."""
    if not request.HasField("histogram"):
        return (), 0
    bounds, bins = request.histogram.bounds_minor, request.histogram.bins
    if bool(bounds) == bool(bins):
        raise InvalidFieldError("histogram", {"bins": bins}, "either bounds_minor or bins is set")
    if bins > MAX_BOUNDS:
        raise InvalidFieldError("histogram.bins", bins, f"1 to {MAX_BOUNDS}")
    _few("histogram.bounds_minor", bounds, MAX_BOUNDS)
    for index in range(1, len(bounds)):
        if bounds[index] <= bounds[index - 1]:
            raise InvalidFieldError(f"histogram.bounds_minor[{index}]", bounds[index], "bounds ascend")
    return tuple(bounds), bins


def _check_months(question: BalanceQuestion) -> None:
    if question.has(Dimension.MONTH):
        if question.months == 0:
            raise FieldRequiredError("complete_months", "must be set where groups are by month")
        if question.months > MAX_MONTHS:
            raise InvalidFieldError("complete_months", question.months, f"1 to {MAX_MONTHS}")
    elif question.months:
        raise InvalidFieldError("complete_months", question.months, "only where groups are by month")


def _check_days(question: BalanceQuestion) -> None:
    averaged = Measure.AVERAGE_DAILY_BALANCE in question.measures
    if averaged and not question.has(Dimension.MONTH):
        if question.days == 0:
            raise FieldRequiredError("daily_days", "must be set with BALANCE_MEASURE_AVERAGE_DAILY_BALANCE")
        if question.days > MAX_DAYS:
            raise InvalidFieldError("daily_days", question.days, f"1 to {MAX_DAYS}")
    elif question.days:
        allowed = "only with BALANCE_MEASURE_AVERAGE_DAILY_BALANCE, and where groups are not by month"
        raise InvalidFieldError("daily_days", question.days, allowed)


def _few(field: str, given: Sequence[Item], limit: int) -> Sequence[Item]:
    """What a repeated field has, counted before anything is made of it."""
    if len(given) > limit:
        raise InvalidFieldError(field, f"{len(given)} entries", f"at most {limit} are allowed")
    return given


def _distinct(field: str, given: Sequence[object]) -> None:
    for index, each in enumerate(given):
        if each in given[:index]:
            raise InvalidFieldError(f"{field}[{index}]", str(each), "each may be named once")
