"""A difference is told so that a person can settle it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.real.definitions import Definitions
from tests.real.differences import report_differences
from tests.real.expected import Customers, Verdict


def test_equal_answers_need_no_report(
    expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """Where both sides say the same, there is nothing to tell."""
    assert report_differences(dict(expected), expected, definitions, customers) == ""


def test_a_wrong_unknown_is_told_with_the_values_read(
    expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """One customer taken for unknown is named with both answers and every value that the segment reads."""
    right = expected["saver"]
    customer = min(right.members, key=int)
    wrong = Verdict(right.members - {customer}, right.unknowns | {customer})
    report = report_differences({**expected, "saver": wrong}, expected, definitions, customers)
    assert "saver: 1 customers differ" in report
    assert f"segmentd unknown, SQL in: customer_id = {customer}, inflow3m = " in report
    assert "outflow3m = " in report
    assert "customer.netFlow3m > 0.00" in report


def test_a_lacking_segment_is_told(
    expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> None:
    """A segment that was not answered at all is a difference."""
    without = {name: verdict for name, verdict in expected.items() if name != "pensioner"}
    report = report_differences(without, expected, definitions, customers)
    assert report == "segments in one answer only: pensioner"


def test_nested_segments_show_the_values_behind_them(definitions: Definitions) -> None:
    """What a segment reads includes what the segments and computed attributes behind it read."""
    read = definitions.given_attributes(definitions.segments["careful_wealthy_pensioner"].expression)
    assert read == {"age", "balance", "gender", "lowestBalance", "monthsBelow5000", "pension"}
