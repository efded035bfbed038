"""Aggregates compiled against a ledger's attributes: their filters, what they measure, and the type of their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from segmentd.api.errors import InvalidFieldError
from segmentd.errors import FieldViolation, SegmentdError
from segmentd.language import CompiledExpression, Environment
from segmentd.ledger.aggregate_rules import FIELD, WITHOUT_MEASURE, check_aggregate
from segmentd.ledger.aggregates import Aggregate, Function
from segmentd.ledger.compiled_aggregates import ITEM, CompiledAggregate
from segmentd.ledger.errors import UnknownMeasureError
from segmentd.ledger.fields import money
from segmentd.plan import compile_plannable
from segmentd.schema import BOOL, DOUBLE, INT64, AttributeSpec, DataType, Kind, Schema, Subject

_NUMERIC: Final = frozenset({Kind.INT64, Kind.DOUBLE, Kind.DECIMAL})
_ORDERED: Final = _NUMERIC | {Kind.TIMESTAMP, Kind.DATE}
_SCALAR: Final = _ORDERED | {Kind.BOOL, Kind.STRING}

_MEASURED: Final[Mapping[Function, frozenset[Kind]]] = {
    Function.MIN: _ORDERED,
    Function.MAX: _ORDERED,
    Function.FIRST: _SCALAR,
    Function.LAST: _SCALAR,
    Function.DISTINCT_COUNT: _SCALAR,
}
"""The kinds that functions measure; others measure numbers."""

_COUNTING: Final = frozenset({Function.COUNT, Function.DISTINCT_COUNT, Function.DAYS_SINCE, Function.MONTHS_BELOW})
_REAL: Final = frozenset({Function.STANDARD_DEVIATION, Function.TREND})
_MEAN: Final = frozenset({Function.AVERAGE, Function.MEDIAN})


def compile_aggregate(
    aggregate: Aggregate,
    subject: Subject,
    environments: Mapping[Subject, Environment],
    currency_code: str,
    declared: DataType | None = None,
) -> CompiledAggregate:
    """The meaning of an aggregate of a subject, with values of type `declared` where that is said.

    `environments`: those of items and accounts, without macros; `currency_code`: the ledger's. Raises a SegmentdError
    that names the wrong field.
    """
    check_aggregate(aggregate, subject)
    item = ITEM[aggregate.source]
    found = result_type(aggregate, environments[item].schema, currency_code)
    if declared not in (None, found):
        allowed = f"the values of this aggregate are {found}; the type may be left out"
        raise InvalidFieldError("attribute.type", str(declared), allowed)
    return CompiledAggregate(
        definition=aggregate,
        type=found,
        measured=_measured(aggregate, environments[item].schema).type if aggregate.measure else found,
        filter=_compile_filter("filter", aggregate.filter, environments[item]),
        account_filter=_compile_filter("account_filter", aggregate.account_filter, environments[Subject.ACCOUNT]),
    )


def result_type(aggregate: Aggregate, items: Schema, currency_code: str) -> DataType:
    """The type of an aggregate's values, as function and measure say; `items`: the fields of what it aggregates.

    Raises UnknownMeasureError where the measure is no field, InvalidFieldError where the function cannot take it.
    """
    function = aggregate.function
    measured = None if function in WITHOUT_MEASURE else _measured(aggregate, items).type
    if function in _COUNTING:
        return INT64
    if function in _REAL:
        return DOUBLE
    if measured is None:
        return money(currency_code)
    return DOUBLE if function in _MEAN and measured.kind is not Kind.DECIMAL else measured


def _measured(aggregate: Aggregate, items: Schema) -> AttributeSpec:
    function, measure, field = aggregate.function, aggregate.measure, f"{FIELD}.measure"
    allowed = _MEASURED.get(function, _NUMERIC)
    fields = [spec.id for spec in items.given if not spec.aggregated]
    spec = items.get(measure)
    if spec is None:
        raise UnknownMeasureError(field, items.subject, measure, fields)
    if spec.id not in fields:
        raise InvalidFieldError(
            field, measure, "it must be a field or a given attribute, neither computed nor aggregated"
        )
    if spec.type.kind not in allowed:
        kinds = ", ".join(sorted(allowed))
        raise InvalidFieldError(field, measure, f"it is {spec.type}, and {function} takes one of {kinds}")
    return spec


def _compile_filter(name: str, text: str, environment: Environment) -> CompiledExpression | None:
    if not text:
        return None
    field = f"{FIELD}.{name}"
    try:
        compiled = compile_plannable(environment, text, result=BOOL)
    except SegmentdError as error:
        error.fields = error.fields or (FieldViolation(field, error.message),)
        raise
    if compiled.segments:
        raise InvalidFieldError(field, text, "it may not refer to segments")
    schema = environment.schema
    aggregated = [id_ for id_ in sorted(compiled.given) if (spec := schema.get(id_)) is not None and spec.aggregated]
    if aggregated:
        read = schema.qualified(aggregated[0])
        raise InvalidFieldError(field, text, f"it reads {read}, and an aggregate may not read another")
    return compiled
