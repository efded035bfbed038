"""Ids that attributes may have."""

from __future__ import annotations

import pytest

from segmentd.language import AttributeIdError, Environment, check_attribute_id
from segmentd.language.identifiers import KEYWORDS, lower_camel
from segmentd.schema import INT64, AttributeSpec, Schema, Subject


@pytest.mark.parametrize(
    "attribute_id", ["a", "A", "isGlobetrotter", "last_login_2", "class", "now", "customer", "x" * 63]
)
def test_allowed(attribute_id: str) -> None:
    """Identifiers that are no keyword of CEL are allowed, and expressions can read them."""
    check_attribute_id(attribute_id)
    environment = Environment(Schema(Subject.CUSTOMER, (AttributeSpec(attribute_id, INT64),)))
    assert environment.compile(f"customer.{attribute_id} > 1").given == {attribute_id}


@pytest.mark.parametrize(
    ("attribute_id", "why"),
    [
        *((keyword, "it is a keyword of CEL") for keyword in sorted(KEYWORDS)),
        ("segments", "the name is taken"),
        ("DESCRIPTOR", "the name is taken"),
        ("segments_", "it differs from 'segments' by underscores only"),
        ("", r"ids match \[A-Za-z\]"),
        ("1st", r"ids match \[A-Za-z\]"),
        ("_a", r"ids match \[A-Za-z\]"),
        ("a-b", r"ids match \[A-Za-z\]"),
        ("é", r"ids match \[A-Za-z\]"),
        ("x" * 64, r"ids match \[A-Za-z\]"),
    ],
)
def test_refused(attribute_id: str, why: str) -> None:
    """Keywords, taken names and other spellings are refused, with the id as metadata."""
    with pytest.raises(AttributeIdError, match=why) as failure:
        check_attribute_id(attribute_id)
    given = {"value": attribute_id} if attribute_id else {}
    assert failure.value.metadata == {"field": "attribute_id", **given}


def test_unique_in_lower_camel() -> None:
    """Two ids that JSON would spell alike do not stand beside each other."""
    with pytest.raises(AttributeIdError, match="it differs from 'lastLogin' by underscores only"):
        check_attribute_id("last_login", ["age", "lastLogin"])
    check_attribute_id("lastlogin", ["age", "lastLogin"])
    check_attribute_id("age", ["age"])


@pytest.mark.parametrize(("attribute_id", "camel"), [("a_b", "aB"), ("a__b_", "aB"), ("A_b", "AB"), ("a1_2", "a12")])
def test_lower_camel(attribute_id: str, camel: str) -> None:
    """Underscores go, and what follows them becomes a capital."""
    assert lower_camel(attribute_id) == camel
