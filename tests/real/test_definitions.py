"""The segments of the real bank are a fair examination: many, telling, and over the whole language."""

from __future__ import annotations

from collections.abc import Mapping

from tests.real.definitions import Definitions
from tests.real.expected import Customers, Verdict


def test_there_are_at_least_thirty_segments(definitions: Definitions) -> None:
    """At least 30 segments, each explained by a sentence that ends with a full stop."""
    assert len(definitions.segments) >= 30
    sentences = {entry.id: entry.sentence for entry in definitions.segments.values()}
    sentences |= {entry.id: entry.sentence for entry in definitions.attributes.values()}
    assert [name for name, sentence in sentences.items() if not sentence.endswith(".")] == []


def test_every_segment_has_members_and_others(
    definitions: Definitions, expected: Mapping[str, Verdict], customers: Customers
) -> None:
    """Every segment has members, and customers who are certainly out."""
    everybody = len(customers.ids())
    trivial = [
        name for name, verdict in expected.items() if not 0 < len(verdict.members) < everybody - len(verdict.unknowns)
    ]
    assert trivial == []
    assert expected.keys() == definitions.segments.keys()


def test_many_segments_are_undecidable_for_somebody(expected: Mapping[str, Verdict]) -> None:
    """At least ten segments are undecidable for somebody."""
    assert sum(bool(verdict.unknowns) for verdict in expected.values()) >= 10


def test_an_undecidable_customer_says_so_in_the_sentence(definitions: Definitions) -> None:
    """A sentence says 'undecidable' exactly where the SQL knows of such customers."""
    segments = definitions.segments.values()
    silent = [s.id for s in segments if ("ndecidable" in s.sentence) != (s.sql_unknown != "false")]
    assert silent == []


def test_nobody_is_both_in_and_undecidable(expected: Mapping[str, Verdict]) -> None:
    """SQL never calls a customer a member and undecidable of one segment."""
    assert [name for name, verdict in expected.items() if verdict.members & verdict.unknowns] == []
