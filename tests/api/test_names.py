"""Resource names have one form each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.api.names import (
    LEDGER_ID,
    SEGMENT_ID,
    AttributeName,
    SegmentName,
    parse_attribute_name,
    parse_ledger_name,
    parse_new_id,
    parse_segment_name,
)
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.schema import Subject


def test_names_are_taken_apart() -> None:
    """Each kind of name gives its ids."""
    assert parse_ledger_name("ledgers/main-2", "name") == "main-2"
    assert parse_segment_name("ledgers/main/segments/a_b-c", "name") == SegmentName("main", "a_b-c")
    name = parse_attribute_name("ledgers/main/attributes/account.opened_At", "name")
    assert name == AttributeName("main", Subject.ACCOUNT, "opened_At")
    assert name.qualified == "account.opened_At"


@given(st.from_regex(LEDGER_ID, fullmatch=True), st.from_regex(SEGMENT_ID, fullmatch=True))
def test_a_name_that_is_put_together_is_taken_apart_again(ledger: str, segment: str) -> None:
    """Writing and parsing are inverse."""
    assert parse_segment_name(str(SegmentName(ledger, segment)), "name") == SegmentName(ledger, segment)


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "ledger/main",
        "ledgers/",
        "ledgers/Main",
        "ledgers/main/",
        "ledgers/main/segments",
        "/ledgers/main",
        "ledgers/-main",
        "ledgers/" + "a" * 64,
        "ledgers/main\n",
        "ledgers/maïn",
    ],
)
def test_wrong_ledger_names_are_refused_with_the_form(name: str) -> None:
    """The error has the name, the form and the field where it stood."""
    with pytest.raises(SegmentdError) as caught:
        parse_ledger_name(name, "parent")
    assert caught.value.reason is ErrorReason.INVALID_RESOURCE_NAME
    assert caught.value.metadata == {"name": name, "pattern": "ledgers/{ledger}"}
    assert [violation.field for violation in caught.value.fields] == ["parent"]


@pytest.mark.parametrize("qualified", ["income", "client.income", "customer.", "customer.2nd", "customer.a.b", ".a"])
def test_wrong_attribute_names_are_refused(qualified: str) -> None:
    """An attribute's id has a subject in front."""
    with pytest.raises(SegmentdError) as caught:
        parse_attribute_name(f"ledgers/main/attributes/{qualified}", "name")
    assert caught.value.reason is ErrorReason.INVALID_RESOURCE_NAME


def test_an_empty_name_is_a_missing_field() -> None:
    """It is not the form that is wrong."""
    with pytest.raises(SegmentdError) as caught:
        parse_segment_name("", "name")
    assert caught.value.reason is ErrorReason.FIELD_REQUIRED


def test_a_new_id_is_required_and_has_a_form() -> None:
    """A missing id and a wrong one have reasons of their own; a long one is cut in the message."""
    reasons = []
    for value in ("", "Premium", "x" * 10_000):
        with pytest.raises(SegmentdError) as caught:
            parse_new_id(value, "segment_id", SEGMENT_ID)
        assert len(caught.value.message) < 400
        reasons.append(caught.value.reason)
    assert reasons == [ErrorReason.FIELD_REQUIRED, ErrorReason.INVALID_FIELD, ErrorReason.INVALID_FIELD]
