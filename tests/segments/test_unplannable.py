"""Expressions that could be compiled and never planned are refused when they are defined."""

from __future__ import annotations

from typing import Final

import pytest

from segmentd.errors import ErrorReason, SegmentdError
from tests.segments.assembly import Assembly, fields_of, refusal

TEXT: Final = "+".join(f'(customer.xd>{i}.0?"a":"b")' for i in range(20))
CONDITION: Final = f"{TEXT}==customer.xs"


@pytest.fixture
async def bank(services: Assembly) -> Assembly:
    """A ledger with a number and a text."""
    await services.add_ledger()
    await services.add_attribute("customer.xd", type="ATTRIBUTE_TYPE_DOUBLE")
    await services.add_attribute("customer.xs", type="ATTRIBUTE_TYPE_STRING")
    return services


def assert_multiplies(error: SegmentdError, field: str) -> None:
    """The error says of the field that its ternaries multiply."""
    assert error.reason is ErrorReason.EXPRESSION_TOO_DEEP
    assert "multiply" in error.message
    assert fields_of(error) == [field]
    assert error.metadata["line"] == "1"


async def test_no_segment_is_created(bank: Assembly) -> None:
    """Neither stored nor published."""
    version = bank.catalogue().version
    assert_multiplies(await refusal(bank.add_segment("wide", CONDITION)), "segment.expression")
    assert bank.segment_store.segments("main") == ()
    assert bank.catalogue().version == version


async def test_no_segment_is_updated(bank: Assembly) -> None:
    """It stays as it was."""
    before = await bank.add_segment("wide", "customer.xd > 1.0")
    assert_multiplies(
        await refusal(bank.update_segment("wide", "expression", expression=CONDITION)), "segment.expression"
    )
    assert await bank.get_segment("wide") == before


async def test_no_attribute_is_created(bank: Assembly) -> None:
    """Its text function is inside of it; a text of ternaries alone is no problem until a function reads it."""
    error = await refusal(bank.add_attribute("customer.wide", expression=CONDITION))
    assert_multiplies(error, "attribute.expression")
    assert [attribute.id for attribute in bank.attribute_store.attributes("main")] == ["xd", "xs"]


async def test_no_attribute_changes_into_one_that_its_readers_multiply(bank: Assembly) -> None:
    """The segment that reads it would no longer have a plan."""
    half = "+".join(f'(customer.xd>{i}.0?"a":"b")' for i in range(5))
    await bank.add_attribute("customer.first", type="ATTRIBUTE_TYPE_STRING", expression="customer.xs")
    await bank.add_segment("reader", f"customer.first+{half}==customer.xs")
    changed = {"type": "ATTRIBUTE_TYPE_STRING", "expression": f"customer.xd>0.0?{half}:customer.xs"}
    error = await refusal(bank.update_attribute("customer.first", "expression", **changed))
    assert error.reason is ErrorReason.ATTRIBUTE_IN_USE
    assert "segments/reader" in error.message


async def test_a_check_says_so(bank: Assembly) -> None:
    """As an issue with a place."""
    answer = await bank.check(CONDITION)
    assert not answer.valid
    (issue,) = answer.issues
    assert issue.reason == "EXPRESSION_TOO_DEEP"
    assert issue.line == 1
    assert issue.column > 1
