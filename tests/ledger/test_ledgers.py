"""LedgerService, from requests' bytes to messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.errors import ErrorReason, Status
from tests.segments.assembly import Assembly, assembled, call, fields_of, refusal


async def get(services: Assembly, name: str = "ledgers/main") -> pb.Ledger:
    """Get a ledger."""
    return await call(services.ledgers.GetLedger, pb.GetLedgerRequest(name=name))


async def update(services: Assembly, *paths: str, validate_only: bool = False, **fields: Any) -> pb.Ledger:
    """Update ledger `main` with a mask of these paths."""
    request = pb.UpdateLedgerRequest(
        ledger=pb.Ledger(**{"name": "ledgers/main", **fields}),
        update_mask=FieldMask(paths=paths),
        validate_only=validate_only,
    )
    return await call(services.ledgers.UpdateLedger, request)


async def listed(services: Assembly, **fields: Any) -> pb.ListLedgersResponse:
    """List ledgers."""
    return await call(services.ledgers.ListLedgers, pb.ListLedgersRequest(**fields))


async def test_a_ledger_is_created_and_returned_by_name(services: Assembly) -> None:
    """It has a name, times, an etag, version 1, and the figures of its residents."""
    created = await services.add_ledger(display_name="Main", currency_code="CZK", time_zone="Europe/Prague")
    assert created == await get(services)
    assert (created.name, created.display_name) == ("ledgers/main", "Main")
    assert (created.currency_code, created.time_zone) == ("CZK", "Europe/Prague")
    assert created.create_time == created.update_time
    assert created.etag
    assert created.catalogue_version == 1
    assert (created.data_version, created.customer_count) == (3, 7)


async def test_the_time_zone_is_utc_unless_given(services: Assembly) -> None:
    """And a ledger without residents has data version 0."""
    created = await services.add_ledger("other")
    assert (created.time_zone, created.data_version, created.customer_count) == ("UTC", 0, 0)


async def test_output_only_fields_and_the_name_are_ignored(services: Assembly) -> None:
    """What the server says of a ledger, a caller cannot."""
    fields = {"name": "ledgers/x", "etag": "mine", "catalogue_version": 77, "customer_count": 5}
    created = await services.add_ledger("main", **fields)
    assert (created.name, created.catalogue_version, created.customer_count) == ("ledgers/main", 1, 7)
    assert created.etag != "mine"


async def test_a_taken_id_is_refused(services: Assembly) -> None:
    """ALREADY_EXISTS names the ledger, also when only asked to validate."""
    await services.add_ledger()
    error = await refusal(services.add_ledger(display_name="second"))
    assert (error.reason, error.status) == (ErrorReason.ALREADY_EXISTS, Status.ALREADY_EXISTS)
    assert error.metadata == {"name": "ledgers/main"}
    assert (await get(services)).display_name == ""


@pytest.mark.parametrize(
    ("ledger_id", "fields", "reason", "field"),
    [
        ("", {}, ErrorReason.FIELD_REQUIRED, "ledger_id"),
        ("Main", {}, ErrorReason.INVALID_FIELD, "ledger_id"),
        ("a" * 64, {}, ErrorReason.INVALID_FIELD, "ledger_id"),
        ("a_b", {}, ErrorReason.INVALID_FIELD, "ledger_id"),
        ("main", {"currency_code": ""}, ErrorReason.FIELD_REQUIRED, "ledger.currency_code"),
        ("main", {"currency_code": "EURO"}, ErrorReason.INVALID_FIELD, "ledger.currency_code"),
        ("main", {"time_zone": "Europe/Prag"}, ErrorReason.INVALID_FIELD, "ledger.time_zone"),
        ("main", {"display_name": "é" * 129}, ErrorReason.INVALID_FIELD, "ledger.display_name"),
    ],
)
async def test_wrong_ledgers_are_refused_with_their_field(
    services: Assembly, ledger_id: str, fields: dict[str, str], reason: ErrorReason, field: str
) -> None:
    """And nothing is stored."""
    error = await refusal(services.add_ledger(ledger_id, **fields))
    assert (error.reason, fields_of(error)) == (reason, [field])
    assert list((await listed(services)).ledgers) == []


async def test_limits_count_code_points(services: Assembly) -> None:
    """128 of them are allowed, whatever bytes they take."""
    assert len((await services.add_ledger(display_name="🙂" * 128)).display_name) == 128


async def test_an_unknown_ledger_is_not_found(services: Assembly) -> None:
    """NOT_FOUND with the ledger's id, from get and update alike."""
    for answer in (get(services), update(services, "display_name")):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.LEDGER_NOT_FOUND, Status.NOT_FOUND)
        assert error.metadata == {"ledger": "main"}


async def test_a_validated_ledger_is_not_stored(services: Assembly) -> None:
    """The answer is what would be stored; a wrong one is refused as ever."""
    request = pb.CreateLedgerRequest(ledger_id="main", ledger=pb.Ledger(currency_code="EUR"), validate_only=True)
    assert (await call(services.ledgers.CreateLedger, request)).time_zone == "UTC"
    request.ledger.currency_code = "EURO"
    assert (await refusal(call(services.ledgers.CreateLedger, request))).reason is ErrorReason.INVALID_FIELD
    assert (await refusal(get(services))).reason is ErrorReason.LEDGER_NOT_FOUND


async def test_pages_follow_each_other_in_order_of_names(services: Assembly) -> None:
    """Every ledger is on one page, and the last page has no token."""
    names = ["a", "a-b", "a0", "b", "c"]
    for ledger_id in reversed(names):
        await services.add_ledger(ledger_id)
    first = await listed(services, page_size=2)
    second = await listed(services, page_size=2, page_token=first.next_page_token)
    third = await listed(services, page_size=1000, page_token=second.next_page_token)
    found = [ledger.name for page in (first, second, third) for ledger in page.ledgers]
    assert found == [f"ledgers/{name}" for name in names]
    assert third.next_page_token == ""
    assert (await listed(services, page_size=5)).next_page_token == ""


async def test_page_tokens_of_other_calls_are_refused(services: Assembly) -> None:
    """INVALID_PAGE_TOKEN, and a negative size is INVALID_FIELD."""
    error = await refusal(listed(services, page_token="bWFpbg"))  # noqa: S106 - no secret
    assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_PAGE_TOKEN, ["page_token"])
    assert (await refusal(listed(services, page_size=-1))).reason is ErrorReason.INVALID_FIELD


async def test_an_update_changes_the_masked_fields_only(services: Assembly) -> None:
    """Everything else in the message is ignored; version, etag and update time move on."""
    before = await services.add_ledger(display_name="Old", time_zone="Europe/Prague")
    after = await update(services, "display_name", display_name="New", time_zone="UTC", currency_code="USD")
    assert (after.display_name, after.time_zone, after.currency_code) == ("New", "Europe/Prague", "EUR")
    assert after.catalogue_version == before.catalogue_version + 1
    assert after.etag != before.etag
    assert after.create_time == before.create_time
    assert after.update_time.ToMicroseconds() > before.update_time.ToMicroseconds()
    assert after == await get(services)


async def test_without_a_mask_what_is_not_empty_is_changed(services: Assembly) -> None:
    """An empty message changes nothing, not even the etag."""
    before = await services.add_ledger(display_name="Old", time_zone="Europe/Prague")
    assert await update(services) == before
    after = await update(services, time_zone="Europe/Lisbon")
    assert (after.display_name, after.time_zone) == ("Old", "Europe/Lisbon")


async def test_a_star_changes_both_fields(services: Assembly) -> None:
    """Empty ones become what they are at creation."""
    await services.add_ledger(display_name="Old", time_zone="Europe/Prague")
    after = await update(services, "*", currency_code="EUR")
    assert (after.display_name, after.time_zone, after.currency_code) == ("", "UTC", "EUR")


async def test_the_currency_cannot_be_changed(services: Assembly) -> None:
    """In a whole message it must be the ledger's own; in a mask it is refused."""
    await services.add_ledger()
    for paths in ((), ("*",)):
        error = await refusal(update(services, *paths, currency_code="USD", display_name="x"))
        assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_FIELD, ["ledger.currency_code"])
        assert error.metadata == {"field": "ledger.currency_code", "value": "USD"}
        assert "it is EUR and cannot be changed" in error.message
        assert (await update(services, *paths, currency_code="EUR", display_name="y")).display_name == "y"


async def test_an_update_that_says_nothing_new_changes_nothing(services: Assembly) -> None:
    """With a mask or without one: the same etag, time and version as before."""
    before = await services.add_ledger(display_name="Main", time_zone="Europe/Prague")
    for paths in ((), ("display_name",), ("*",)):
        answer = await update(services, *paths, display_name="Main", time_zone="Europe/Prague", currency_code="EUR")
        assert answer == before
    assert await get(services) == before


@pytest.mark.parametrize("path", ["currency_code", "name", "catalogue_version", "etag", "nothing"])
async def test_other_fields_cannot_be_changed(services: Assembly, path: str) -> None:
    """INVALID_UPDATE_MASK names the path."""
    before = await services.add_ledger()
    error = await refusal(update(services, "display_name", path, display_name="x"))
    assert (error.reason, error.metadata) == (ErrorReason.INVALID_UPDATE_MASK, {"path": path})
    assert await get(services) == before


async def test_an_etag_that_was_overtaken_is_refused(services: Assembly) -> None:
    """ABORTED; the current one and none at all are taken."""
    first = await services.add_ledger()
    second = await update(services, "display_name", display_name="2", etag=first.etag)
    error = await refusal(update(services, "display_name", display_name="3", etag=first.etag))
    assert (error.reason, error.status) == (ErrorReason.ETAG_MISMATCH, Status.ABORTED)
    assert error.metadata == {"name": "ledgers/main", "etag": first.etag}
    assert (await update(services, "display_name", display_name="3", etag=second.etag)).display_name == "3"
    assert (await update(services, "display_name", display_name="4")).display_name == "4"


async def test_an_update_that_is_only_validated_changes_nothing(services: Assembly) -> None:
    """The answer is what would be stored."""
    before = await services.add_ledger()
    answer = await update(services, "display_name", display_name="x", validate_only=True)
    assert (answer.display_name, answer.catalogue_version) == ("x", 2)
    assert await get(services) == before


async def test_a_new_time_zone_is_what_expressions_mean_at_once(services: Assembly) -> None:
    """Definitions that depend on the zone are compiled anew."""
    await services.add_ledger(time_zone="UTC")
    await services.add_segment("late", 'now > date("2020-01-31")')
    before = services.catalogue().segments["late"].expression.tree
    await update(services, "time_zone", time_zone="Asia/Tokyo")
    after = services.catalogue().segments["late"].expression.tree
    assert before != after
    assert {schema.time_zone for schema in services.catalogue().schemas.values()} == {"Asia/Tokyo"}


async def test_a_ledger_survives_a_restart(tmp_path: Path) -> None:
    """The same message comes back from a new process's services."""
    with assembled(tmp_path) as services:
        await services.add_ledger(display_name="Main")
        last = await update(services, "time_zone", time_zone="Europe/Prague")
    with assembled(tmp_path) as services:
        assert await get(services) == last


@pytest.mark.parametrize("method", ["CreateLedger", "GetLedger", "ListLedgers", "UpdateLedger"])
async def test_garbage_is_no_request(services: Assembly, method: str) -> None:
    """Every method answers MALFORMED_REQUEST."""
    error = await refusal(getattr(services.ledgers, method)(b"\xff\xff\xff", None))
    assert error.reason is ErrorReason.MALFORMED_REQUEST
