"""CheckExpression: what an expression means, or what is wrong with it, without storing."""

from __future__ import annotations

import pytest

from segmentd.api.v1 import attribute_service_pb2 as attribute_pb
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.v1 import subject_pb2
from segmentd.errors import ErrorReason
from tests.segments.assembly import Assembly, fields_of, refusal

ERROR, WARNING = pb.ExpressionIssue.SEVERITY_ERROR, pb.ExpressionIssue.SEVERITY_WARNING


@pytest.fixture
async def bank(services: Assembly) -> Assembly:
    """A ledger with attributes and a segment."""
    await services.add_ledger()
    await services.add_attribute("customer.income", type="ATTRIBUTE_TYPE_DOUBLE")
    await services.add_attribute("customer.country", type="ATTRIBUTE_TYPE_STRING")
    decimal = attribute_pb.DecimalFormat(scale=2, currency_code="EUR")
    await services.add_attribute("customer.balance", type="ATTRIBUTE_TYPE_DECIMAL", decimal=decimal)
    await services.add_segment("premium", "customer.income > 3000")
    return services


async def test_a_valid_expression_is_described(bank: Assembly) -> None:
    """Its type, and the attributes and segments that it refers to, sorted."""
    answer = await bank.check("'premium' in customer.segments && customer.income > 3 && has(customer.country)")
    assert answer.valid
    assert answer.type == attribute_pb.ATTRIBUTE_TYPE_BOOL
    assert list(answer.attributes) == ["customer.country", "customer.income"]
    assert list(answer.segments) == ["premium"]
    assert list(answer.issues) == []
    assert not answer.HasField("decimal")


async def test_types_of_computed_attributes_are_valid_too(bank: Assembly) -> None:
    """With scale and currency of a decimal."""
    answer = await bank.check("customer.balance + 1.50")
    assert (answer.valid, answer.type) == (True, attribute_pb.ATTRIBUTE_TYPE_DECIMAL)
    assert (answer.decimal.scale, answer.decimal.currency_code) == (2, "EUR")


async def test_the_subject_says_whose_attributes_are_read(bank: Assembly) -> None:
    """Unspecified, the customer's."""
    account = await bank.check("account.kind == 'SAVINGS'", subject=subject_pb2.SUBJECT_ACCOUNT)
    assert list(account.attributes) == ["account.kind"]
    assert not (await bank.check("account.kind == 'SAVINGS'")).valid
    assert (await refusal(bank.check("true", subject=7))).reason is ErrorReason.INVALID_FIELD


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("customer.income >", "EXPRESSION_SYNTAX", 1, 18),
        ("customer.incom > 3", "UNKNOWN_ATTRIBUTE", 1, 10),
        ("true &&\n  customer.incom > 3", "UNKNOWN_ATTRIBUTE", 2, 12),
        ("'premum' in customer.segments", "UNKNOWN_SEGMENT", 1, 1),
        ("customer.country == 3", "EXPRESSION_TYPE", 1, 18),
        ("customer.balance * customer.balance", "DECIMAL_MISUSE", 1, 18),
        ("now - now", "EXPRESSION_TYPE", 1, 5),
    ],
)
async def test_a_wrong_expression_is_an_answer(bank: Assembly, text: str, reason: str, line: int, column: int) -> None:
    """With reason, place, and the line with a caret under the column."""
    answer = await bank.check(text)
    assert (answer.valid, answer.type) == (False, attribute_pb.ATTRIBUTE_TYPE_UNSPECIFIED)
    issue = answer.issues[0]
    assert (issue.severity, issue.reason, issue.line, issue.column) == (ERROR, reason, line, column)
    assert issue.message
    assert issue.snippet == text.split("\n")[line - 1] + "\n" + " " * (column - 1) + "^"


async def test_a_surprise_is_a_warning(bank: Assembly) -> None:
    """The expression stays valid; errors come before warnings."""
    answer = await bank.check("customer.country != 'DE'")
    assert answer.valid
    assert [(issue.severity, issue.reason) for issue in answer.issues] == [(WARNING, "")]
    answer = await bank.check("customer.country != 'DE' && 'gone' in customer.segments")
    assert not answer.valid
    assert [issue.severity for issue in answer.issues] == [ERROR, WARNING]


async def test_every_unknown_segment_is_an_issue(bank: Assembly) -> None:
    """In the order of the text."""
    answer = await bank.check("'zzz' in customer.segments || 'aaa' in customer.segments")
    assert [issue.column for issue in answer.issues] == [1, 31]


async def test_what_a_wrong_expression_reads_is_left_out(bank: Assembly) -> None:
    """Whatever is wrong with it."""
    for end in ("'gone' in customer.segments", "customer.country == 3", "customer.nope", "", "'premium'"):
        answer = await bank.check(f"'premium' in customer.segments && customer.income > 3 && {end}")
        assert not answer.valid
        assert (list(answer.attributes), list(answer.segments)) == ([], [])


async def test_very_long_and_very_deep_expressions_are_answers(bank: Assembly) -> None:
    """100,000 characters and 1,000 levels."""
    long, deep = await bank.check("true" + " || true" * 12_500), await bank.check("(" * 1_000 + "true" + ")" * 1_000)
    assert (long.issues[0].reason, deep.issues[0].reason) == ("EXPRESSION_TOO_LONG", "EXPRESSION_TOO_DEEP")


async def test_an_empty_expression_is_a_missing_field(bank: Assembly) -> None:
    """There is nothing to check."""
    error = await refusal(bank.check(""))
    assert (error.reason, fields_of(error)) == (ErrorReason.FIELD_REQUIRED, ["expression"])


async def test_checking_stores_nothing(bank: Assembly) -> None:
    """The catalogue is the very same."""
    before = bank.catalogue()
    await bank.check("customer.income > 3")
    await bank.check("customer.nope > 3")
    assert bank.catalogue() is before
