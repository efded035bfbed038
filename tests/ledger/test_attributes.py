"""AttributeService, from requests' bytes to messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from segmentd.api.names import AttributeName
from segmentd.api.v1 import attribute_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.errors import ErrorReason, Status
from segmentd.schema import BOOL, INT64, STRING, AttributeSpec, Subject
from tests.segments.assembly import MAIN, Assembly, assembled, call, fields_of, refusal

DECIMAL = {"type": "ATTRIBUTE_TYPE_DECIMAL", "decimal": pb.DecimalFormat(scale=2, currency_code="EUR")}
STRINGS = {"type": "ATTRIBUTE_TYPE_STRING"}


async def get(services: Assembly, attribute_id: str) -> pb.Attribute:
    """Get an attribute of ledger `main`."""
    request = pb.GetAttributeRequest(name=f"{MAIN}/attributes/{attribute_id}")
    return await call(services.attributes.GetAttribute, request)


async def listed(services: Assembly, **fields: Any) -> pb.ListAttributesResponse:
    """List the attributes of ledger `main`."""
    return await call(services.attributes.ListAttributes, pb.ListAttributesRequest(parent=MAIN, **fields))


def version(services: Assembly) -> int:
    """The catalogue version of ledger `main`."""
    return services.catalogue().version


async def test_an_attribute_is_created_and_returned_by_name(services: Assembly) -> None:
    """It has a name, a subject, times and an etag, and the ledger's version moved by one."""
    await services.add_ledger()
    texts = {"display_name": "Income", "description": "a month"}
    created = await services.add_attribute("account.income", **texts, **DECIMAL, default_value={"integer_value": -250})
    assert created == await get(services, "account.income")
    assert created.name == f"{MAIN}/attributes/account.income"
    assert created.subject == subject_pb2.SUBJECT_ACCOUNT
    assert (created.display_name, created.description) == ("Income", "a month")
    assert (created.type, created.decimal.scale, created.decimal.currency_code) == (
        pb.ATTRIBUTE_TYPE_DECIMAL,
        2,
        "EUR",
    )
    assert created.default_value.integer_value == -250
    assert created.create_time == created.update_time
    assert created.etag
    assert version(services) == 2


@pytest.mark.parametrize("kind", [name for name in pb.AttributeType.keys()[1:] if not name.endswith("DECIMAL")])
async def test_every_type_can_be_stored(services: Assembly, kind: str) -> None:
    """And comes back as it was given, nullable and given."""
    await services.add_ledger()
    created = await services.add_attribute("customer.x", type=kind)
    assert pb.AttributeType.Name(created.type) == kind
    assert not created.required
    assert not created.HasField("decimal")
    assert not created.HasField("default_value")


async def test_an_attribute_can_be_used_at_once(services: Assembly) -> None:
    """A segment can read it in the next call, which one call before was refused."""
    await services.add_ledger()
    text = "customer.isGlobetrotter == true"
    error = await refusal(services.add_segment("globetrotters", text))
    assert error.reason is ErrorReason.UNKNOWN_ATTRIBUTE
    await services.add_attribute("customer.isGlobetrotter", type="ATTRIBUTE_TYPE_BOOL")
    assert (await services.add_segment("globetrotters", text)).expression == text


async def test_a_computed_attribute_has_its_expressions_type(services: Assembly) -> None:
    """Unless it says one, and then the expression must have that."""
    await services.add_ledger()
    await services.add_attribute("customer.balance", **DECIMAL)
    computed = await services.add_attribute("customer.doubled", expression="customer.balance + 1.50")
    assert (computed.type, computed.decimal) == (pb.ATTRIBUTE_TYPE_DECIMAL, DECIMAL["decimal"])
    tier = await services.add_attribute("customer.tier", expression="customer.doubled > 3.00 ? 'a' : 'b'", **STRINGS)
    assert tier.type == pb.ATTRIBUTE_TYPE_STRING
    error = await refusal(services.add_attribute("customer.wrong", expression="customer.doubled > 3.00", **STRINGS))
    assert (error.reason, fields_of(error)) == (ErrorReason.EXPRESSION_TYPE, ["attribute.expression"])


@pytest.mark.parametrize(
    ("attribute_id", "fields", "reason", "field"),
    [
        ("", {}, ErrorReason.FIELD_REQUIRED, "attribute_id"),
        ("income", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("client.income", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.2nd", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.for", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.segments", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.lastLogin", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.LastLogin", {}, ErrorReason.INVALID_FIELD, "attribute_id"),
        ("customer.x", {"type": 0}, ErrorReason.FIELD_REQUIRED, "attribute.type"),
        ("customer.x", {"type": 99}, ErrorReason.INVALID_FIELD, "attribute.type"),
        ("customer.x", {"type": "ATTRIBUTE_TYPE_DECIMAL"}, ErrorReason.FIELD_REQUIRED, "attribute.decimal"),
        ("customer.x", {**DECIMAL, **STRINGS}, ErrorReason.INVALID_FIELD, "attribute.decimal"),
        ("customer.x", {**DECIMAL, "decimal": {"scale": 10}}, ErrorReason.INVALID_FIELD, "attribute.decimal.scale"),
        ("customer.x", {**DECIMAL, "decimal": {"scale": -1}}, ErrorReason.INVALID_FIELD, "attribute.decimal.scale"),
        (
            "customer.x",
            {**DECIMAL, "decimal": {"scale": 2, "currency_code": "EURO"}},
            ErrorReason.INVALID_FIELD,
            "attribute.decimal.currency_code",
        ),
        ("customer.x", {"required": True}, ErrorReason.DEFAULT_REQUIRED, "attribute.default_value"),
        ("customer.x", {"default_value": {"string_value": "1"}}, ErrorReason.INVALID_FIELD, "attribute.default_value"),
        ("customer.x", {"default_value": {}}, ErrorReason.INVALID_FIELD, "attribute.default_value"),
        (
            "customer.x",
            {"type": "ATTRIBUTE_TYPE_STRING_LIST", "required": True},
            ErrorReason.INVALID_FIELD,
            "attribute.required",
        ),
        ("customer.x", {"expression": "1", "required": True}, ErrorReason.INVALID_FIELD, "attribute.required"),
        (
            "customer.x",
            {"expression": "1", "default_value": {"integer_value": 1}},
            ErrorReason.INVALID_FIELD,
            "attribute.default_value",
        ),
        ("customer.x", {"expression": "1 +"}, ErrorReason.EXPRESSION_SYNTAX, "attribute.expression"),
        ("customer.x", {"expression": "customer.y"}, ErrorReason.UNKNOWN_ATTRIBUTE, "attribute.expression"),
        ("customer.x", {"expression": "customer.x + 1"}, ErrorReason.ATTRIBUTE_CYCLE, "attribute.expression"),
        (
            "customer.x",
            {"expression": "'gone' in customer.segments"},
            ErrorReason.UNKNOWN_SEGMENT,
            "attribute.expression",
        ),
        ("customer.x", {"display_name": "x" * 129}, ErrorReason.INVALID_FIELD, "attribute.display_name"),
        ("customer.x", {"description": "x" * 4_097}, ErrorReason.INVALID_FIELD, "attribute.description"),
    ],
)
async def test_wrong_attributes_are_refused_with_their_field(
    services: Assembly, attribute_id: str, fields: dict[str, Any], reason: ErrorReason, field: str
) -> None:
    """And nothing is stored."""
    await services.add_ledger()
    await services.add_attribute("customer.last_login", type="ATTRIBUTE_TYPE_TIMESTAMP")
    error = await refusal(services.add_attribute(attribute_id, **fields))
    assert (error.reason, fields_of(error)) == (reason, [field])
    assert [each.name for each in (await listed(services)).attributes] == [f"{MAIN}/attributes/customer.last_login"]
    assert version(services) == 2


async def test_a_required_attribute_needs_a_default(services: Assembly) -> None:
    """The error names the attribute; with a default, a falsy one too, it is created."""
    await services.add_ledger()
    error = await refusal(services.add_attribute("customer.isNew", type="ATTRIBUTE_TYPE_BOOL", required=True))
    assert (error.reason, error.metadata) == (ErrorReason.DEFAULT_REQUIRED, {"attribute": "customer.isNew"})
    default = {"bool_value": False}
    created = await services.add_attribute(
        "customer.isNew", type="ATTRIBUTE_TYPE_BOOL", required=True, default_value=default
    )
    assert created.required
    assert created.default_value.WhichOneof("value") == "bool_value"


async def test_subjects_have_attributes_of_their_own(services: Assembly) -> None:
    """The same id can be a customer's and an account's, once each."""
    await services.add_ledger()
    await services.add_attribute("customer.x")
    await services.add_attribute("account.x", **STRINGS)
    error = await refusal(services.add_attribute("customer.x", **STRINGS))
    assert error.metadata == {"name": f"{MAIN}/attributes/customer.x"}
    assert [each.name.rpartition("/")[2] for each in (await listed(services)).attributes] == ["account.x", "customer.x"]


async def test_what_is_not_there_is_not_found(services: Assembly) -> None:
    """A ledger first, then an attribute, with the nearest name."""
    error = await refusal(get(services, "customer.income"))
    assert (error.reason, error.status) == (ErrorReason.LEDGER_NOT_FOUND, Status.NOT_FOUND)
    await services.add_ledger()
    await services.add_attribute("customer.income")
    for answer in (
        get(services, "customer.incom"),
        services.update_attribute("customer.incom", "display_name"),
        services.delete_attribute("customer.incom"),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.ATTRIBUTE_NOT_FOUND, Status.NOT_FOUND)
        assert error.metadata == {"attribute": "customer.incom"}
        assert "did you mean 'customer.income'?" in error.message
    for other in ("customer.nope", "account.income", "customer.incentive"):
        assert "did you mean" not in (await refusal(get(services, other))).message


async def test_pages_follow_each_other_in_order_of_names(services: Assembly) -> None:
    """Every attribute is on one page; tokens belong to their ledger."""
    await services.add_ledger()
    await services.add_ledger("other")
    names = ["account.b", "customer.C", "customer.a", "customer.b", "customer.b2"]
    for name in reversed(names):
        await services.add_attribute(name)
    found, token = [], ""
    while True:
        page = await listed(services, page_size=2, page_token=token)
        found += [each.name.rpartition("/")[2] for each in page.attributes]
        if not page.next_page_token:
            break
        token = page.next_page_token
    assert found == names
    request = pb.ListAttributesRequest(parent="ledgers/other", page_token=token)
    error = await refusal(call(services.attributes.ListAttributes, request))
    assert error.reason is ErrorReason.INVALID_PAGE_TOKEN


async def test_an_attribute_in_use_cannot_be_deleted_or_retyped(services: Assembly) -> None:
    """The error names the segments and the computed attributes that read it, in metadata and message."""
    await services.add_ledger()
    await services.add_attribute("customer.income")
    await services.add_attribute("customer.tier", expression="customer.income > 10 ? 'a' : 'b'")
    await services.add_segment("premium", "customer.income > 3000")
    await services.add_segment("tiered", "customer.tier == 'a'")
    before = version(services)
    for answer in (
        services.delete_attribute("customer.income"),
        services.update_attribute("customer.income", "type", **STRINGS),
        services.update_attribute("customer.income", "type", "decimal", **DECIMAL),
        services.delete_attribute("customer.income", validate_only=True),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.ATTRIBUTE_IN_USE, Status.FAILED_PRECONDITION)
        users = "segments/premium, attributes/customer.tier"
        assert error.metadata == {"attribute": "customer.income", "used_by": users}
        assert users in error.message
    error = await refusal(services.delete_attribute("customer.tier"))
    assert error.metadata["used_by"] == "segments/tiered"
    assert version(services) == before


async def test_an_attribute_that_residents_have_values_of_cannot_be_retyped(services: Assembly) -> None:
    """Their values would be lost; only the currency of amounts that had none may be named."""
    await services.add_ledger()
    await services.add_attribute("customer.held", type="ATTRIBUTE_TYPE_DECIMAL", decimal=pb.DecimalFormat(scale=2))
    for change in ({"type": "ATTRIBUTE_TYPE_DECIMAL", "decimal": pb.DecimalFormat(scale=3)}, STRINGS):
        error = await refusal(services.update_attribute("customer.held", "type", "decimal", **change))
        assert error.reason is ErrorReason.ATTRIBUTE_IN_USE
        assert error.metadata["used_by"] == "populations/resident"
    named = await services.update_attribute("customer.held", "type", "decimal", **DECIMAL)
    assert named.decimal.currency_code == "EUR"


async def test_an_attribute_that_residents_have_values_of_stays_a_given_one(services: Assembly) -> None:
    """A restart reads their file again: the attribute can be neither deleted nor computed, nor come back as another."""
    await services.add_ledger()
    before = await services.add_attribute(
        "customer.held", type="ATTRIBUTE_TYPE_DECIMAL", decimal=pb.DecimalFormat(scale=2)
    )
    await services.add_attribute("customer.other", type="ATTRIBUTE_TYPE_DECIMAL", decimal=pb.DecimalFormat(scale=2))
    for answer in (
        services.delete_attribute("customer.held"),
        services.delete_attribute("customer.held", validate_only=True),
        services.update_attribute("customer.held", "expression", expression="customer.other"),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.ATTRIBUTE_IN_USE, Status.FAILED_PRECONDITION)
        assert error.metadata == {"attribute": "customer.held", "used_by": "populations/resident"}
        assert "the resident customers have values of it" in error.message
    assert await get(services, "customer.held") == before


async def test_a_column_that_no_attribute_can_be_read_from_takes_its_id(services: Assembly) -> None:
    """For given attributes, which a restart would read from it; a computed one is not read, and stays computed."""
    await services.add_ledger()
    error = await refusal(services.add_attribute("customer.unread", **STRINGS))
    assert (error.reason, error.status) == (ErrorReason.POPULATION_MISMATCH, Status.FAILED_PRECONDITION)
    assert error.metadata == {"column": "unread", "given": "binary", "expected": "STRING"}
    await services.add_attribute("customer.unread", expression="1")
    error = await refusal(services.update_attribute("customer.unread", "expression"))
    assert error.reason is ErrorReason.POPULATION_MISMATCH


async def test_of_very_many_users_the_first_are_named(services: Assembly) -> None:
    """An error fits gRPC's headers."""
    await services.add_ledger()
    await services.add_attribute("customer.income")
    for number in range(25):
        await services.add_segment(f"{'long-name-' * 5}{number:02}", f"customer.income > {number}")
    error = await refusal(services.delete_attribute("customer.income"))
    assert error.metadata["used_by"].endswith(f"segments/{'long-name-' * 5}19 and 5 more")


async def test_an_attribute_is_free_once_nothing_reads_it(services: Assembly) -> None:
    """After its users are gone, or read others, it can be retyped and deleted."""
    await services.add_ledger()
    await services.add_attribute("customer.income")
    await services.add_attribute("customer.tier", expression="customer.income > 10 ? 'a' : 'b'")
    await services.add_segment("premium", "customer.income > 3000")
    await services.update_segment("premium", "expression", expression="true")
    await services.delete_attribute("customer.tier")
    retyped = await services.update_attribute("customer.income", "type", "decimal", **DECIMAL)
    assert retyped.decimal.scale == 2
    plain = await services.update_attribute("customer.income", "type", **STRINGS)
    assert not plain.HasField("decimal")
    await services.delete_attribute("customer.income")
    assert (await refusal(get(services, "customer.income"))).reason is ErrorReason.ATTRIBUTE_NOT_FOUND


async def test_an_attribute_in_use_can_change_what_keeps_its_type(services: Assembly) -> None:
    """Texts, defaults and whether it is required; its users mean the new definition at once."""
    await services.add_ledger()
    await services.add_attribute("customer.income")
    await services.add_segment("premium", "customer.income > 3000")
    tree = services.catalogue().segments["premium"].expression.tree
    await services.update_attribute("customer.income", "display_name", display_name="Income")
    assert services.catalogue().segments["premium"].expression.tree is tree
    default = {"integer_value": 0}
    required = await services.update_attribute(
        "customer.income", "required", "default_value", required=True, default_value=default
    )
    assert (required.required, required.display_name) == (True, "Income")
    spec = services.catalogue().schemas[Subject.CUSTOMER].get("income")
    assert spec == AttributeSpec("income", INT64, required=True)
    error = await refusal(services.update_attribute("customer.income", "default_value"))
    assert error.reason is ErrorReason.DEFAULT_REQUIRED


async def test_a_computed_attribute_in_use_can_get_another_expression(services: Assembly) -> None:
    """If its type stays; what reads it, directly or through others, is compiled anew, and nothing else."""
    await services.add_ledger()
    await services.add_attribute("customer.income")
    await services.add_attribute("customer.score", expression="customer.income + 1")
    await services.add_attribute("customer.rank", expression="customer.score * 2")
    await services.add_segment("ranked", "customer.rank > 10")
    await services.add_segment("earning", "customer.income > 10")
    before = services.catalogue().segments
    await services.update_attribute("customer.score", "expression", expression="customer.income - 1")
    after = services.catalogue().segments
    assert after["ranked"].expression.tree != before["ranked"].expression.tree
    assert after["earning"].expression is before["earning"].expression
    for fields in ({"expression": "customer.income > 1"}, {"expression": "'text'"}):
        error = await refusal(services.update_attribute("customer.score", "expression", **fields))
        assert (error.reason, fields_of(error)) == (ErrorReason.EXPRESSION_TYPE, ["attribute.expression"])
        error = await refusal(services.update_attribute("customer.score", "expression", "type", **fields))
        assert error.reason is ErrorReason.ATTRIBUTE_IN_USE


async def test_a_new_expression_that_its_users_do_not_bear_is_refused(services: Assembly) -> None:
    """The users that would no longer compile are named, with the reason, and nothing changes."""
    await services.add_ledger()
    await services.add_attribute("customer.age")
    await services.add_attribute("customer.listed", expression="customer.age in [1, 2]")
    await services.add_attribute("customer.twice", expression="customer.listed ? !customer.listed : customer.age > 3")
    await services.add_segment("large", "customer.listed == customer.listed")
    await services.add_segment("small", "customer.listed")
    before = services.catalogue()
    # It has 2,502 nodes, and whoever reads it twice more than the 4,096 that are allowed.
    text = f"customer.age in [{', '.join(str(number) for number in range(2_500))}]"
    error = await refusal(services.update_attribute("customer.listed", "expression", expression=text))
    assert (error.reason, error.status) == (ErrorReason.ATTRIBUTE_IN_USE, Status.FAILED_PRECONDITION)
    assert error.metadata["attribute"] == "customer.listed"
    assert "attributes/customer.twice" in error.metadata["used_by"]
    assert "would no longer compile" in error.message
    assert "4096" in error.message
    assert services.catalogue() is before
    await services.update_attribute("customer.twice", "expression", expression="customer.age > 3")
    error = await refusal(services.update_attribute("customer.listed", "expression", expression=text))
    assert error.metadata["used_by"] == "segments/large"
    await services.delete_segment("large")
    await services.update_attribute("customer.listed", "expression", expression=text)


async def test_computed_attributes_cannot_read_each_other_in_a_cycle(services: Assembly) -> None:
    """The error shows the cycle, of any length."""
    await services.add_ledger()
    await services.add_attribute("customer.a")
    await services.add_attribute("customer.b", expression="customer.a + 1")
    await services.add_attribute("customer.c", expression="customer.b + 1")
    for text, cycle in (
        ("customer.a + 1", "customer.a -> customer.a"),
        ("customer.c + 1", "customer.a -> customer.c -> customer.b -> customer.a"),
    ):
        error = await refusal(services.update_attribute("customer.a", "expression", expression=text))
        assert (error.reason, fields_of(error)) == (ErrorReason.ATTRIBUTE_CYCLE, ["attribute.expression"])
        assert error.metadata["cycle"] == cycle


async def test_a_given_attribute_can_become_computed_and_given_again(services: Assembly) -> None:
    """While its type stays, those who read it go on."""
    await services.add_ledger()
    await services.add_attribute("customer.a")
    await services.add_attribute("customer.b")
    await services.add_segment("s", "customer.a > 1")
    computed = await services.update_attribute("customer.a", "expression", expression="customer.b * 2")
    assert computed.expression == "customer.b * 2"
    assert services.catalogue().segments["s"].expression.given == {"b"}
    given = await services.update_attribute("customer.a", "expression")
    assert given.expression == ""
    assert services.catalogue().segments["s"].expression.given == {"a"}


async def test_masks_choose_what_changes(services: Assembly) -> None:
    """Without one, what is not empty; with `*`, everything, and what is empty becomes what it is at creation."""
    await services.add_ledger()
    created = await services.add_attribute("customer.a", display_name="A", description="a", **DECIMAL)
    assert await services.update_attribute("customer.a") == created
    renamed = await services.update_attribute("customer.a", display_name="B")
    assert (renamed.display_name, renamed.description, renamed.decimal.scale) == ("B", "a", 2)
    assert renamed.etag != created.etag
    rescaled = await services.update_attribute("customer.a", "decimal", decimal=pb.DecimalFormat(scale=3))
    assert (rescaled.decimal.scale, rescaled.decimal.currency_code) == (3, "")
    all_new = await services.update_attribute("customer.a", "*", **STRINGS)
    assert (all_new.display_name, all_new.description, all_new.type) == ("", "", pb.ATTRIBUTE_TYPE_STRING)
    assert not all_new.HasField("decimal")
    error = await refusal(services.update_attribute("customer.a", "*"))
    assert (error.reason, fields_of(error)) == (ErrorReason.FIELD_REQUIRED, ["attribute.type"])
    for path in ("subject", "name", "etag", "create_time", "decimal.scale"):
        error = await refusal(services.update_attribute("customer.a", path))
        assert (error.reason, error.metadata) == (ErrorReason.INVALID_UPDATE_MASK, {"path": path})


async def test_an_update_that_says_nothing_new_changes_nothing(services: Assembly) -> None:
    """With a mask or without one: the same etag, time and version as before."""
    await services.add_ledger()
    fields = {"display_name": "Balance", "default_value": {"integer_value": 7}, "required": True, **DECIMAL}
    before = await services.add_attribute("customer.a", **fields)
    for paths in ((), ("display_name", "default_value"), ("type",), ("type", "decimal"), ("*",)):
        assert await services.update_attribute("customer.a", *paths, **fields) == before
    computed = await services.add_attribute("customer.b", expression="customer.a > 1.00")
    assert await services.update_attribute("customer.b", "expression", expression="customer.a > 1.00") == computed
    assert await get(services, "customer.a") == before
    assert version(services) == 3


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({**DECIMAL, **STRINGS}, '{"scale": 2, "currencyCode": "EUR"}'),
        ({"decimal": {"scale": 2}}, '{"scale": 2}'),
        ({"expression": "1", "required": True}, "true"),
        ({"default_value": {"bool_value": False}}, "false"),
        ({**DECIMAL, "default_value": {"double_value": 1.5}}, "1.5"),
        ({"type": 99}, "99"),
        ({**DECIMAL, "decimal": {"scale": 2, "currency_code": "EURO"}}, "EURO"),
    ],
)
async def test_wrong_values_are_repeated_as_json_spells_them(
    services: Assembly, fields: dict[str, Any], value: str
) -> None:
    """In metadata and message."""
    await services.add_ledger()
    error = await refusal(services.add_attribute("customer.x", **fields))
    assert error.metadata["value"] == value
    assert value in error.message


async def test_an_etag_that_was_overtaken_is_refused(services: Assembly) -> None:
    """By updates and deletions; the current one is taken."""
    await services.add_ledger()
    first = await services.add_attribute("customer.a")
    second = await services.update_attribute("customer.a", "display_name", display_name="x", etag=first.etag)
    for answer in (
        services.update_attribute("customer.a", "display_name", etag=first.etag),
        services.delete_attribute("customer.a", etag=first.etag),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.ETAG_MISMATCH, Status.ABORTED)
    await services.delete_attribute("customer.a", etag=second.etag)


async def test_what_is_only_validated_is_not_stored(services: Assembly) -> None:
    """Creation, update and deletion answer as they would, and leave all as it is."""
    await services.add_ledger()
    before = await services.add_attribute("customer.a")
    request = pb.CreateAttributeRequest(
        parent=MAIN, attribute_id="customer.b", attribute=pb.Attribute(expression="customer.a > 1"), validate_only=True
    )
    assert (await call(services.attributes.CreateAttribute, request)).type == pb.ATTRIBUTE_TYPE_BOOL
    changed = pb.Attribute(name=before.name, display_name="x")
    answer = await call(
        services.attributes.UpdateAttribute, pb.UpdateAttributeRequest(attribute=changed, validate_only=True)
    )
    assert answer.display_name == "x"
    await services.delete_attribute("customer.a", validate_only=True)
    assert list((await listed(services)).attributes) == [before]
    assert version(services) == 2


async def test_a_population_s_attributes_are_taken_over_once(services: Assembly) -> None:
    """Those that the ledger lacks come in one change, nullable; those that are there stay as they are."""
    await services.add_ledger()
    await services.add_attribute("customer.age", **STRINGS)
    specs = [AttributeSpec("age", INT64), AttributeSpec("active", BOOL, required=True), AttributeSpec("name", STRING)]
    added = services.attribute_service.adopt("main", Subject.CUSTOMER, specs)
    assert [each.spec for each in added] == [AttributeSpec("active", BOOL), AttributeSpec("name", STRING)]
    assert version(services) == 3
    assert services.attribute_service.adopt("main", Subject.CUSTOMER, specs) == ()
    assert version(services) == 3
    age = services.attribute_service.get(AttributeName("main", Subject.CUSTOMER, "age"))
    assert age.type == STRING


async def test_attributes_survive_a_restart(tmp_path: Path) -> None:
    """The same messages come back, computed ones compiled."""
    with assembled(tmp_path) as services:
        await services.add_ledger(time_zone="Europe/Prague")
        await services.add_attribute("customer.balance", **DECIMAL, required=True, default_value={"integer_value": 7})
        await services.add_attribute("customer.tier", expression="customer.balance > 1.00 ? 'a' : 'b'")
        before = await listed(services)
        meaning = services.catalogue().vocabulary.terms[Subject.CUSTOMER].computed["tier"].tree
    with assembled(tmp_path) as services:
        assert await listed(services) == before
        assert services.catalogue().vocabulary.terms[Subject.CUSTOMER].computed["tier"].tree == meaning
        assert version(services) == 3


@pytest.mark.parametrize(
    "method", ["CreateAttribute", "GetAttribute", "ListAttributes", "UpdateAttribute", "DeleteAttribute"]
)
async def test_garbage_is_no_request(services: Assembly, method: str) -> None:
    """Every method answers MALFORMED_REQUEST."""
    error = await refusal(getattr(services.attributes, method)(b"\xff\xff\xff", None))
    assert error.reason is ErrorReason.MALFORMED_REQUEST
