"""The synchronous client against a real server: what it is asked, it does, and what fails says why."""

import itertools
import math
import re
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import segmentd.client
from segmentd.client import (
    DATE,
    DOUBLE,
    INT64,
    LIST,
    STRING,
    TIMESTAMP,
    Action,
    Aggregate,
    AttributeDefinition,
    Benefit,
    Between,
    Client,
    CompleteMonths,
    Count,
    DataType,
    FormError,
    Function,
    Kind,
    MonthToDate,
    SegmentdCallError,
    SegmentDefinition,
    ServerUnreachableError,
    Source,
    Timeouts,
    TrailingDays,
    TrailingSeconds,
    Window,
)
from segmentd.client.values import Value

EUROS = DataType(Kind.DECIMAL, 2, "EUR")
WEALTHY = SegmentDefinition(
    expression="customer.income >= 3000.0",
    display_name="Wealthy",
    benefits=(Benefit("lounge", "Lounge access"),),
    labels={"team": "retail"},
)


LEDGER_NUMBERS = itertools.count()


@pytest.fixture
def ledger(target: str) -> Iterator[Client]:
    """A client for a new ledger of the test's own."""
    name = f"ledger-{next(LEDGER_NUMBERS)}"
    with Client(target, ledger=name) as client:
        client.create_ledger(name, currency_code="EUR", time_zone="Europe/Prague")
        yield client


def test_the_example_of_the_documentation_runs(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The example in the docstring and in `docs/client.md`, ten lines, prints two members of three."""
    example = (segmentd.client.__doc__ or "").split("```")[1].removeprefix("python\n")
    assert example in (Path(__file__).parents[2] / "docs" / "client.md").read_text("utf-8")
    assert len([line for line in example.splitlines() if line]) <= 10
    exec(compile(example.replace("localhost:50051", target), "example", "exec"), {})  # noqa: S102 - it is ours
    assert capsys.readouterr().out == "Count(members=2, unknown=0) [False  True  True]\n"


def test_a_ledger_is_created_read_changed_and_listed(target: str) -> None:
    """A ledger keeps what it was created with, but for what an update changes."""
    with Client(target, ledger="bank") as client:
        created = client.create_ledger("bank", currency_code="CZK", time_zone="Europe/Prague", display_name="Bank")
        assert (created.id, created.currency_code, created.time_zone) == ("bank", "CZK", "Europe/Prague")
        assert created.create_time.tzinfo is UTC
        updated = client.update_ledger(display_name="The Bank", etag=created.etag)
        assert (updated.display_name, updated.time_zone) == ("The Bank", "Europe/Prague")
        assert client.get_ledger() == updated
        assert {"bank", "main"} <= {found.id for found in client.list_ledgers(page_size=1)}


def test_the_population_is_described_by_its_ledger(client: Client) -> None:
    """Ledger main has the four customers of its file, and their columns as attributes."""
    assert client.get_ledger().customer_count == 4
    types = {found.id: found.type for found in client.list_attributes(page_size=1)}
    assert types["customer.income"] == DOUBLE
    assert types["customer.country"] == STRING


@pytest.mark.parametrize(
    "window",
    [
        Window(),
        Window(TrailingSeconds(60)),
        Window(TrailingDays(90), demand_coverage=True),
        Window(CompleteMonths(120)),
        Window(MonthToDate()),
        Window(Between(-1, 1_700_000_000_000_001)),
    ],
    ids=str,
)
def test_an_aggregate_comes_back_as_it_was_defined(ledger: Client, window: Window) -> None:
    """With its type, as a dataclass that equals the one given; an update by field replaces it whole."""
    aggregate = Aggregate(
        Source.TRANSACTIONS,
        Function.PERCENTILE,
        measure="amount",
        filter='transaction.category == "Příjem"',
        account_filter="account.external",
        window=window,
        percentile_hundredths=9_950,
        min_count=2,
        roles=("OWNER",),
    )
    created = ledger.create_attribute("customer.high", AttributeDefinition(aggregate=aggregate))
    assert (created.type, created.aggregate) == (EUROS, aggregate)
    assert ledger.get_attribute("customer.high") == created
    counted = Aggregate(Source.ENGAGEMENTS, Function.COUNT)
    updated = ledger.update_attribute("customer.high", AttributeDefinition(aggregate=counted), fields=("aggregate",))
    assert (updated.type, updated.aggregate) == (INT64, counted)
    [change] = ledger.apply_attributes({"customer.high": AttributeDefinition(aggregate=counted)})
    assert change.action is Action.UNCHANGED
    [change] = ledger.apply_attributes({"customer.high": AttributeDefinition(aggregate=aggregate)})
    assert (change.action, change.fields) == (Action.UPDATED, ("aggregate",))


def test_aggregates_are_applied_after_what_they_read(ledger: Client) -> None:
    """In whatever order they are given, and checked as far as they can be in a dry run."""
    definitions = {
        "customer.points": AttributeDefinition(
            aggregate=Aggregate(Source.TRANSACTIONS, Function.SUM, "points", filter="transaction.valid")
        ),
        "transaction.valid": AttributeDefinition(expression="transaction.points > 0"),
        "transaction.points": AttributeDefinition(INT64),
    }
    dry = ledger.apply_attributes(definitions, dry_run=True)
    assert [bool(change.waits_for) for change in dry] == [True, True, False]
    assert ledger.list_attributes() == ()
    assert {change.action for change in ledger.apply_attributes(definitions)} == {Action.CREATED}
    with pytest.raises(SegmentdCallError, match=r"attributes/customer\.points") as caught:
        ledger.delete_attribute("transaction.points")
    assert caught.value.reason == "ATTRIBUTE_IN_USE"


@pytest.mark.parametrize(
    ("data_type", "default"),
    [
        (DOUBLE, 1.5),
        (DOUBLE, 2),
        (INT64, -3),
        (EUROS, Decimal("12.34")),
        (STRING, "Žižkov"),
        (DATE, date(1969, 12, 31)),
        (TIMESTAMP, datetime(1994, 3, 31, 12, 0, 0, 1, tzinfo=UTC)),
        (DataType(Kind.BOOL), False),
    ],
    ids=str,
)
def test_defaults_come_back_as_they_were_given(client: Client, data_type: DataType, default: Value) -> None:
    """A required attribute's default survives the way to the server and back, in its own Python type."""
    definition = AttributeDefinition(data_type, required=True, default=default)
    created = client.create_attribute(f"customer.{data_type.kind.lower()}", definition, validate_only=True)
    assert created.default == default
    assert created.type == data_type


def test_an_attribute_is_created_read_changed_and_deleted(ledger: Client) -> None:
    """An attribute follows its definition, and is gone after its deletion."""
    created = ledger.create_attribute("customer.tier", AttributeDefinition(STRING, description="as sold"))
    assert (created.id, created.type, created.required, created.description) == (
        "customer.tier",
        STRING,
        False,
        "as sold",
    )
    changed = ledger.update_attribute("customer.tier", AttributeDefinition(display_name="Tier"), etag=created.etag)
    assert (changed.display_name, changed.description) == ("Tier", "as sold")
    assert ledger.get_attribute("customer.tier") == changed
    ledger.delete_attribute("customer.tier", etag=changed.etag)
    assert ledger.list_attributes() == ()


def test_a_segment_is_created_read_changed_and_deleted(client: Client) -> None:
    """A segment comes back as it was defined, is filtered by its labels, and is gone after its deletion."""
    created = client.create_segment("wealthy", WEALTHY)
    assert created.definition == WEALTHY
    assert client.get_segment("wealthy") == created
    assert [found.id for found in client.list_segments(filter='labels.team = "retail"')] == ["wealthy"]
    paused = client.update_segment("wealthy", SegmentDefinition("", active=False), fields=("active",))
    assert paused.definition.expression == WEALTHY.expression
    assert not paused.definition.active
    client.delete_segment("wealthy", etag=paused.etag)
    assert client.list_segments() == ()


def test_lists_go_on_to_the_last_page(ledger: Client) -> None:
    """Seven segments in pages of two are seven segments in order."""
    for number in range(7):
        ledger.create_segment(f"s{number}", SegmentDefinition("true"))
    assert [found.id for found in ledger.list_segments(page_size=2)] == [f"s{number}" for number in range(7)]


def test_an_expression_is_explained(client: Client) -> None:
    """A valid expression has a type and what it reads, a wrong one an issue with line, column and caret."""
    valid = client.check_expression("customer.income * 2.0")
    assert (valid.valid, valid.type, valid.attributes) == (True, DOUBLE, ("customer.income",))
    wrong = client.check_expression("customer.incom > 3.0")
    issue = wrong.issues[0]
    assert (wrong.valid, wrong.type, issue.error, issue.reason) == (False, None, True, "UNKNOWN_ATTRIBUTE")
    assert issue.snippet.splitlines()[0] == "customer.incom > 3.0"


def test_applying_creates_updates_and_leaves_alone(ledger: Client) -> None:
    """Definitions that refer to each other are applied in any order; a second time only the difference is."""
    ledger.apply_attributes({"customer.income": AttributeDefinition(DOUBLE)})
    first = {"a": SegmentDefinition('"b" in customer.segments'), "b": SegmentDefinition("customer.income > 1.0")}
    assert [change.action for change in ledger.apply_segments(first)] == [Action.CREATED, Action.CREATED]
    second = first | {"b": SegmentDefinition("customer.income > 2.0", display_name="B")}
    changes = {change.id: change for change in ledger.apply_segments(second)}
    assert changes["a"].action is Action.UNCHANGED
    assert (changes["b"].action, changes["b"].fields) == (Action.UPDATED, ("expression", "display_name"))
    assert ledger.get_segment("b").definition == second["b"]


def test_references_that_change_direction_are_applied(ledger: Client) -> None:
    """Turning a reference around is a cycle in one order and not in the other, and the other is found."""
    ledger.apply_segments({"a": SegmentDefinition('"b" in customer.segments'), "b": SegmentDefinition("true")})
    turned = {"b": SegmentDefinition('"a" in customer.segments'), "a": SegmentDefinition("true")}
    assert {change.action for change in ledger.apply_segments(turned)} == {Action.UPDATED}
    assert ledger.get_segment("b").definition == turned["b"]


def test_a_dry_run_stores_nothing(ledger: Client) -> None:
    """A dry run says what would happen, also where one definition needs another that is not stored."""
    wanted = {"a": SegmentDefinition('"b" in customer.segments'), "b": SegmentDefinition("true")}
    changes = {change.id: change for change in ledger.apply_segments(wanted, dry_run=True)}
    assert {change.action for change in changes.values()} == {Action.CREATED}
    assert "b" in changes["a"].waits_for
    assert changes["b"].waits_for == ""
    assert ledger.list_segments() == ()


def test_a_dry_run_refuses_a_mistyped_name(ledger: Client) -> None:
    """A name that is lacking is refused although the one it may be meant to be is about to change."""
    ledger.apply_attributes({"customer.income": AttributeDefinition(DOUBLE)})
    ledger.apply_segments({"wealthy": WEALTHY})
    changed = {"wealthy": SegmentDefinition("customer.income > 1.0")}
    with pytest.raises(SegmentdCallError) as caught:
        ledger.apply_segments(changed | {"a": SegmentDefinition('"welthy" in customer.segments')}, dry_run=True)
    assert (caught.value.reason, caught.value.metadata["nearest"]) == ("UNKNOWN_SEGMENT", "wealthy")
    mistyped = {"a": SegmentDefinition("customer.incom > 1.0")}
    with pytest.raises(SegmentdCallError) as caught:
        ledger.apply_segments(mistyped, dry_run=True, assumed=["customer.income"])
    assert (caught.value.reason, caught.value.metadata["nearest"]) == ("UNKNOWN_ATTRIBUTE", "customer.income")


def test_a_default_needs_a_type(ledger: Client) -> None:
    """A default without a type is refused before any call, also where it alone is to be updated."""
    ledger.create_attribute("customer.limit", AttributeDefinition(EUROS))
    with pytest.raises(ValueError, match="without a type"):
        ledger.create_attribute("customer.fee", AttributeDefinition(default=Decimal("2.50")))
    definition = AttributeDefinition(default=Decimal("2.50"))
    with pytest.raises(ValueError, match="without a type"):
        ledger.update_attribute("customer.limit", definition, fields=("default",))
    typed = AttributeDefinition(EUROS, default=Decimal("2.50"))
    assert ledger.update_attribute("customer.limit", typed, fields=("default",)).default == Decimal("2.50")


def test_a_wrong_definition_is_named_when_it_is_applied(ledger: Client) -> None:
    """The error of a definition that no order makes right says which one it is."""
    with pytest.raises(SegmentdCallError) as caught:
        ledger.apply_segments({"good": SegmentDefinition("true"), "bad": SegmentDefinition("customer.nothing == 1")})
    assert caught.value.reason == "UNKNOWN_ATTRIBUTE"
    assert caught.value.__notes__ == ["while applying bad"]


FRAMES = {
    "NumPy": {"income": np.array([1.0, math.nan, 5000.0]), "country": np.array(["DE", "CZ", "DE"])},
    "lists": {"income": [1.0, None, 5000.0], "country": ["DE", "CZ", "DE"]},
    "pandas": pd.DataFrame({"income": [1.0, None, 5000.0], "country": ["DE", "CZ", "DE"]}),
    "Polars": pl.DataFrame({"income": [1.0, None, 5000.0], "country": ["DE", "CZ", "DE"]}),
    "Arrow table": pa.table({"income": [1.0, None, 5000.0], "country": ["DE", "CZ", "DE"]}),
    "Arrow batch": pa.record_batch({"income": [1.0, None, 5000.0], "country": ["DE", "CZ", "DE"]}),
}


@pytest.mark.parametrize("form", ["planes", "bitmaps", "ids", "lists"])
@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_features_is_scored_in_every_form(ledger: Client, kind: str, form: str) -> None:
    """A row above the limit is in, one below is out; a missing income is unknown, a NaN in an array is out."""
    ledger.apply_attributes(
        {"customer.income": AttributeDefinition(DOUBLE), "customer.country": AttributeDefinition(STRING)}
    )
    ledger.apply_segments(
        {
            "rich": SegmentDefinition("customer.income > 3000.0 && customer.country == 'DE'"),
            "poor": SegmentDefinition("customer.income <= 3000.0"),
        }
    )
    answer = ledger.score(FRAMES[kind], segments=["rich", "poor"], form=form)
    unknown = 0 if kind == "NumPy" else 1
    assert answer.members("rich").tolist() == [False, False, True]
    assert answer.unknown("rich").tolist() == [False, False, False]
    assert answer.members("poor").tolist() == [True, False, False]
    assert answer.unknown("poor").tolist() == [False, bool(unknown), False]
    assert answer.counts == {"rich": Count(1, 0), "poor": Count(1, unknown)}


def test_all_types_travel_both_ways(ledger: Client) -> None:
    """Computed attributes give back the values of every type that was sent, missing and unknown told apart."""
    types = {
        "n": INT64,
        "d": DOUBLE,
        "m": EUROS,
        "s": STRING,
        "t": TIMESTAMP,
        "day": DATE,
        "tags": LIST,
        "b": DataType(Kind.BOOL),
    }
    ledger.apply_attributes({f"customer.{name}": AttributeDefinition(kind) for name, kind in types.items()})
    copies = {f"customer.{name}2": AttributeDefinition(expression=f"customer.{name}") for name in types}
    ledger.apply_attributes(copies | {"customer.third": AttributeDefinition(expression="3 / customer.n")})
    features = {
        "n": [0, 2],
        "d": [1.5, None],
        "m": [Decimal("12.34"), None],
        "s": ["ž", None],
        "t": [datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None],
        "day": [date(1970, 1, 3), None],
        "tags": [["x", "y"], None],
        "b": [True, None],
    }
    found = ledger.score(features, computed=[*(f"{name}2" for name in types), "third"]).computed
    assert {name: found[f"{name}2"].to_arrow().to_pylist() for name in types} == {
        "n": [0, 2],
        "d": [1.5, None],
        "m": [1234, None],
        "s": ["ž", None],
        "t": [1_000_000, None],
        "day": [2, None],
        "tags": [["x", "y"], []],
        "b": [True, None],
    }
    assert found["third"].unknown.tolist() == [True, False]
    assert found["third"].present.tolist() == [False, True]
    assert not found["s2"].unknown.any()


def test_residents_are_scored_by_id(client: Client) -> None:
    """Residents come by id, in the order asked; one that the ledger lacks is a missing row; benefits on request."""
    client.apply_segments({"wealthy": WEALTHY})
    answer = client.score(ids=["c3", "nobody", "c0"], form="ids", benefits=True)
    assert answer.member_ids("wealthy") == ["c3"]
    assert answer.missing_rows.tolist() == [1]
    assert answer.benefits == {"wealthy": WEALTHY.benefits}
    assert answer.basis.data_version > 0


def test_now_is_what_the_caller_says(ledger: Client) -> None:
    """`now` reaches the expression to the microsecond and comes back with the answer."""
    ledger.create_segment("late", SegmentDefinition("now >= timestamp('2020-01-01T00:00:00.000001Z')"))
    before, after = (datetime(2020, 1, 1, 0, 0, 0, microsecond, tzinfo=UTC) for microsecond in (0, 1))
    rows = {"x": [None]}
    assert ledger.score(rows, now=before).counts["late"].members == 0
    answer = ledger.score(rows, now=after)
    assert answer.counts["late"].members == 1
    assert answer.basis.now == after


@pytest.mark.parametrize("now", [date(2026, 1, 1), "2026-01-01", 1_767_225_600])
def test_now_is_a_datetime(ledger: Client, now: Any) -> None:
    """What is none is refused by its value, before anything is sent."""
    with pytest.raises(TypeError, match=re.escape(f"{now!r} is no datetime; give one with a time zone")):
        ledger.score({"age": [1]}, now=now)


def test_a_wrong_field_is_told_once(client: Client) -> None:
    """Where the message has said what is wrong with a field, its text does not say so again."""
    with pytest.raises(SegmentdCallError, match="there is no segment 'nobody' here") as refused:
        client.score(ids=["c1"], segments=["nobody"])
    assert len(refused.value.fields) == 1
    assert str(refused.value).count("there is no segment") == 1


def test_a_stream_answers_in_order_and_goes_on_after_a_bad_batch(ledger: Client) -> None:
    """Each batch has its answer at its place; the one with a wrong column is an error that is not raised."""
    ledger.apply_attributes({"customer.income": AttributeDefinition(DOUBLE)})
    ledger.apply_segments({"rich": SegmentDefinition("customer.income > 3000.0")})
    batches = [{"income": [5000.0] * rows} if rows != 3 else {"incom": [1.0]} for rows in range(1, 6)]
    answers = list(ledger.stream_scores(batches, form="counts"))
    errors = [answer for answer in answers if isinstance(answer, SegmentdCallError)]
    assert [None if isinstance(answer, SegmentdCallError) else answer.counts["rich"].members for answer in answers] == [
        1,
        2,
        None,
        4,
        5,
    ]
    assert [error.reason for error in errors] == ["UNKNOWN_ATTRIBUTE"]


def test_what_fails_while_batches_are_made_reaches_the_caller(ledger: Client) -> None:
    """An exception of the iterable, or a column that cannot be encoded, is raised after the answers before it."""

    def batches() -> Iterator[dict[str, list[object]]]:
        yield {"x": [None]}
        raise ZeroDivisionError

    answers = ledger.stream_scores(batches())
    next(answers)
    with pytest.raises(ZeroDivisionError):
        next(answers)
    with pytest.raises(TypeError, match="column 'x'"):
        list(ledger.stream_scores([{"x": [b"bytes"]}]))


@pytest.mark.parametrize("form", ["planes", "bitmaps"])
def test_the_population_is_evaluated(client: Client, form: str) -> None:
    """All pages together are the whole population, as bits, rows, a table and counts."""
    client.apply_segments({"wealthy": WEALTHY})
    result = client.evaluate(segments=["wealthy"], form=form)
    assert result.rows == 4
    assert result.counts == {"wealthy": Count(2, 1)}
    assert result.members("wealthy").tolist() == [False, True, False, True]
    assert result.unknown("wealthy").tolist() == [False, False, True, False]
    assert result.member_rows("wealthy").tolist() == [1, 3]
    assert result.to_arrow()["wealthy"].to_pylist() == [False, True, None, True]


def test_ids_and_counts_of_the_population(client: Client) -> None:
    """In the form ids members are named, in the form counts there are only totals."""
    client.apply_segments({"wealthy": WEALTHY})
    assert client.evaluate(segments=["wealthy"], form="ids").member_ids("wealthy") == ["c1", "c3"]
    counted = client.evaluate(segments=["wealthy"])
    assert counted.pages == ()
    assert counted.to_arrow().to_pylist() == [{"segment": "wealthy", "members": 2, "unknown": 1}]


@pytest.mark.parametrize(
    "read",
    [
        "members",
        "unknown",
        "member_rows",
        "unknown_rows",
        "member_ids",
        "unknown_ids",
        "member_id_array",
        "member_bitmap",
    ],
)
def test_totals_do_not_pass_for_an_empty_segment(client: Client, read: str) -> None:
    """Who is a member cannot be read from counts: evaluated or scored, that is a FormError, and no empty answer."""
    client.apply_segments({"wealthy": WEALTHY})
    for counted in (client.evaluate(), client.score({"income": [1.0]}, form="counts")):
        with pytest.raises(FormError, match="ask for the form"):
            getattr(counted, read)("wealthy")
        with pytest.raises(KeyError, match="'welthy' was not asked for"):
            getattr(counted, read)("welthy")


def test_unknowns_of_the_population_are_named(client: Client) -> None:
    """Those for whom a segment is unknown are rows or ids, and members a bitmap."""
    client.apply_segments({"wealthy": WEALTHY})
    by_row, by_id = (client.evaluate(segments=["wealthy"], form=form) for form in ("bitmaps", "ids"))
    assert by_row.unknown_rows("wealthy").tolist() == [2]
    assert list(by_row.member_bitmap("wealthy")) == [1, 3]
    assert by_id.unknown_ids("wealthy") == ["c2"]


def test_a_score_is_read_without_its_memberships(client: Client) -> None:
    """Rows, ids and bitmaps of both verdicts can be asked of the answer itself."""
    client.apply_segments({"wealthy": WEALTHY})
    by_row = client.score({"income": [1.0, 5_000.0, None]}, segments=["wealthy"])
    assert by_row.member_rows("wealthy").tolist() == [1]
    assert by_row.unknown_rows("wealthy").tolist() == [2]
    assert list(by_row.member_bitmap("wealthy")) == [1]
    assert client.score(ids=["c2"], form="ids").unknown_ids("wealthy") == ["c2"]


def test_pages_tell_how_far_they_are(client: Client) -> None:
    """Pages come with progress up to the last row, the basis with the first and the totals with the last."""
    client.apply_segments({"wealthy": WEALTHY})
    pages = list(client.evaluate_pages(segments=["wealthy"], form="planes", rows=range(1, 4)))
    assert pages[0].basis is not None
    assert pages[-1].totals == {"wealthy": Count(2, 1)}
    assert (pages[-1].rows_done, pages[-1].rows_total) == (3, 3)


def test_a_refusal_has_reason_metadata_and_field(client: Client) -> None:
    """An unknown segment is INVALID_ARGUMENT with its reason, its name and the field that has it."""
    with pytest.raises(SegmentdCallError) as caught:
        client.score({"income": [1.0]}, segments=["wealty"])
    assert (caught.value.status, caught.value.reason) == ("INVALID_ARGUMENT", "UNKNOWN_SEGMENT")
    assert caught.value.metadata["segment"] == "wealty"
    assert [violation.field for violation in caught.value.fields] == ["segments[0]"]


def test_an_overloaded_server_is_told_from_one_that_is_not_there() -> None:
    """Both are UNAVAILABLE; of a server that answers nobody is told to start one, but to call again."""
    overloaded = SegmentdCallError("UNAVAILABLE", "64 calls are waiting already", reason="OVERLOADED")
    assert "pause" in overloaded.advice
    assert "segmentd serve" not in str(overloaded)


def test_nobody_at_the_address_says_how_to_start_a_server() -> None:
    """A port where nothing listens is a ServerUnreachableError that names it and what to do."""
    with Client("127.0.0.1:1") as client, pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1:1") as caught:
        client.get_ledger()
    assert "segmentd serve" in str(caught.value)


def test_a_deadline_is_told_from_a_refusal() -> None:
    """A call to somebody who never answers ends with DEADLINE_EXCEEDED and advice once its time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target, timeouts = f"127.0.0.1:{silent.getsockname()[1]}", Timeouts(unary_s=0.2)
        with Client(target, timeouts=timeouts) as client, pytest.raises(SegmentdCallError) as caught:
            client.list_segments()
    assert caught.value.status == "DEADLINE_EXCEEDED"
    assert "timeout" in str(caught.value)


def test_either_features_or_ids(client: Client) -> None:
    """Giving both, or neither, is refused before anything is sent."""
    for arguments in ({}, {"features": {"x": [1]}, "ids": ["c1"]}):
        with pytest.raises(ValueError, match="either features or ids"):
            client.score(**arguments)  # type: ignore[arg-type]
