"""Segments and attributes that go over accounts or owners: they follow what they read there."""

from __future__ import annotations

import pytest

from segmentd.api.v1 import aggregate_pb2 as aggregate_pb
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.errors import ErrorReason
from segmentd.language import Environment, ExpressionError
from segmentd.schema import INT64, STRING, AttributeSpec, Schema, Subject
from segmentd.segments.definitions import DefinitionsError, parse_definitions
from tests.segments.assembly import MAIN, Assembly, call, refusal

ACCOUNT = subject_pb2.SUBJECT_ACCOUNT
SAVER = 'customer.accounts.exists(a, a.kind == "SAVINGS" && a.balance > 100.00)'


async def test_built_in_fields_of_accounts_are_there(services: Assembly) -> None:
    """A ledger without any attribute has segments over accounts, in its currency."""
    await services.add_ledger()
    await services.add_segment("saver", SAVER)
    await services.add_segment("joint", "account.owners.size() > 1", subject=ACCOUNT)
    error = await refusal(services.add_segment("odd", "customer.accounts.exists(a, a.balance > 1.001)"))
    assert error.reason is ErrorReason.DECIMAL_MISUSE


async def test_an_attribute_of_accounts_is_in_use_by_customers(services: Assembly) -> None:
    """What reads it in a macro is named where it would be deleted: segments, and computed attributes."""
    await services.add_ledger()
    await services.add_attribute("account.rank")
    await services.add_segment("ranked", "customer.accounts.exists(a, a.rank > 3)")
    await services.add_attribute("customer.ranked", expression="customer.accounts.all(a, a.rank > 3)")
    error = await refusal(services.delete_attribute("account.rank"))
    assert error.metadata["used_by"] == "segments/ranked, attributes/customer.ranked"
    await services.delete_segment("ranked")
    await services.delete_attribute("customer.ranked")
    await services.delete_attribute("account.rank")


async def test_definitions_follow_what_accounts_have(services: Assembly) -> None:
    """A computed attribute of accounts that becomes another changes the segments of customers that read it."""
    await services.add_ledger()
    await services.add_attribute("account.rank")
    await services.add_attribute("account.high", expression="account.rank > 3")
    await services.add_attribute("customer.important", expression="customer.accounts.exists(a, a.high)")
    await services.add_segment("important", "customer.important")
    await services.add_segment("untouched", "customer.accounts.size() > 1")
    before = services.catalogue()
    await services.update_attribute("account.high", "expression", expression="account.rank > 4")
    after = services.catalogue()
    assert "4" in repr(after.definitions(Subject.CUSTOMER)["important"])
    assert after.segments["untouched"].expression is before.segments["untouched"].expression
    wrong = "account.rank > 4 ? 'a' : 'b'"
    error = await refusal(services.update_attribute("account.high", "expression", expression=wrong))
    assert error.reason in (ErrorReason.EXPRESSION_TYPE, ErrorReason.ATTRIBUTE_IN_USE)


@pytest.mark.parametrize("attribute_id", ["customer.accounts", "account.owners"])
async def test_the_names_of_items_are_taken(services: Assembly, attribute_id: str) -> None:
    """No attribute may hide what macros go over; the same id is free on the other subject."""
    await services.add_ledger()
    error = await refusal(services.add_attribute(attribute_id))
    assert error.reason is ErrorReason.INVALID_FIELD
    assert "which macros go over" in error.message
    await services.add_attribute({"customer.accounts": "account.accounts"}.get(attribute_id, "customer.owners"))


def test_the_names_of_items_are_taken_in_files() -> None:
    """A file says so at the line of the attribute."""
    text = "attributes:\n  - {id: age, type: INT64}\n  - {id: accounts, type: INT64}\n"
    with pytest.raises(DefinitionsError, match="which macros go over") as raised:
        parse_definitions(text, "bank.yaml").catalogue()
    assert [problem.line for problem in raised.value.problems] == [3]


def test_an_attribute_of_old_hides_what_macros_go_over() -> None:
    """Ledgers that had such an attribute keep it: expressions mean what they meant."""
    accounts = Schema(Subject.ACCOUNT, (AttributeSpec("kind", STRING),))
    customers = Schema(Subject.CUSTOMER, (AttributeSpec("accounts", INT64),))
    environment = Environment(customers, {"accounts": accounts})
    assert environment.compile("customer.accounts > 2").attributes == {"accounts"}
    with pytest.raises(ExpressionError, match="macros do not go over INT64"):
        environment.compile("customer.accounts.exists(a, a.kind == 'x')")


async def test_aggregates_have_no_macros(services: Assembly) -> None:
    """A filter of an aggregate says that macros are not for it."""
    await services.add_ledger()
    aggregate = aggregate_pb.Aggregate(
        source=aggregate_pb.AGGREGATE_SOURCE_ACCOUNTS,
        function=aggregate_pb.AGGREGATE_FUNCTION_COUNT,
        filter="account.owners.size() > 1",
    )
    error = await refusal(services.add_attribute("customer.joint", aggregate=aggregate))
    assert "macros stand neither inside of each other nor in aggregates" in error.message


def test_files_have_macros() -> None:
    """Definitions in a file go over accounts, by their declared and built-in attributes, and so get their types."""
    text = """
attributes:
  - {subject: ACCOUNT, id: rank, type: INT64}
  - {id: top, expression: "customer.accounts.filter(a, a.rank > 3).size()"}
segments:
  - {id: saver, expression: "customer.accounts.exists(a, a.kind == 'SAVINGS') && customer.top > 1"}
"""
    catalogue = parse_definitions(text, "bank.yaml").catalogue()
    assert str(catalogue.attributes[Subject.CUSTOMER]["top"].type) == "INT64"
    assert catalogue.segments["saver"].expression.item_attributes == {(Subject.ACCOUNT, "kind")}


async def test_checking_says_what_is_read(services: Assembly) -> None:
    """CheckExpression takes a macro as it takes any other condition."""
    await services.add_ledger()
    request = pb.CheckExpressionRequest(parent=MAIN, expression=SAVER)
    answer = await call(services.segments.CheckExpression, request)
    assert answer.valid
    assert list(answer.attributes) == ["account.balance", "account.kind"]
