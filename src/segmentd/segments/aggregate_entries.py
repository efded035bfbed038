"""`aggregate:` entries of a definitions file: what an attribute is aggregated from, in lower-case words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from segmentd.api.errors import InvalidFieldError
from segmentd.ledger.aggregate_rules import check_aggregate
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
from segmentd.ledger.fields import money
from segmentd.moments import microseconds
from segmentd.schema import Subject
from segmentd.segments.entries import DefinitionsError, Entry, Problem
from segmentd.segments.yaml_tree import Table, Text, YamlError, read_tree

AGGREGATE_KEYS: Final = (
    "source",
    "function",
    "measure",
    "filter",
    "account_filter",
    "window",
    "percentile",
    "threshold",
    "min_count",
    "roles",
)
SPANS: Final = ("trailing_seconds", "trailing_days", "complete_months", "month_to_date", "between")
WINDOW_KEYS: Final = (*SPANS, "demand_coverage")
BETWEEN_KEYS: Final = ("start", "end")

_WHOLE: Final = re.compile(r"\d{1,12}")
_PERCENTILE: Final = re.compile(r"\d{1,3}(?:\.\d{1,2})?")
_AMOUNT: Final = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?")
_BOOLEANS: Final = {"true": True, "false": False}
_PLACEHOLDER: Final = 1
"""Stands for a threshold in major units where only the other rules are checked."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeclaredAggregate:
    """An aggregate as a file declares it. `threshold` is in major units of a currency that the ledger has.

    Without it the threshold of `aggregate` stands.
    """

    aggregate: Aggregate
    threshold: Decimal | None = None

    def in_currency(self, currency_code: str) -> Aggregate:
        """The aggregate in a ledger of this currency. InvalidFieldError for more digits than that has."""
        if self.threshold is None:
            return self.aggregate
        currency = money(currency_code)
        minor = self.threshold.scaleb(currency.scale)
        if minor != minor.to_integral_value():
            digits = f"amounts in {currency_code} have {currency.scale} digits after the point"
            raise InvalidFieldError("aggregate.threshold", str(self.threshold), digits)
        return replace(self.aggregate, threshold_minor=int(minor))


def parse_aggregate(text: str, subject: Subject, path: str) -> DeclaredAggregate:
    """The aggregate in a text of YAML; `path` is for error messages. Raises DefinitionsError."""
    problems: list[Problem] = []
    try:
        tree = read_tree(text)
    except YamlError as error:
        raise DefinitionsError.at(path, error.line, "", error.message) from error
    declared = read_aggregate(Entry(Table(1, {"aggregate": tree}, {"aggregate": 1}), "", problems), subject)
    if problems or declared is None:
        raise DefinitionsError(path, problems)
    return declared


def read_aggregate(entry: Entry, subject: Subject) -> DeclaredAggregate | None:
    """The aggregate of an attribute's entry, None where it has none or one that is wrong, which is complained of."""
    tree = entry.table.get("aggregate")
    if tree is None or (isinstance(tree, Text) and tree.value is None):
        return None
    inner, before = Entry(tree, _within(entry, "aggregate"), entry.problems), len(entry.problems)
    inner.check_keys(AGGREGATE_KEYS)
    if not isinstance(tree, Table):
        return None
    declared = _declared(inner)
    if declared is None or len(entry.problems) > before:
        return None
    # A threshold of 0 is none, whatever the currency.
    minor = _PLACEHOLDER if declared.threshold else 0
    sample = replace(declared.aggregate, threshold_minor=minor)
    return declared if entry.accept("aggregate", lambda: check_aggregate(sample, subject)) else None


def _declared(entry: Entry) -> DeclaredAggregate | None:
    source = _word(entry, "source", {each.lower(): each for each in Source})
    function = _word(entry, "function", {each.lower(): each for each in Function})
    percentile = _number(entry, "percentile", _PERCENTILE, "0 to 100 with at most two digits after the point")
    threshold = _number(entry, "threshold", _AMOUNT, "an amount in major units, such as 500.00")
    window = _window(entry)
    if source is None or function is None:
        return None
    aggregate = Aggregate(
        source=source,
        function=function,
        measure=entry.text("measure") or "",
        filter=entry.text("filter") or "",
        account_filter=entry.text("account_filter") or "",
        window=window,
        percentile_hundredths=int((percentile or Decimal(0)) * 100),
        min_count=_whole(entry, "min_count") or 0,
        roles=_roles(entry),
    )
    return DeclaredAggregate(aggregate, threshold)


def _word(entry: Entry, key: str, words: Mapping[str, T]) -> T | None:
    return entry.choice(key, words) if entry.required(key) else None


def _window(entry: Entry) -> Window:
    tree = entry.table.get("window")
    if tree is None or (isinstance(tree, Text) and tree.value is None):
        return Window()
    inner = Entry(tree, _within(entry, "window"), entry.problems)
    inner.check_keys(WINDOW_KEYS)
    given = [key for key in SPANS if key in inner.table]
    if isinstance(tree, Table) and len(given) != 1:
        inner.complain(tree.line, f"a window has one of {', '.join(SPANS)}; without a window, all time counts")
        return Window()
    span = _span(inner, given[0]) if given else AllTime()
    return Window(span, inner.choice("demand_coverage", _BOOLEANS) or False)


def _span(entry: Entry, key: str) -> Span:
    if key == "between":
        return _between(entry)
    if key == "month_to_date":
        if entry.choice(key, _BOOLEANS) is False:
            entry.complain(entry.line(key), f"{key} is 'false'; allowed are true, or another span")
        return MonthToDate()
    number = _whole(entry, key) or 0
    match key:
        case "trailing_seconds":
            return TrailingSeconds(number)
        case "trailing_days":
            return TrailingDays(number)
        case _:
            return CompleteMonths(number)


def _between(entry: Entry) -> Span:
    inner = Entry(entry.table["between"], _within(entry, "between"), entry.problems)
    inner.check_keys(BETWEEN_KEYS)
    start, end = (_moment_us(inner, key) for key in BETWEEN_KEYS)
    return AllTime() if start is None or end is None else Between(start, end)


def _moment_us(entry: Entry, key: str) -> int | None:
    text = entry.required(key)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        entry.complain(entry.line(key), f"{key} is {text!r}; allowed are moments such as 2026-01-31T00:00:00+01:00")
        return None
    return microseconds(moment)


def _whole(entry: Entry, key: str) -> int | None:
    number = _number(entry, key, _WHOLE, "a whole number")
    return None if number is None else int(number)


def _number(entry: Entry, key: str, form: re.Pattern[str], allowed: str) -> Decimal | None:
    text = entry.text(key)
    if text is None:
        return None
    if not form.fullmatch(text):
        entry.complain(entry.line(key), f"{key} is {text!r}; allowed is {allowed}")
        return None
    return Decimal(text)


def _roles(entry: Entry) -> tuple[str, ...]:
    roles = []
    for tree in entry.items("roles"):
        if isinstance(tree, Text) and tree.value:
            roles.append(tree.value)
        else:
            entry.complain(tree.line, "roles has to be a list of texts, such as [OWNER]")
    return tuple(roles)


def _within(entry: Entry, key: str) -> str:
    return f"{entry.label}.{key}" if entry.label else key
