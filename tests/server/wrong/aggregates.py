"""Wrong requests about aggregated attributes, which name the field of the definition that is wrong."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import aggregate_pb2 as agg
from segmentd.api.v1 import attribute_service_pb2 as attributes
from tests.server.bank import MAIN
from tests.server.wrong.request import Wrong

TYPES = attributes.AttributeType
MONTHS = agg.AggregateWindow(complete_months=12)
BALANCES = "average_daily_balance"


def aggregate(function: str = "count", source: str = "transactions", **fields: Any) -> agg.Aggregate:
    """The message of an aggregate, COUNT of transactions unless said otherwise."""
    return agg.Aggregate(
        source=agg.AggregateSource.Value(f"AGGREGATE_SOURCE_{source.upper()}"),
        function=agg.AggregateFunction.Value(f"AGGREGATE_FUNCTION_{function.upper()}"),
        **fields,
    )


def _create(what: agg.Aggregate, attribute_id: str = "customer.fresh", **fields: Any) -> Message:
    return attributes.CreateAttributeRequest(
        parent=MAIN, attribute_id=attribute_id, attribute=attributes.Attribute(aggregate=what, **fields)
    )


def _update(what: agg.Aggregate, attribute_id: str = "customer.seen", **fields: Any) -> Message:
    attribute = attributes.Attribute(name=f"{MAIN}/attributes/{attribute_id}", aggregate=what, **fields)
    return attributes.UpdateAttributeRequest(attribute=attribute, update_mask=FieldMask(paths=["aggregate", *fields]))


def _window(**fields: Any) -> agg.Aggregate:
    return aggregate(window=agg.AggregateWindow(**fields))


def _between(**fields: Any) -> agg.Aggregate:
    return _window(between=agg.TimeRange(**fields))


DEFINITIONS: list[tuple[str, agg.Aggregate, str, str]] = [
    ("no source", agg.Aggregate(function=agg.AGGREGATE_FUNCTION_COUNT), "FIELD_REQUIRED", "source"),
    (
        "unknown source",
        agg.Aggregate(source=99, function=agg.AGGREGATE_FUNCTION_COUNT),  # type: ignore[arg-type]
        "INVALID_FIELD",
        "source",
    ),
    ("no function", agg.Aggregate(source=agg.AGGREGATE_SOURCE_ACCOUNTS), "FIELD_REQUIRED", "function"),
    (
        "unknown function",
        agg.Aggregate(source=agg.AGGREGATE_SOURCE_ACCOUNTS, function=99),  # type: ignore[arg-type]
        "INVALID_FIELD",
        "function",
    ),
    ("daily balance of accounts", aggregate(BALANCES, "accounts"), "INVALID_FIELD", "source"),
    ("daily balance of engagements", aggregate(BALANCES, "engagements"), "INVALID_FIELD", "source"),
    ("months below of engagements", aggregate("months_below", "engagements", window=MONTHS), "INVALID_FIELD", "source"),
    (
        "recurring balances",
        aggregate("recurring", "balances", measure="amount", window=MONTHS),
        "INVALID_FIELD",
        "source",
    ),
    ("days since an account", aggregate("days_since", "accounts"), "INVALID_FIELD", "source"),
    ("trend of accounts", aggregate("trend", "accounts", measure="balance", window=MONTHS), "INVALID_FIELD", "source"),
    ("sum of nothing", aggregate("sum"), "FIELD_REQUIRED", "measure"),
    ("count of something", aggregate(measure="amount"), "INVALID_FIELD", "measure"),
    ("daily balance of something", aggregate(BALANCES, measure="amount"), "INVALID_FIELD", "measure"),
    ("no such measure", aggregate("sum", measure="amont"), "UNKNOWN_ATTRIBUTE", "measure"),
    ("measure of another's", aggregate("sum", measure="age"), "UNKNOWN_ATTRIBUTE", "measure"),
    ("sum of text", aggregate("sum", measure="category"), "INVALID_FIELD", "measure"),
    ("least text", aggregate("min", measure="category"), "INVALID_FIELD", "measure"),
    ("median of times", aggregate("median", measure="booking_time"), "INVALID_FIELD", "measure"),
    ("returning balances", aggregate("recurring", measure="balance_after", window=MONTHS), "INVALID_FIELD", "measure"),
    ("an empty window", aggregate(window=agg.AggregateWindow()), "FIELD_REQUIRED", "window"),
    ("0 seconds", _window(trailing_seconds=0), "INVALID_FIELD", "window.trailing_seconds"),
    ("too many seconds", _window(trailing_seconds=3_153_600_001), "INVALID_FIELD", "window.trailing_seconds"),
    ("0 days", _window(trailing_days=0), "INVALID_FIELD", "window.trailing_days"),
    ("too many days", _window(trailing_days=36_501), "INVALID_FIELD", "window.trailing_days"),
    ("0 months", _window(complete_months=0), "INVALID_FIELD", "window.complete_months"),
    ("too many months", _window(complete_months=121), "INVALID_FIELD", "window.complete_months"),
    ("not to date", _window(month_to_date=False), "INVALID_FIELD", "window.month_to_date"),
    ("no start", _between(end_time=Timestamp(seconds=1)), "FIELD_REQUIRED", "window.between.start_time"),
    ("no end", _between(start_time=Timestamp(seconds=1)), "FIELD_REQUIRED", "window.between.end_time"),
    (
        "an end at the start",
        _between(start_time=Timestamp(seconds=1), end_time=Timestamp(seconds=1)),
        "INVALID_FIELD",
        "window.between.end_time",
    ),
    (
        "a start before all time",
        _between(start_time=Timestamp(seconds=-(2**40)), end_time=Timestamp(seconds=1)),
        "INVALID_FIELD",
        "window.between.start_time",
    ),
    (
        "too many nanos",
        _between(start_time=Timestamp(seconds=1), end_time=Timestamp(seconds=2, nanos=1_000_000_000)),
        "INVALID_FIELD",
        "window.between.end_time",
    ),
    ("a window of accounts", aggregate("count", "accounts", window=MONTHS), "INVALID_FIELD", "window"),
    ("months below without window", aggregate("months_below"), "INVALID_FIELD", "window"),
    (
        "trend of days",
        aggregate("trend", measure="amount", window=agg.AggregateWindow(trailing_days=90)),
        "INVALID_FIELD",
        "window",
    ),
    (
        "trend of a month",
        aggregate("trend", measure="amount", window=agg.AggregateWindow(complete_months=1)),
        "INVALID_FIELD",
        "window.complete_months",
    ),
    ("recurring without window", aggregate("recurring", measure="amount"), "INVALID_FIELD", "window"),
    (
        "too high a percentile",
        aggregate("percentile", measure="amount", percentile_hundredths=10_001),
        "INVALID_FIELD",
        "percentile_hundredths",
    ),
    ("a percentile of a count", aggregate(percentile_hundredths=1), "INVALID_FIELD", "percentile_hundredths"),
    ("a threshold of a count", aggregate(threshold_minor=-1), "INVALID_FIELD", "threshold_minor"),
    ("too many needed", aggregate(min_count=1_000_001), "INVALID_FIELD", "min_count"),
    ("an empty role", aggregate(roles=["OWNER", ""]), "FIELD_REQUIRED", "roles[1]"),
    ("a role twice", aggregate(roles=["OWNER", "OWNER"]), "INVALID_FIELD", "roles[1]"),
    ("a long role", aggregate(roles=["x" * 65]), "INVALID_FIELD", "roles[0]"),
    ("too many roles", aggregate(roles=[f"r{role}" for role in range(17)]), "INVALID_FIELD", "roles"),
    ("roles of engagements", aggregate("count", "engagements", roles=["OWNER"]), "INVALID_FIELD", "roles"),
    ("no expression", aggregate(filter="transaction.amount >"), "EXPRESSION_SYNTAX", "filter"),
    ("no condition", aggregate(filter="transaction.category"), "EXPRESSION_TYPE", "filter"),
    ("no such field", aggregate(filter="transaction.amont > 1.00"), "UNKNOWN_ATTRIBUTE", "filter"),
    ("another's variable", aggregate(filter="customer.age > 1"), "UNKNOWN_ATTRIBUTE", "filter"),
    ("too fine an amount", aggregate(filter="transaction.amount > 1.001"), "DECIMAL_MISUSE", "filter"),
    ("segments in a filter", aggregate(filter='"premium" in transaction.segments'), "INVALID_FIELD", "filter"),
    (
        "macros of accounts",
        aggregate(account_filter="account.owners.exists(owner, owner.age > 18)"),
        "UNSUPPORTED_OPERATION",
        "account_filter",
    ),
    ("no account", aggregate(account_filter="transaction.amount > 1.00"), "UNKNOWN_ATTRIBUTE", "account_filter"),
    (
        "segments of accounts",
        aggregate(account_filter='"premium" in account.segments'),
        "INVALID_FIELD",
        "account_filter",
    ),
    (
        "accounts of engagements",
        aggregate("count", "engagements", account_filter="account.external"),
        "INVALID_FIELD",
        "account_filter",
    ),
]
"""What is wrong with a definition by itself or in the bank's ledger, and the field of it."""

AGGREGATES = [
    *(
        Wrong("CreateAttribute", f"aggregate: {what}", _create(wrong), reason, f"attribute.aggregate.{field}")
        for what, wrong, reason, field in DEFINITIONS
    ),
    *(
        Wrong("UpdateAttribute", f"aggregate: {what}", _update(wrong), reason, f"attribute.aggregate.{field}")
        for what, wrong, reason, field in DEFINITIONS
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: demand of all time's start",
        _create(_window(demand_coverage=True)),
        "FIELD_REQUIRED",
        "attribute.aggregate.window",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: of a transaction",
        _create(aggregate(), "transaction.fresh"),
        "INVALID_FIELD",
        "attribute.aggregate",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: an account's accounts",
        _create(aggregate("count", "accounts"), "account.fresh"),
        "INVALID_FIELD",
        "attribute.aggregate.source",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: an account's engagements",
        _create(aggregate("count", "engagements"), "account.fresh"),
        "INVALID_FIELD",
        "attribute.aggregate.source",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: an account's roles",
        _create(aggregate(roles=["OWNER"]), "account.fresh"),
        "INVALID_FIELD",
        "attribute.aggregate.roles",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: another type",
        _create(aggregate(), type=TYPES.ATTRIBUTE_TYPE_DOUBLE),
        "INVALID_FIELD",
        "attribute.type",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: and expression",
        _create(aggregate(), expression="1"),
        "INVALID_FIELD",
        "attribute.expression",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: required",
        _create(aggregate(), required=True),
        "INVALID_FIELD",
        "attribute.required",
    ),
    Wrong(
        "CreateAttribute",
        "aggregate: default",
        _create(aggregate(), default_value=attributes.AttributeValue(integer_value=0)),
        "INVALID_FIELD",
        "attribute.default_value",
    ),
    Wrong(
        "UpdateAttribute",
        "aggregate: of a computed attribute",
        _update(aggregate(), "customer.tier"),
        "INVALID_FIELD",
        "attribute.expression",
    ),
    Wrong(
        "UpdateAttribute",
        "aggregate: of residents' values",
        _update(aggregate(), "customer.age"),
        "ATTRIBUTE_IN_USE",
        None,
        "FAILED_PRECONDITION",
    ),
]
