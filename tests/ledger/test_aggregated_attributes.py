"""Aggregated attributes through AttributeService: what can be defined, of which type, and what depends on what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from segmentd.api.v1 import aggregate_pb2 as agg
from segmentd.api.v1 import attribute_service_pb2 as pb
from segmentd.errors import ErrorReason, Status
from segmentd.facts.kinds import FIELDS, RecordKind, record_schema
from segmentd.ledger.aggregates import Aggregate, CompleteMonths, Function, Source, TrailingDays, Window
from segmentd.schema import INT64, Subject
from tests.segments.assembly import MAIN, Assembly, assembled, call, fields_of, refusal

EUROS = ("DECIMAL", 2, "EUR")
MONTHS = {"complete_months": 12}


def aggregate(source: str = "TRANSACTIONS", function: str = "COUNT", **fields: Any) -> agg.Aggregate:
    """The message of an aggregate."""
    return agg.Aggregate(
        source=agg.AggregateSource.Value(f"AGGREGATE_SOURCE_{source}"),
        function=agg.AggregateFunction.Value(f"AGGREGATE_FUNCTION_{function}"),
        **fields,
    )


async def add(services: Assembly, attribute_id: str = "customer.x", /, **fields: Any) -> pb.Attribute:
    """Create an aggregated attribute; fields that are an attribute's are taken out of the aggregate's."""
    own = {name: fields.pop(name) for name in ("type", "decimal", "required", "expression") if name in fields}
    return await services.add_attribute(attribute_id, **{"type": 0, **own}, aggregate=aggregate(**fields))


async def get(services: Assembly, attribute_id: str) -> pb.Attribute:
    """Get an attribute of ledger `main`."""
    request = pb.GetAttributeRequest(name=f"{MAIN}/attributes/{attribute_id}")
    return await call(services.attributes.GetAttribute, request)


def type_of(attribute: pb.Attribute) -> tuple[str, int, str]:
    """Type, scale and currency."""
    name = pb.AttributeType.Name(attribute.type).removeprefix("ATTRIBUTE_TYPE_")
    return name, attribute.decimal.scale, attribute.decimal.currency_code


async def test_an_aggregate_comes_back_as_it_was_given(services: Assembly, tmp_path: Path) -> None:
    """From Create, Get and List, and after a restart, whatever the window."""
    await services.add_ledger()
    windows: list[dict[str, Any]] = [
        {"trailing_seconds": 86_400},
        {"trailing_days": 90},
        {"complete_months": 12, "demand_coverage": True},
        {"month_to_date": True},
        {"between": agg.TimeRange(start_time=Timestamp(seconds=-1, nanos=1_000), end_time=Timestamp(seconds=2))},
    ]
    given = [
        aggregate(
            function="PERCENTILE",
            measure="amount",
            window=window,
            filter='transaction.category == "INCOME"',
            account_filter='account.kind == "CHECKING"',
            roles=["OWNER", "JOINT"],
            percentile_hundredths=9_500,
            min_count=3,
        )
        for window in windows
    ]
    given += [aggregate("ACCOUNTS", "MAX", measure="balance"), aggregate("ENGAGEMENTS", "DAYS_SINCE")]
    given += [aggregate("BALANCES", "MONTHS_BELOW", threshold_minor=-1, window=MONTHS)]
    for index, message in enumerate(given):
        created = await services.add_attribute(f"customer.a{index}", type=0, aggregate=message)
        assert created.aggregate == message
    assert [(await get(services, f"customer.a{index}")).aggregate for index in range(len(given))] == given
    services.close()
    with assembled(tmp_path) as again:
        request = pb.ListAttributesRequest(parent=MAIN)
        page = await call(again.attributes.ListAttributes, request)
        assert [each.aggregate for each in page.attributes] == given


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"function": "COUNT"}, ("INT64", 0, "")),
        ({"function": "SUM", "measure": "amount"}, EUROS),
        ({"function": "SUM", "measure": "points"}, ("INT64", 0, "")),
        ({"function": "SUM", "measure": "weight"}, ("DOUBLE", 0, "")),
        ({"function": "MIN", "measure": "booking_time"}, ("TIMESTAMP", 0, "")),
        ({"source": "ACCOUNTS", "function": "MIN", "measure": "opened"}, ("DATE", 0, "")),
        ({"function": "MAX", "measure": "weight"}, ("DOUBLE", 0, "")),
        ({"function": "AVERAGE", "measure": "amount"}, EUROS),
        ({"function": "AVERAGE", "measure": "points"}, ("DOUBLE", 0, "")),
        ({"function": "MEDIAN", "measure": "fee"}, ("DECIMAL", 3, "")),
        ({"function": "MEDIAN", "measure": "points"}, ("DOUBLE", 0, "")),
        ({"function": "STANDARD_DEVIATION", "measure": "amount"}, ("DOUBLE", 0, "")),
        ({"function": "PERCENTILE", "measure": "points", "percentile_hundredths": 10_000}, ("INT64", 0, "")),
        ({"function": "DISTINCT_COUNT", "measure": "category"}, ("INT64", 0, "")),
        ({"function": "FIRST", "measure": "category"}, ("STRING", 0, "")),
        ({"function": "LAST", "measure": "urgent"}, ("BOOL", 0, "")),
        ({"source": "ENGAGEMENTS", "function": "DAYS_SINCE"}, ("INT64", 0, "")),
        ({"source": "BALANCES", "function": "AVERAGE_DAILY_BALANCE"}, EUROS),
        ({"function": "MONTHS_BELOW", "window": MONTHS}, ("INT64", 0, "")),
        ({"function": "TREND", "measure": "amount", "window": MONTHS}, ("DOUBLE", 0, "")),
        ({"function": "RECURRING", "measure": "amount", "window": MONTHS}, EUROS),
    ],
)
async def test_the_type_follows_from_function_and_measure(
    services: Assembly, fields: dict[str, Any], expected: tuple[str, int, str]
) -> None:
    """Left out it is taken, said right it is accepted, and said wrong it is refused."""
    await services.add_ledger()
    await services.add_attribute("transaction.points")
    await services.add_attribute("transaction.weight", type="ATTRIBUTE_TYPE_DOUBLE")
    await services.add_attribute("transaction.urgent", type="ATTRIBUTE_TYPE_BOOL")
    await services.add_attribute("transaction.fee", type="ATTRIBUTE_TYPE_DECIMAL", decimal=pb.DecimalFormat(scale=3))
    created = await add(services, **fields)
    assert type_of(created) == expected
    again = (
        await add(services, "customer.again", type=created.type, decimal=created.decimal, **fields)
        if (created.HasField("decimal"))
        else await add(services, "customer.again", type=created.type, **fields)
    )
    assert type_of(again) == expected
    error = await refusal(add(services, "customer.wrong", type="ATTRIBUTE_TYPE_STRING_LIST", **fields))
    assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_FIELD, ["attribute.type"])


@pytest.mark.parametrize(
    "fields",
    [
        {"window": {"trailing_seconds": 1}},
        {"window": {"trailing_seconds": 3_153_600_000}},
        {"window": {"trailing_days": 1}},
        {"window": {"trailing_days": 36_500}},
        {"window": {"complete_months": 1}},
        {"window": {"complete_months": 120, "demand_coverage": True}},
        {"function": "TREND", "measure": "amount", "window": {"complete_months": 2}},
        {"function": "RECURRING", "measure": "amount", "window": {"complete_months": 1}},
        {"function": "PERCENTILE", "measure": "amount", "percentile_hundredths": 0},
        {"function": "MONTHS_BELOW", "window": {"complete_months": 1}, "threshold_minor": -(2**63)},
        {"min_count": 1_000_000, "roles": [f"{role:064}" for role in range(16)]},
        {"source": "ACCOUNTS", "roles": ["OWNER"], "filter": "account.external", "account_filter": "account.external"},
        {"source": "ACCOUNTS", "function": "LAST", "measure": "kind"},
    ],
)
async def test_what_is_at_a_bound_is_allowed(services: Assembly, fields: dict[str, Any]) -> None:
    """The wrong request beyond it is in the table of the server's tests."""
    await services.add_ledger()
    assert (await add(services, **fields)).HasField("aggregate")


async def test_amounts_are_of_the_ledgers_currency(services: Assembly) -> None:
    """A ledger in yen has aggregates without digits after the point."""
    await services.add_ledger(currency_code="JPY")
    assert type_of(await add(services, function="AVERAGE_DAILY_BALANCE")) == ("DECIMAL", 0, "JPY")


async def test_aggregates_are_compiled_in_the_vocabulary(services: Assembly) -> None:
    """With definition, type and filters; what an unrelated change leaves as it is stays the same object."""
    await services.add_ledger()
    await services.add_attribute("transaction.points")
    await services.add_attribute("transaction.many", expression="transaction.points > 10")
    await add(services, window={"trailing_days": 7}, filter="transaction.many", account_filter="account.external")
    compiled = services.catalogue().vocabulary.terms[Subject.CUSTOMER].aggregated["x"]
    assert compiled.definition == Aggregate(
        Source.TRANSACTIONS,
        Function.COUNT,
        filter="transaction.many",
        account_filter="account.external",
        window=Window(TrailingDays(7)),
    )
    assert compiled.type == INT64
    assert compiled.filter is not None
    assert compiled.filter.given == {"points"}
    assert compiled.account_filter is not None
    assert compiled.account_filter.given == {"external"}
    assert compiled.reads == {Subject.TRANSACTION: {"many"}, Subject.ACCOUNT: {"external"}}
    await services.add_attribute("transaction.other")
    await services.add_attribute("customer.other")
    assert services.catalogue().vocabulary.terms[Subject.CUSTOMER].aggregated["x"] is compiled
    await services.update_attribute("transaction.many", "expression", expression="transaction.points > 20")
    renewed = services.catalogue().vocabulary.terms[Subject.CUSTOMER].aggregated["x"]
    assert renewed is not compiled
    assert renewed.definition == compiled.definition


async def test_expressions_and_segments_read_aggregated_attributes(services: Assembly) -> None:
    """As any column; and then they cannot be deleted."""
    await services.add_ledger()
    await add(services, "customer.income", function="SUM", measure="amount", window=MONTHS)
    await services.add_attribute("customer.rich", expression="customer.income > 50000.00")
    await services.add_segment("rich", "customer.rich && customer.income < 90000.00")
    error = await refusal(services.delete_attribute("customer.income"))
    assert error.metadata["used_by"] == "segments/rich, attributes/customer.rich"
    spec = services.catalogue().schemas[Subject.CUSTOMER].get("income")
    assert spec is not None
    assert (spec.aggregated, spec.required, spec.expression) == (True, False, None)


async def test_what_an_aggregate_reads_cannot_be_deleted_or_retyped(services: Assembly) -> None:
    """Across subjects: the error names every aggregate of customers and accounts that reads it."""
    await services.add_ledger()
    await services.add_attribute("transaction.points")
    await services.add_attribute("account.tier", type="ATTRIBUTE_TYPE_STRING")
    await add(services, "customer.total", function="SUM", measure="points", account_filter='account.tier == "A"')
    await add(services, "account.many", filter="transaction.points > 3")
    users = {"transaction.points": "attributes/account.many, attributes/customer.total"}
    users["account.tier"] = "attributes/customer.total"
    for attribute_id, named in users.items():
        for answer in (
            services.delete_attribute(attribute_id),
            services.update_attribute(attribute_id, "type", type="ATTRIBUTE_TYPE_DATE"),
        ):
            error = await refusal(answer)
            assert (error.reason, error.status) == (ErrorReason.ATTRIBUTE_IN_USE, Status.FAILED_PRECONDITION)
            assert error.metadata == {"attribute": attribute_id, "used_by": named}
    await services.delete_attribute("customer.total")
    await services.delete_attribute("account.tier")


async def test_what_an_aggregate_reads_cannot_become_what_it_may_not_read(services: Assembly) -> None:
    """A measure stays given, and an account's attribute in a filter is not aggregated."""
    await services.add_ledger()
    await services.add_attribute("transaction.points")
    await services.add_attribute("account.movements")
    await add(services, function="SUM", measure="points", account_filter="account.movements > 3")
    error = await refusal(services.update_attribute("transaction.points", "expression", expression="1"))
    assert (error.reason, error.metadata["used_by"]) == (ErrorReason.ATTRIBUTE_IN_USE, "attributes/customer.x")
    change = services.update_attribute("account.movements", "aggregate", aggregate=aggregate())
    error = await refusal(change)
    assert (error.reason, error.metadata["used_by"]) == (ErrorReason.ATTRIBUTE_IN_USE, "attributes/customer.x")


async def test_records_do_not_have_values_of_aggregated_attributes(services: Assembly) -> None:
    """They are no fields of customers and accounts as these are written, where given attributes are."""
    await services.add_ledger()
    for subject, kind in (("customer", RecordKind.CUSTOMER), ("account", RecordKind.ACCOUNT)):
        await add(services, f"{subject}.moves")
        await services.add_attribute(f"{subject}.given")
        await services.add_attribute(f"{subject}.computed", expression="1")
        fields = {spec.id for spec in record_schema(kind, services.catalogue().vocabulary)}
        assert fields - set(FIELDS[kind]) == {"given"}


async def test_a_definition_is_replaced_by_an_update(services: Assembly) -> None:
    """Its type follows, unless something uses the attribute; an empty one makes it a given attribute."""
    await services.add_ledger()
    await add(services, function="SUM", measure="amount")
    narrower = aggregate(function="SUM", measure="amount", window={"trailing_days": 30})
    updated = await services.update_attribute("customer.x", aggregate=narrower)
    assert updated.aggregate == narrower
    assert type_of(updated) == EUROS
    counted = await services.update_attribute("customer.x", "aggregate", aggregate=aggregate())
    assert type_of(counted) == ("INT64", 0, "")
    await services.add_segment("many", "customer.x > 3")
    error = await refusal(services.update_attribute("customer.x", "aggregate", aggregate=narrower))
    assert (error.reason, error.metadata["used_by"]) == (ErrorReason.ATTRIBUTE_IN_USE, "segments/many")
    given = await services.update_attribute("customer.x", "aggregate")
    assert not given.HasField("aggregate")
    assert type_of(given) == ("INT64", 0, "")
    assert services.catalogue().vocabulary.terms[Subject.CUSTOMER].aggregated == {}


async def test_an_unchanged_definition_is_no_change(services: Assembly) -> None:
    """The etag and the catalogue version stay."""
    await services.add_ledger()
    created = await add(services, window=MONTHS)
    version = services.catalogue().version
    again = await services.update_attribute("customer.x", "aggregate", aggregate=aggregate(window=MONTHS))
    assert (again.etag, services.catalogue().version) == (created.etag, version)
    compiled = services.catalogue().vocabulary.terms[Subject.CUSTOMER].aggregated["x"]
    assert compiled.definition.window == Window(CompleteMonths(12))


async def test_an_attribute_is_one_of_given_computed_and_aggregated(services: Assembly) -> None:
    """Expression, default and `required` are refused beside an aggregate, at creation and in updates."""
    await services.add_ledger()
    error = await refusal(add(services, expression="1"))
    assert fields_of(error) == ["attribute.expression"]
    error = await refusal(add(services, required=True))
    assert fields_of(error) == ["attribute.required"]
    await services.add_attribute("customer.computed", expression="1")
    error = await refusal(services.update_attribute("customer.computed", "aggregate", aggregate=aggregate()))
    assert fields_of(error) == ["attribute.expression"]
    await add(services)
    default = pb.AttributeValue(integer_value=1)
    error = await refusal(services.update_attribute("customer.x", "default_value", default_value=default))
    assert fields_of(error) == ["attribute.default_value"]


async def test_residents_values_are_not_replaced_by_an_aggregate(services: Assembly) -> None:
    """An attribute that resident customers have values of stays a given one."""
    await services.add_ledger()
    await services.add_attribute("customer.held", type="ATTRIBUTE_TYPE_DECIMAL", decimal=pb.DecimalFormat(scale=2))
    change = aggregate(function="AVERAGE", measure="amount")
    error = await refusal(services.update_attribute("customer.held", "aggregate", aggregate=change))
    assert (error.reason, error.metadata["used_by"]) == (ErrorReason.ATTRIBUTE_IN_USE, "populations/resident")
