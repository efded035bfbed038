"""Wrong requests of AggregateBalances."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import balances_pb2 as balances
from segmentd.api.v1 import scoring_service_pb2 as scoring
from tests.server.bank import MAIN
from tests.server.wrong.request import Wrong

KIND = balances.BalanceGrouping(dimension=balances.BALANCE_DIMENSION_ACCOUNT_KIND)
MONTH = balances.BalanceGrouping(dimension=balances.BALANCE_DIMENSION_MONTH)
DAILY = balances.BALANCE_MEASURE_AVERAGE_DAILY_BALANCE


def _refused(what: str, field: str | None, reason: str = "INVALID_FIELD", **fields: Any) -> Wrong:
    request = scoring.AggregateBalancesRequest(parent=fields.pop("parent", MAIN), **fields)
    return Wrong("AggregateBalances", what, request, reason, field)


def _attribute(name: str, dimension: Any = balances.BALANCE_DIMENSION_ATTRIBUTE) -> list[balances.BalanceGrouping]:
    return [balances.BalanceGrouping(dimension=dimension, attribute=name)]


def _histogram(*bounds: int, bins: int = 0) -> balances.BalanceHistogram:
    return balances.BalanceHistogram(bounds_minor=bounds, bins=bins)


BALANCES = [
    _refused("no parent", "parent", "FIELD_REQUIRED", parent=""),
    _refused("no dimension", "by[0].dimension", by=[balances.BalanceGrouping()]),
    _refused("unknown dimension", "by[0].dimension", by=_attribute("", 99)),
    _refused("twice by kind", "by[1]", by=[KIND, KIND]),
    _refused("by too much", "by", by=[KIND] * 9),
    _refused("no attribute", "by[0].attribute", "FIELD_REQUIRED", by=_attribute("")),
    _refused("attribute of a kind", "by[0].attribute", by=_attribute("account.kind", KIND.dimension)),
    _refused("attribute of nobody", "by[0].attribute", by=_attribute("kind")),
    _refused("attribute of a transaction", "by[0].attribute", by=_attribute("transaction.category")),
    _refused("unknown attribute", "by[0].attribute", "UNKNOWN_ATTRIBUTE", by=_attribute("customer.incom")),
    _refused("by doubles", "by[0].attribute", by=_attribute("customer.income")),
    _refused("by lists", "by[0].attribute", by=_attribute("customer.tags")),
    _refused("unknown measure", "measures[0]", measures=[99]),
    _refused("measure twice", "measures[1]", measures=[balances.BALANCE_MEASURE_SUM] * 2),
    _refused("percentile above all", "percentile_hundredths[1]", percentile_hundredths=[10_000, 10_001]),
    _refused("many percentiles", "percentile_hundredths", percentile_hundredths=range(101)),
    _refused("empty histogram", "histogram", histogram=_histogram()),
    _refused("bounds and bins", "histogram", histogram=_histogram(1, bins=2)),
    _refused("bounds that stay", "histogram.bounds_minor[2]", histogram=_histogram(-1, 5, 5)),
    _refused("many bounds", "histogram.bounds_minor", histogram=_histogram(*range(1_025))),
    _refused("many bins", "histogram.bins", histogram=_histogram(bins=1_025)),
    _refused("no months", "complete_months", "FIELD_REQUIRED", by=[MONTH]),
    _refused("many months", "complete_months", by=[MONTH], complete_months=121),
    _refused("months of nothing", "complete_months", complete_months=1),
    _refused("no days", "daily_days", "FIELD_REQUIRED", measures=[DAILY]),
    _refused("many days", "daily_days", measures=[DAILY], daily_days=3_661),
    _refused("days of nothing", "daily_days", daily_days=1),
    _refused("days of months", "daily_days", by=[MONTH], complete_months=1, measures=[DAILY], daily_days=1),
    _refused("moment out of range", "as_of", as_of=Timestamp(seconds=2**60)),
    _refused("many roles", "roles", roles=[str(number) for number in range(65)]),
    _refused("many segments", "segments", segments=[str(number) for number in range(4_097)]),
    _refused("unknown segment", "segments[1]", "UNKNOWN_SEGMENT", segments=["premium", "x"]),
    _refused("segment twice", "segments[1]", segments=["premium", "premium"]),
    _refused("negative data version", "data_version", data_version=-1),
    Wrong(
        "AggregateBalances",
        "unknown ledger",
        scoring.AggregateBalancesRequest(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "AggregateBalances",
        "customers of a file",
        scoring.AggregateBalancesRequest(parent=MAIN),
        "NO_FACTS",
        None,
        "FAILED_PRECONDITION",
    ),
]
