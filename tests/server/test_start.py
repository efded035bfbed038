"""What a server is started with: definitions, a population read with their types, and terms that have to agree."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.api.v1 import membership_pb2 as membership
from segmentd.api.v1 import scoring_service_pb2 as scoring
from segmentd.api.v1 import segment_service_pb2 as segments
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from segmentd.server.logs import LOGGER, JsonFormatter
from tests.server.api import Api
from tests.server.bank import MAIN

SHEET = """
time_zone: Europe/Prague
currency: CZK
id_column: client
attributes:
  - {id: balance, type: "DECIMAL(2, CZK)"}
  - {id: age}
  - {id: tier, expression: "customer.balance >= 100.10 ? 'gold' : 'basic'"}
  - {id: isNew, type: BOOL}
  - {id: turnover, subject: ACCOUNT, type: "DECIMAL(2)"}
segments:
  - id: rich_adults
    expression: '"rich" in customer.segments && customer.age >= 18'
  - id: rich
    display_name: Rich
    expression: customer.balance >= 100.10 && customer.tier == "gold"
    labels: {team: retail}
"""

AGGREGATED = """
  - id: low
    aggregate: {source: balances, function: months_below, threshold: 500.50, window: {complete_months: 3}}
  - id: points
    aggregate: {source: transactions, function: sum, measure: points, account_filter: account.turnover > 1.00}
  - {id: points, subject: TRANSACTION, type: INT64}
"""

CSV = "client,balance,age,City name\na,100.10,30,Brno\nb,100.09,40,Praha\nc,90071992547409.93,7,Brno\n"


@contextmanager
def served(directory: Path, **settings: Any) -> Iterator[Api]:
    """A server in the directory."""
    config = ServerConfig(data_dir=directory / "data", port=0, threads=1, drain_s=1.0, **settings)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


def written(path: Path, text: str) -> Path:
    """The path, with this text in it."""
    path.write_text(text, encoding="utf-8")
    return path


def main_ledger(api: Api) -> ledgers.Ledger:
    """Ledger `main`."""
    found: ledgers.Ledger = api.call("GetLedger", ledgers.GetLedgerRequest(name=MAIN))
    return found


def types(api: Api) -> dict[str, str]:
    """The types of all attributes of `main`."""
    listed = api.call("ListAttributes", attributes.ListAttributesRequest(parent=MAIN)).attributes
    prefix = f"{MAIN}/attributes/"
    kinds = {each.name.removeprefix(prefix): attributes.AttributeType.Name(each.type) for each in listed}
    return {name: kind.removeprefix("ATTRIBUTE_TYPE_") for name, kind in kinds.items()}


def counts(api: Api) -> dict[str, int]:
    """The members of every segment among the residents."""
    request = scoring.EvaluateSegmentsRequest(parent=MAIN, form=membership.MEMBERSHIP_FORM_COUNTS)
    last = api.call("EvaluateSegments", request)[-1]
    return {each.segment.rpartition("/")[2]: each.member_count for each in last.totals}


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """The definitions as a file."""
    return written(tmp_path / "segments.yaml", SHEET)


def test_money_in_csv_is_read_with_the_types_of_the_definitions(tmp_path: Path, sheet: Path) -> None:
    """Amounts in text are exact to the cent; attributes without a type take their columns' types."""
    population = written(tmp_path / "customers.csv", CSV)
    with served(tmp_path, population=population, definitions=sheet) as api:
        ledger = main_ledger(api)
        assert (ledger.currency_code, ledger.time_zone, ledger.customer_count) == ("CZK", "Europe/Prague", 3)
        assert types(api) == {
            "account.turnover": "DECIMAL",
            "customer.age": "INT64",
            "customer.balance": "DECIMAL",
            "customer.cityName": "STRING",
            "customer.isNew": "BOOL",
            "customer.tier": "STRING",
        }
        assert counts(api) == {"rich": 2, "rich_adults": 1}


def test_aggregated_attributes_of_the_definitions_are_stored(tmp_path: Path, sheet: Path) -> None:
    """With thresholds in the ledger's currency; a restart with the same file changes nothing, an edit what it says."""
    text = SHEET.replace("{id: age}", "{id: age, type: INT64}").replace("segments:\n", AGGREGATED + "segments:\n", 1)
    written(sheet, text)
    with served(tmp_path, definitions=sheet) as api:
        before = main_ledger(api)
        assert types(api)["customer.low"] == types(api)["customer.points"] == "INT64"
        request = attributes.GetAttributeRequest(name=f"{MAIN}/attributes/customer.low")
        assert api.call("GetAttribute", request).aggregate.threshold_minor == 50_050
    with served(tmp_path, definitions=sheet) as api:
        assert main_ledger(api).catalogue_version == before.catalogue_version
    written(sheet, text.replace("500.50", "600").replace("function: sum", "function: average"))
    with (
        pytest.raises(SegmentdError, match=r"its type is DOUBLE here, and INT64 in ledger 'main'"),
        served(tmp_path, definitions=sheet),
    ):
        pass
    written(sheet, text.replace("500.50", "600"))
    with served(tmp_path, definitions=sheet) as api:
        assert api.call("GetAttribute", request).aggregate.threshold_minor == 60_000
        assert main_ledger(api).catalogue_version == before.catalogue_version + 1


def test_money_in_doubles_is_read_as_decimals(tmp_path: Path, sheet: Path) -> None:
    """Doubles of Parquet that are amounts become DECIMAL, which could not be said once the population was loaded."""
    table = pa.table({"client": ["a", "b", "c"], "balance": [100.10, 100.09, None], "age": [30, 40, 50]})
    pq.write_table(table, tmp_path / "customers.parquet")
    with served(tmp_path, population=tmp_path / "customers.parquet", definitions=sheet) as api:
        assert types(api)["customer.balance"] == "DECIMAL"
        assert counts(api) == {"rich": 1, "rich_adults": 1}


def test_another_type_for_residents_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Without definitions money in text is DOUBLE, and the refusal to change it names the option that helps."""
    with served(tmp_path, population=written(tmp_path / "customers.csv", CSV), id_column="client") as api:
        assert types(api)["customer.balance"] == "DOUBLE"
        money = attributes.Attribute(
            name=f"{MAIN}/attributes/customer.balance",
            type=attributes.ATTRIBUTE_TYPE_DECIMAL,
            decimal=attributes.DecimalFormat(scale=2),
        )
        refusal = api.refusal("UpdateAttribute", attributes.UpdateAttributeRequest(attribute=money))
    assert refusal.reason == "ATTRIBUTE_IN_USE"
    assert "start the server with --definitions" in refusal.message


def test_a_restart_with_the_same_definitions_changes_nothing(tmp_path: Path, sheet: Path) -> None:
    """Neither the catalogue version nor an etag is another, with or without the population."""
    population = written(tmp_path / "customers.csv", CSV)
    found = []
    for settings in ({"population": population}, {"population": population}, {}):
        with served(tmp_path, definitions=sheet, **settings) as api:
            ledger = main_ledger(api)
            listed = api.call("ListSegments", segments.ListSegmentsRequest(parent=MAIN)).segments
            found.append((ledger.catalogue_version, ledger.etag, [each.etag for each in listed]))
    assert found[0] == found[1] == found[2]


def test_only_what_the_file_names_is_updated(tmp_path: Path, sheet: Path) -> None:
    """A segment that others created stays; one that the file changed is changed."""
    with served(
        tmp_path, definitions=written(tmp_path / "first.yaml", SHEET.replace("{id: age}", "{id: age, type: INT64}"))
    ) as api:
        own = segments.Segment(expression="customer.isNew")
        api.call("CreateSegment", segments.CreateSegmentRequest(parent=MAIN, segment_id="own", segment=own))
    sheet.write_text(SHEET.replace("display_name: Rich", "display_name: Very rich").replace("'basic'", "'none'"))
    with served(tmp_path, definitions=sheet) as api:
        listed = api.call("ListSegments", segments.ListSegmentsRequest(parent=MAIN)).segments
        assert [(each.name.rpartition("/")[2], each.display_name) for each in listed] == [
            ("own", ""),
            ("rich", "Very rich"),
            ("rich_adults", ""),
        ]
        tier = api.call("GetAttribute", attributes.GetAttributeRequest(name=f"{MAIN}/attributes/customer.tier"))
        assert "'none'" in tier.expression


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("{id: age}", "{id: age, type: STRING}", 7, "STRING here, and INT64"),
        ("'basic'", "0", 8, "attributes/customer.tier"),
        ("customer.age >= 18", "customer.agee >= 18", 12, "did you mean 'age'"),
        ("{id: isNew, type: BOOL}", "{id: isNew, type: BOOL, nullable: false}", 9, "default_value"),
        ("time_zone: Europe/Prague", "time_zone: Europe/Prag", 2, "Europe/Prague"),
    ],
)
def test_definitions_that_do_not_fit_name_file_line_and_entry(
    tmp_path: Path, sheet: Path, before: str, after: str, line: int, message: str
) -> None:
    """Neither a stored attribute of another type nor an expression that does not compile changes anything."""
    population = written(tmp_path / "customers.csv", CSV)
    with served(tmp_path, population=population, definitions=sheet) as api:
        version = main_ledger(api).catalogue_version
    assert before in SHEET
    sheet.write_text(SHEET.replace(before, after))
    with pytest.raises(SegmentdError, match=message) as refused, served(tmp_path, definitions=sheet):
        pass
    assert f"{sheet}:{line}: " in refused.value.message
    with served(tmp_path) as api:
        assert main_ledger(api).catalogue_version == version


@pytest.mark.parametrize("wrong", ["customer.nothing >= 18", "customer.age >="])
def test_a_failed_start_creates_nothing(tmp_path: Path, sheet: Path, wrong: str) -> None:
    """Definitions that do not compile leave no ledger behind, and neither does a population that cannot be read."""
    good = written(tmp_path / "customers.csv", CSV)
    bad = written(tmp_path / "bad.csv", CSV.replace("100.09", "100.095"))
    with pytest.raises(SegmentdError, match="balance"), served(tmp_path, definitions=sheet, population=bad):
        pass
    sheet.write_text(SHEET.replace("customer.age >= 18", wrong))
    with pytest.raises(SegmentdError, match="rich_adults"), served(tmp_path, definitions=sheet, population=good):
        pass
    with pytest.raises(SegmentdError, match="customer_id"), served(tmp_path, population=good):
        pass
    with served(tmp_path) as api:
        assert not api.call("ListLedgers", ledgers.ListLedgersRequest()).ledgers


@pytest.mark.parametrize(("setting", "same", "other"), [("currency", "CZK", "USD"), ("time_zone", "Asia/Tokyo", "UTC")])
def test_terms_that_differ_from_the_stored_ledger_are_refused(
    tmp_path: Path, setting: str, same: str, other: str
) -> None:
    """A currency or zone that is given has to be the ledger's; one that is not given is."""
    population = written(tmp_path / "customers.csv", CSV)
    terms = {"currency": "CZK", "time_zone": "Asia/Tokyo"}
    with served(tmp_path, population=population, id_column="client", **terms):
        pass
    for settings in ({}, {setting: same}):
        with served(tmp_path, population=population, id_column="client", **settings) as api:
            ledger = main_ledger(api)
            assert (ledger.currency_code, ledger.time_zone) == ("CZK", "Asia/Tokyo")
    wrong = served(tmp_path, **{setting: other})
    with pytest.raises(SegmentdError, match=f"{setting} is '{other}'.*'{same}'") as refused, wrong:
        pass
    assert refused.value.reason is ErrorReason.INVALID_FIELD


def test_options_win_over_the_definitions(tmp_path: Path, sheet: Path) -> None:
    """A currency that is given is the ledger's, whatever the file says."""
    sheet.write_text(SHEET.replace("{id: age}", "{id: age, type: INT64}").replace("(2, CZK)", "(2)"))
    with served(tmp_path, definitions=sheet, currency="USD", time_zone="UTC") as api:
        assert (main_ledger(api).currency_code, main_ledger(api).time_zone) == ("USD", "UTC")


def test_columns_that_are_renamed_or_left_out_are_logged(tmp_path: Path) -> None:
    """One event has the columns that are used under another id, and those that are not used, with the reason."""
    text = CSV.replace("City name", "in").replace("age", "Größe")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    LOGGER.addHandler(handler)
    try:
        with served(tmp_path, population=written(tmp_path / "customers.csv", text), id_column="client") as api:
            assert types(api) == {"customer.balance": "DOUBLE", "customer.grosse": "INT64"}
    finally:
        LOGGER.removeHandler(handler)
    (event,) = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["event"] == "columns"]
    assert event["level"] == "warning"
    assert event["renamed"] == {"Größe": "grosse"}
    assert event["left_out"] == {"in": "'in' is a keyword of CEL"}
