"""Aggregates in definitions files: what they mean, and what is said of wrong ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmentd.errors import ErrorReason
from segmentd.ledger.aggregate_documents import from_document, to_document
from segmentd.ledger.aggregates import (
    Aggregate,
    Between,
    CompleteMonths,
    Function,
    MonthToDate,
    Source,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.schema import DATE, DOUBLE, INT64, STRING, AttributeSpec, DataType, Kind, Subject
from segmentd.segments.aggregate_entries import AGGREGATE_KEYS, SPANS, parse_aggregate
from segmentd.segments.catalogue import Catalogue
from segmentd.segments.definitions import DefinitionsError, parse_definitions

FULL = """\
currency: CZK
attributes:
  - id: salary
    aggregate:
      source: transactions
      function: average
      measure: amount
      filter: 'transaction.category == "INCOME/SALARY" && transaction.weight > 1'
      account_filter: account.tier == "A"
      roles: [OWNER, JOINT]
      window: {complete_months: 12, demand_coverage: true}
      min_count: 3
    display_name: Salary
  - {id: rich, expression: customer.salary > 50000.00}
  - id: low_months
    aggregate: {source: balances, function: months_below, threshold: 500.5, window: {complete_months: 6}}
  - {id: p95, aggregate: {source: transactions, function: percentile, measure: weight, percentile: 99.5}}
  - {id: since, type: DATE, aggregate: {source: accounts, function: min, measure: opened}}
  - {id: weight, subject: TRANSACTION, type: INT64}
  - {id: tier, subject: ACCOUNT, type: STRING}
  - id: trend
    subject: ACCOUNT
    aggregate: {source: transactions, function: trend, measure: amount, window: {complete_months: 2}}
segments:
  - {id: rich, expression: customer.rich && customer.low_months == 0}
"""

EUROS = DataType(Kind.DECIMAL, 2, "CZK")


DOCS = Path(__file__).parent.parent.parent / "docs" / "aggregates.md"


def compiled(text: str) -> Catalogue:
    """The catalogue of a text."""
    return parse_definitions(text, "bank.yaml").catalogue()


def problems(text: str) -> list[tuple[int, str, str]]:
    """Line, entry and message of all that is wrong with a text, compiled."""
    with pytest.raises(DefinitionsError) as caught:
        compiled(text)
    return [(problem.line, problem.entry, problem.message) for problem in caught.value.problems]


def in_file(aggregate: str, rest: str = "") -> str:
    """A file with one aggregated attribute, which begins in line 2, its aggregate in line 3."""
    return f"attributes:\n- id: x{rest}\n  aggregate: {aggregate}\n"


def test_a_file_defines_aggregated_attributes() -> None:
    """Typed by function and measure, whatever stands first; thresholds become minor units of the file's currency."""
    catalogue = compiled(FULL)
    customers, accounts = (catalogue.attributes[subject] for subject in (Subject.CUSTOMER, Subject.ACCOUNT))
    assert {id_: each.type for id_, each in customers.items() if each.aggregate} == {
        "low_months": INT64,
        "p95": INT64,
        "salary": EUROS,
        "since": DATE,
    }
    assert customers["salary"].display_name == "Salary"
    assert customers["salary"].aggregate == Aggregate(
        Source.TRANSACTIONS,
        Function.AVERAGE,
        measure="amount",
        filter='transaction.category == "INCOME/SALARY" && transaction.weight > 1',
        account_filter='account.tier == "A"',
        window=Window(CompleteMonths(12), demand_coverage=True),
        min_count=3,
        roles=("OWNER", "JOINT"),
    )
    assert customers["low_months"].aggregate == Aggregate(
        Source.BALANCES, Function.MONTHS_BELOW, window=Window(CompleteMonths(6)), threshold_minor=50_050
    )
    p95 = customers["p95"].aggregate
    assert p95 is not None
    assert p95.percentile_hundredths == 9_950
    assert accounts["trend"].type == DOUBLE
    assert set(catalogue.vocabulary.terms[Subject.CUSTOMER].aggregated) == {"low_months", "p95", "salary", "since"}
    assert catalogue.segments["rich"].expression.given == {"salary", "low_months"}


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("{trailing_seconds: 3600}", Window(TrailingSeconds(3_600))),
        ("{trailing_days: 90}", Window(TrailingDays(90))),
        ("{month_to_date: true, demand_coverage: false}", Window(MonthToDate())),
        (
            "{between: {start: '1970-01-01T01:00:00+01:00', end: 1970-01-02T00:00:00.000001Z}}",
            Window(Between(0, 86_400_000_001)),
        ),
        ("~", Window()),
    ],
)
def test_windows_have_their_words(window: str, expected: Window) -> None:
    """Each span by the name that the API has for it; moments have a time zone."""
    text = f"{{source: engagements, function: count, window: {window}}}"
    assert parse_aggregate(text, Subject.CUSTOMER, "-").aggregate.window == expected


@pytest.mark.parametrize("currency", ["JPY", "KWD", "EUR"])
def test_thresholds_count_in_the_ledgers_currency(currency: str) -> None:
    """7 are 7 yen, 7,000 fils and 700 cents; more digits than a currency has are refused."""
    text = "{source: balances, function: months_below, threshold: %s, window: {complete_months: 1}}"
    whole = parse_aggregate(text % "-7", Subject.CUSTOMER, "-")
    digits = {"JPY": 0, "KWD": 3, "EUR": 2}[currency]
    assert whole.in_currency(currency).threshold_minor == -7 * 10**digits
    finer = f"currency: {currency}\n" + in_file(text % ("7." + "0" * digits + "1"))
    [(line, entry, message)] = problems(finer)
    assert (line, entry) == (3, "attributes/customer.x")
    assert f"amounts in {currency} have {digits} digits" in message


@pytest.mark.parametrize(
    ("text", "line", "entry", "message"),
    [
        (in_file("sum"), 3, "attributes[0] (x).aggregate", "expected keys and values: source, function"),
        (in_file("{function: count}"), 3, "attributes[0] (x).aggregate", "source must be set"),
        (in_file("{source: transactions}"), 3, "attributes[0] (x).aggregate", "function must be set"),
        (in_file("{source: transaction, function: count}"), 3, "attributes[0] (x).aggregate", "allowed are accounts, "),
        (in_file("{source: accounts, function: SUM}"), 3, "attributes[0] (x).aggregate", "function is 'SUM'; allowed"),
        (
            in_file("{source: accounts, function: count, windw: {}}"),
            3,
            "attributes[0] (x).aggregate",
            "did you mean 'w",
        ),
        (
            in_file("{source: transactions, function: count, window: {}}"),
            3,
            "attributes[0] (x).aggregate.window",
            "a window has one of trailing_seconds",
        ),
        (
            in_file("{source: transactions, function: count, window: {trailing_days: 1, complete_months: 1}}"),
            3,
            "attributes[0] (x).aggregate.window",
            "a window has one of",
        ),
        (
            in_file("{source: transactions, function: count, window: {trailing_days: 1.5}}"),
            3,
            "attributes[0] (x).aggregate.window",
            "trailing_days is '1.5'; allowed is a whole number",
        ),
        (
            in_file("{source: transactions, function: count, window: {month_to_date: false}}"),
            3,
            "attributes[0] (x).aggregate.window",
            "month_to_date is 'false'",
        ),
        (
            in_file("{source: transactions, function: count, window: {between: {start: 2026-01-01}}}"),
            3,
            "attributes[0] (x).aggregate.window.between",
            "start is '2026-01-01'; allowed are moments",
        ),
        (
            in_file("{source: transactions, function: count, window: {between: {start: 2026-01-01T00:00:00Z}}}"),
            3,
            "attributes[0] (x).aggregate.window.between",
            "end must be set",
        ),
        (
            in_file("{source: transactions, function: percentile, measure: amount, percentile: 99.999}"),
            3,
            "attributes[0] (x).aggregate",
            "percentile is '99.999'; allowed is 0 to 100",
        ),
        (
            in_file("{source: balances, function: months_below, threshold: a lot}"),
            3,
            "attributes[0] (x).aggregate",
            "threshold is 'a lot'; allowed is an amount in major units",
        ),
        (
            in_file("{source: transactions, function: count, roles: [OWNER, []]}"),
            3,
            "attributes[0] (x).aggregate",
            "roles has to be a list of texts",
        ),
        (
            in_file("{source: transactions, function: count, window: {complete_months: 121}}"),
            3,
            "attributes[0] (x)",
            "attribute.aggregate.window.complete_months 121 is not allowed: 1 to 120",
        ),
        (
            in_file("{source: transactions, function: count, threshold: 1}"),
            3,
            "attributes[0] (x)",
            "it is for MONTHS_BELOW alone",
        ),
        (
            in_file("{source: engagements, function: count}", "\n  subject: ACCOUNT").replace("id: x\n", "id: x\n"),
            4,
            "attributes[0] (x)",
            "of an account it is TRANSACTIONS or BALANCES",
        ),
        (
            in_file("{source: engagements, function: count}", "\n  expression: '1'"),
            4,
            "attributes[0] (x)",
            "an attribute with an expression is computed",
        ),
        (
            in_file("{source: engagements, function: count}", "\n  nullable: false"),
            3,
            "attributes[0] (x)",
            "whether an aggregated attribute is missing follows from its facts",
        ),
        (
            in_file("{source: transactions, function: sum, measure: amont}"),
            2,
            "attributes/customer.x",
            "it must be a field of transactions; did you mean 'amount'?",
        ),
        (
            in_file("{source: transactions, function: sum, measure: amount}", "\n  type: INT64"),
            2,
            "attributes/customer.x",
            "the values of this aggregate are DECIMAL(2, XXX)",
        ),
        (
            in_file("{source: transactions, function: count, filter: transaction.nope}"),
            2,
            "attributes/customer.x",
            "no attribute 'nope'",
        ),
    ],
)
def test_what_is_wrong_is_told_with_line_and_entry(text: str, line: int, entry: str, message: str) -> None:
    """And with what is allowed, or the nearest that is."""
    found = [problem for problem in problems(text) if message in problem[2]]
    assert [problem[:2] for problem in found] == [(line, entry)]


def test_a_filter_that_does_not_compile_comes_with_its_issues() -> None:
    """For tools that show places in the text."""
    with pytest.raises(DefinitionsError) as caught:
        compiled(in_file("{source: transactions, function: count, filter: true && transaction.nope}"))
    [problem] = caught.value.problems
    assert problem.reason is ErrorReason.UNKNOWN_ATTRIBUTE
    assert [(issue.position.line, issue.position.column) for issue in problem.issues] == [(1, 21)]


def test_stored_aggregates_stay_aggregated_beside_a_file() -> None:
    """What a ledger has is merged with its definition, and a filter of the file may not read it of an account."""
    moves = Aggregate(Source.TRANSACTIONS, Function.COUNT)
    specs = [AttributeSpec("moves", INT64, aggregated=True), AttributeSpec("tier", STRING)]
    filtered = "{source: transactions, function: count, account_filter: account.%s}"
    for condition in ("moves > 1", 'tier == "A"'):
        text = in_file(filtered % condition)
        merged = parse_definitions(text, "bank.yaml").merge_inferred(specs, Subject.ACCOUNT, {"moves": moves})
        if "moves" in condition:
            with pytest.raises(DefinitionsError, match="an aggregate may not read another"):
                merged.catalogue()
        else:
            assert merged.catalogue().attributes[Subject.ACCOUNT]["moves"].aggregate == moves


def test_a_text_on_the_command_line_is_read_alike() -> None:
    """Its problems name where it was given."""
    for text in ("{source: [}", "{source: accounts}", "", "accounts"):
        with pytest.raises(DefinitionsError, match=r"^--aggregate:1: "):
            parse_aggregate(text, Subject.CUSTOMER, "--aggregate")


def test_documents_say_everything() -> None:
    """What JSON has of an aggregate is enough to make it again, and lacks what says nothing."""
    plain = Aggregate(Source.ENGAGEMENTS, Function.COUNT)
    assert to_document(plain) == {"source": "engagements", "function": "count"}
    between = Aggregate(Source.TRANSACTIONS, Function.LAST, "category", window=Window(Between(-1, 1)), roles=("A",))
    assert to_document(between) == {
        "source": "transactions",
        "function": "last",
        "measure": "category",
        "roles": ["A"],
        "window": {"between": {"start_us": -1, "end_us": 1}},
    }
    assert from_document(to_document(between)) == between


def test_the_documented_definitions_are_valid() -> None:
    """The file on the page about aggregates compiles, and the page has a row for every function and every key."""
    page = DOCS.read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example is not None
    aggregated = compiled(example[1]).vocabulary.terms[Subject.CUSTOMER].aggregated
    assert set(aggregated) == {"salary_12m", "average_balance", "low_months", "client_since"}
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {word for row in rows for word in re.findall(r"`(\w+)[`:]", row)}
    assert {function.lower() for function in Function} <= named
    assert {*AGGREGATE_KEYS, *SPANS} <= named
