"""SegmentService's standard methods, from requests' bytes to messages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.errors import ErrorReason, SegmentdError, Status
from segmentd.schema import Subject
from tests.segments.assembly import MAIN, Assembly, assembled, call, fields_of, refusal

FULL: dict[str, Any] = {
    "display_name": "Prémium 🙂",
    "description": "line one\nline two",
    "benefits": [pb.Benefit(id="lounge", display_name="Lounge", description="…"), pb.Benefit(id="a-first")],
    "labels": {"team": "retail", "empty": ""},
}


async def test_a_segment_is_created_and_returned_by_name(services: Assembly) -> None:
    """It has a name, times and an etag; it is a customers' and active unless told; benefits keep their order."""
    await services.add_ledger()
    created = await services.add_segment("premium_1", "1 < 2", **FULL)
    assert created == await services.get_segment("premium_1")
    assert (created.name, created.expression) == (f"{MAIN}/segments/premium_1", "1 < 2")
    assert (created.display_name, created.description) == (FULL["display_name"], FULL["description"])
    assert list(created.benefits) == FULL["benefits"]
    assert dict(created.labels) == FULL["labels"]
    assert (created.subject, created.state) == (subject_pb2.SUBJECT_CUSTOMER, pb.SEGMENT_STATE_ACTIVE)
    assert created.create_time == created.update_time
    assert created.etag
    assert services.catalogue().version == 2


async def test_a_segment_can_select_accounts_and_be_inactive(services: Assembly) -> None:
    """Its expression reads the account's attributes."""
    await services.add_ledger()
    state, subject = pb.SEGMENT_STATE_INACTIVE, subject_pb2.SUBJECT_ACCOUNT
    created = await services.add_segment("rich", "account.balance > 1", state=state, subject=subject)
    assert (created.state, created.subject) == (state, subject)
    catalogue = services.catalogue()
    assert catalogue.definitions(Subject.ACCOUNT) == {"rich": None}
    assert catalogue.definitions(Subject.CUSTOMER) == {}


def benefits(count: int) -> list[pb.Benefit]:
    """So many benefits."""
    return [pb.Benefit(id=f"b{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("segment_id", "fields", "reason", "field"),
    [
        ("", {}, ErrorReason.FIELD_REQUIRED, "segment_id"),
        ("Premium", {}, ErrorReason.INVALID_FIELD, "segment_id"),
        ("a" * 64, {}, ErrorReason.INVALID_FIELD, "segment_id"),
        ("s", {"expression": ""}, ErrorReason.FIELD_REQUIRED, "segment.expression"),
        ("s", {"expression": "1 +"}, ErrorReason.EXPRESSION_SYNTAX, "segment.expression"),
        ("s", {"expression": "1 + 1"}, ErrorReason.EXPRESSION_TYPE, "segment.expression"),
        ("s", {"expression": "customer.nope"}, ErrorReason.UNKNOWN_ATTRIBUTE, "segment.expression"),
        ("s", {"expression": "account.balance > 1"}, ErrorReason.UNKNOWN_ATTRIBUTE, "segment.expression"),
        ("s", {"expression": "true && " * 2_048 + "true"}, ErrorReason.EXPRESSION_TOO_LONG, "segment.expression"),
        ("s", {"expression": "'gone' in customer.segments"}, ErrorReason.UNKNOWN_SEGMENT, "segment.expression"),
        ("s", {"expression": "'s' in customer.segments"}, ErrorReason.SEGMENT_CYCLE, "segment.expression"),
        ("s", {"display_name": "é" * 129}, ErrorReason.INVALID_FIELD, "segment.display_name"),
        ("s", {"description": "é" * 4_097}, ErrorReason.INVALID_FIELD, "segment.description"),
        ("s", {"subject": 3}, ErrorReason.INVALID_FIELD, "segment.subject"),
        ("s", {"state": 3}, ErrorReason.INVALID_FIELD, "segment.state"),
        ("s", {"benefits": benefits(65)}, ErrorReason.INVALID_FIELD, "segment.benefits"),
        ("s", {"benefits": [pb.Benefit()]}, ErrorReason.FIELD_REQUIRED, "segment.benefits[0].id"),
        ("s", {"benefits": [*benefits(2), pb.Benefit(id="B")]}, ErrorReason.INVALID_FIELD, "segment.benefits[2].id"),
        ("s", {"benefits": benefits(1) * 2}, ErrorReason.INVALID_FIELD, "segment.benefits[1].id"),
        (
            "s",
            {"benefits": [pb.Benefit(id="a", display_name="x" * 129)]},
            ErrorReason.INVALID_FIELD,
            "segment.benefits[0].display_name",
        ),
        (
            "s",
            {"benefits": [pb.Benefit(id="a", description="x" * 4_097)]},
            ErrorReason.INVALID_FIELD,
            "segment.benefits[0].description",
        ),
        ("s", {"labels": {f"k{n}": "" for n in range(65)}}, ErrorReason.INVALID_FIELD, "segment.labels"),
        ("s", {"labels": {"Team": "x"}}, ErrorReason.INVALID_FIELD, "segment.labels"),
        ("s", {"labels": {"team": "x" * 64}}, ErrorReason.INVALID_FIELD, "segment.labels['team']"),
    ],
)
async def test_wrong_segments_are_refused_with_their_field(
    services: Assembly, segment_id: str, fields: dict[str, Any], reason: ErrorReason, field: str
) -> None:
    """And nothing is stored, nor does the version move."""
    await services.add_ledger()
    error = await refusal(services.add_segment(segment_id, **{"expression": "true", **fields}))
    assert (error.reason, fields_of(error)) == (reason, [field])
    assert error.status is Status.INVALID_ARGUMENT
    assert list((await services.list_segments()).segments) == []
    assert services.catalogue().version == 1


async def test_what_is_just_allowed_is_taken(services: Assembly) -> None:
    """All limits at once, which still is one message that every client accepts, alone on its page."""
    await services.add_ledger()
    full = [
        pb.Benefit(id=f"b{number:02}" + "x" * 60, display_name="🙂" * 128, description="🙂" * 4_096)
        for number in range(64)
    ]
    labels = {f"k{number:02}" + "x" * 60: "🙂" * 63 for number in range(64)}
    created = await services.add_segment(
        "s" * 63,
        "true" + " " * 16_380,
        display_name="🙂" * 128,
        description="🙂" * 4_096,
        benefits=full,
        labels=labels,
    )
    assert created == await services.get_segment("s" * 63)
    assert 1 << 20 < created.ByteSize() < 2 << 20
    for number in range(3):
        await services.add_segment(f"t{number}", benefits=full)
    page = await services.list_segments()
    assert page.ByteSize() < 4 << 20
    assert len(page.segments) == 2
    rest = await services.list_segments(page_token=page.next_page_token)
    assert [each.name for each in (*page.segments, *rest.segments)] == [
        f"{MAIN}/segments/{segment_id}" for segment_id in ("s" * 63, "t0", "t1", "t2")
    ]


async def test_a_taken_id_is_refused(services: Assembly) -> None:
    """ALREADY_EXISTS names the segment."""
    await services.add_ledger()
    await services.add_segment("premium")
    error = await refusal(services.add_segment("premium", "false"))
    assert (error.reason, error.status) == (ErrorReason.ALREADY_EXISTS, Status.ALREADY_EXISTS)
    assert error.metadata == {"name": f"{MAIN}/segments/premium"}
    assert (await services.get_segment("premium")).expression == "true"


async def test_nothing_is_found_in_a_ledger_that_is_not_there(services: Assembly) -> None:
    """NOT_FOUND from every method."""
    for answer in (
        services.add_segment("a"),
        services.get_segment("a"),
        services.update_segment("a", "state"),
        services.delete_segment("a"),
        services.list_segments(),
        services.check("true"),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.LEDGER_NOT_FOUND, Status.NOT_FOUND)
        assert error.metadata == {"ledger": "main"}


async def test_what_is_not_there_is_not_found(services: Assembly) -> None:
    """The error names the segment and the nearest id."""
    await services.add_ledger()
    await services.add_segment("premium")
    for answer in (
        services.get_segment("premum"),
        services.update_segment("premum", "state"),
        services.delete_segment("premum"),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.SEGMENT_NOT_FOUND, Status.NOT_FOUND)
        assert error.metadata == {"segment": "premum"}
        assert "did you mean 'premium'?" in error.message


async def test_an_update_changes_the_masked_fields_only(services: Assembly) -> None:
    """Everything else in the message is ignored; version, etag and update time move on."""
    await services.add_ledger()
    before = await services.add_segment("s", **FULL)
    after = await services.update_segment(
        "s", "display_name", "labels", display_name="New", description="ignored", subject=subject_pb2.SUBJECT_ACCOUNT
    )
    assert (after.display_name, after.description, dict(after.labels)) == ("New", before.description, {})
    assert (after.benefits, after.expression) == (before.benefits, before.expression)
    assert (after.create_time, after.subject) == (before.create_time, before.subject)
    assert after.etag != before.etag
    assert after.update_time.ToMicroseconds() > before.update_time.ToMicroseconds()
    assert after == await services.get_segment("s")
    assert services.catalogue().version == 3


async def test_without_a_mask_what_is_not_empty_is_changed(services: Assembly) -> None:
    """An empty message changes nothing, not even the etag."""
    await services.add_ledger()
    before = await services.add_segment("s", **FULL)
    assert await services.update_segment("s") == before
    assert services.catalogue().version == 2
    after = await services.update_segment("s", expression="false", state=pb.SEGMENT_STATE_INACTIVE)
    assert (after.expression, after.state) == ("false", pb.SEGMENT_STATE_INACTIVE)
    assert (after.display_name, after.benefits, after.labels) == (before.display_name, before.benefits, before.labels)


async def test_an_update_that_says_nothing_new_changes_nothing(services: Assembly) -> None:
    """With a mask or without one: the same etag, time and version as before."""
    await services.add_ledger()
    before = await services.add_segment("s", **FULL)
    for paths in ((), ("display_name",), ("display_name", "expression", "labels", "benefits", "state")):
        assert await services.update_segment("s", *paths, expression="true", **FULL) == before
    assert await services.get_segment("s") == before
    assert services.catalogue().version == 2


async def test_a_star_changes_all_that_can_be_changed(services: Assembly) -> None:
    """Empty fields become what they are at creation; the expression must be there."""
    await services.add_ledger()
    await services.add_segment("s", state=pb.SEGMENT_STATE_INACTIVE, **FULL)
    error = await refusal(services.update_segment("s", "*"))
    assert (error.reason, fields_of(error)) == (ErrorReason.FIELD_REQUIRED, ["segment.expression"])
    after = await services.update_segment("s", "*", expression="false")
    assert (after.display_name, after.description, list(after.benefits), dict(after.labels)) == ("", "", [], {})
    assert (after.expression, after.state) == ("false", pb.SEGMENT_STATE_ACTIVE)


async def test_the_subject_cannot_be_changed(services: Assembly) -> None:
    """In a mask it is refused; in a whole message it must be the segment's own."""
    await services.add_ledger()
    await services.add_segment("s")
    error = await refusal(services.update_segment("s", "subject", subject=subject_pb2.SUBJECT_ACCOUNT))
    assert error.reason is ErrorReason.INVALID_UPDATE_MASK
    for paths in ((), ("*",)):
        fields = {"expression": "false", "subject": subject_pb2.SUBJECT_ACCOUNT}
        error = await refusal(services.update_segment("s", *paths, **fields))
        assert (error.reason, fields_of(error)) == (ErrorReason.INVALID_FIELD, ["segment.subject"])
        assert error.metadata["value"] == "SUBJECT_ACCOUNT"
        assert "it is SUBJECT_CUSTOMER and cannot be changed" in error.message
        fields["subject"] = subject_pb2.SUBJECT_CUSTOMER
        assert (await services.update_segment("s", *paths, **fields)).expression == "false"


@pytest.mark.parametrize("path", ["name", "etag", "create_time", "labels.team", "benefits[0]", "nothing"])
async def test_other_fields_cannot_be_changed(services: Assembly, path: str) -> None:
    """INVALID_UPDATE_MASK names the path."""
    await services.add_ledger()
    await services.add_segment("s")
    error = await refusal(services.update_segment("s", "display_name", path, display_name="x"))
    assert (error.reason, error.metadata) == (ErrorReason.INVALID_UPDATE_MASK, {"path": path})
    assert (await services.get_segment("s")).display_name == ""


async def test_an_etag_that_was_overtaken_is_refused(services: Assembly) -> None:
    """By updates and deletions; the current one is taken, and one of a deleted namesake is not."""
    await services.add_ledger()
    first = await services.add_segment("s")
    second = await services.update_segment("s", "display_name", display_name="x", etag=first.etag)
    for answer in (
        services.update_segment("s", "display_name", etag=first.etag),
        services.update_segment("s", etag=first.etag),
        services.delete_segment("s", etag=first.etag),
    ):
        error = await refusal(answer)
        assert (error.reason, error.status) == (ErrorReason.ETAG_MISMATCH, Status.ABORTED)
        assert error.metadata == {"name": f"{MAIN}/segments/s", "etag": first.etag}
    await services.delete_segment("s", etag=second.etag)
    await services.add_segment("s")
    assert (await refusal(services.delete_segment("s", etag=second.etag))).reason is ErrorReason.ETAG_MISMATCH


async def test_of_many_updates_with_one_etag_one_wins(services: Assembly) -> None:
    """The others are aborted, and what is stored is the winner's."""
    await services.add_ledger()
    etag = (await services.add_segment("s")).etag
    answers = await asyncio.gather(
        *(services.update_segment("s", "display_name", display_name=str(n), etag=etag) for n in range(8)),
        return_exceptions=True,
    )
    winners = [answer for answer in answers if isinstance(answer, pb.Segment)]
    losers = [answer.reason for answer in answers if isinstance(answer, SegmentdError)]
    assert losers == [ErrorReason.ETAG_MISMATCH] * 7
    assert winners == [await services.get_segment("s")]
    assert services.catalogue().version == 3


async def test_what_is_only_validated_is_not_stored(services: Assembly) -> None:
    """Creation, update and deletion answer as they would, refuse what they would, and leave all as it is."""
    await services.add_ledger()
    before = await services.add_segment("s")
    create = pb.CreateSegmentRequest(
        parent=MAIN, segment_id="t", segment=pb.Segment(expression="false"), validate_only=True
    )
    assert (await call(services.segments.CreateSegment, create)).name == f"{MAIN}/segments/t"
    create.segment.expression = "fals"
    assert (await refusal(call(services.segments.CreateSegment, create))).reason is ErrorReason.UNKNOWN_ATTRIBUTE
    changed = pb.Segment(name=before.name, display_name="x")
    update = pb.UpdateSegmentRequest(segment=changed, validate_only=True)
    assert (await call(services.segments.UpdateSegment, update)).display_name == "x"
    await services.delete_segment("s", validate_only=True)
    assert list((await services.list_segments()).segments) == [before]
    assert services.catalogue().version == 2


async def test_every_change_moves_the_version_by_one(services: Assembly) -> None:
    """Of the ledger, its attributes and its segments; what is refused or only read does not."""
    await services.add_ledger()
    await services.add_attribute("customer.a")
    await services.add_segment("s", "customer.a > 1")
    await services.update_segment("s", "display_name", display_name="x")
    await services.update_attribute("customer.a", "display_name", display_name="x")
    await services.add_ledger("other")
    await refusal(services.delete_attribute("customer.a"))
    await services.list_segments()
    await services.delete_segment("s")
    await services.delete_attribute("customer.a")
    assert services.catalogue().version == 7
    assert services.catalogue("other").version == 1


async def test_readers_keep_the_catalogue_they_began_with(services: Assembly) -> None:
    """A snapshot does not change; the next reader gets the new one."""
    await services.add_ledger()
    await services.add_segment("s", "1 < 2 && now > timestamp('2020-01-01T00:00:00Z')")
    old = services.catalogue()
    before = dict(old.definitions(Subject.CUSTOMER))
    await services.update_segment("s", "expression", expression="now < timestamp('2020-01-01T00:00:00Z')")
    await services.add_segment("t")
    assert old.definitions(Subject.CUSTOMER) == before
    assert (old.version, services.catalogue().version) == (2, 4)
    assert services.catalogue().definitions(Subject.CUSTOMER)["s"] != before["s"]


async def test_segments_survive_a_restart(tmp_path: Path) -> None:
    """The same messages come back, compiled to the same meaning."""
    with assembled(tmp_path) as services:
        await services.add_ledger(time_zone="Europe/Prague")
        await services.add_attribute("customer.a")
        await services.add_segment("s", "customer.a > 1", state=pb.SEGMENT_STATE_INACTIVE, **FULL)
        await services.add_segment("t", "'s' in customer.segments")
        await services.add_segment("gone")
        await services.delete_segment("gone")
        before = await services.list_segments()
        trees = services.catalogue().definitions(Subject.CUSTOMER)
    with assembled(tmp_path) as services:
        assert await services.list_segments() == before
        assert services.catalogue().definitions(Subject.CUSTOMER) == trees
        assert services.catalogue().version == 6


@pytest.mark.parametrize(
    "method", ["CreateSegment", "GetSegment", "ListSegments", "UpdateSegment", "DeleteSegment", "CheckExpression"]
)
async def test_garbage_is_no_request(services: Assembly, method: str) -> None:
    """Every method answers MALFORMED_REQUEST."""
    error = await refusal(getattr(services.segments, method)(b"\xff\xff\xff", None))
    assert error.reason is ErrorReason.MALFORMED_REQUEST
