"""Compares what segmentd answers with what SQL says, customer by customer, and tells the differences to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tests.real.definitions import Definitions
from tests.real.expected import Customers, Verdict

_SHOWN_CUSTOMERS: Final = 5
_SHOWN_SEGMENTS: Final = 20


def report_differences(
    answered: Mapping[str, Verdict], expected: Mapping[str, Verdict], definitions: Definitions, customers: Customers
) -> str:
    """Every difference: segment, sentence, expression, and for some customers both answers and the values read.

    Empty where all agree. Segments that only one side has are differences too.
    """
    one_sided = sorted(answered.keys() ^ expected.keys())
    lines = [f"segments in one answer only: {', '.join(one_sided)}"] if one_sided else []
    differing = [name for name in expected if name in answered and answered[name] != expected[name]]
    for name in differing[:_SHOWN_SEGMENTS]:
        lines += _differences(name, answered[name], expected[name], definitions, customers)
    if len(differing) > _SHOWN_SEGMENTS:
        lines.append(f"and {len(differing) - _SHOWN_SEGMENTS} more segments")
    return "\n".join(lines)


def _differences(
    name: str, answered: Verdict, expected: Verdict, definitions: Definitions, customers: Customers
) -> Iterator[str]:
    segment = definitions.segments[name]
    differing = sorted(
        (answered.members ^ expected.members) | (answered.unknowns ^ expected.unknowns), key=lambda id_: (len(id_), id_)
    )
    yield f"{name}: {len(differing)} customers differ"
    yield f"    sentence:   {segment.sentence}"
    yield f"    expression: {segment.expression}"
    for customer in differing[:_SHOWN_CUSTOMERS]:
        values = customers.describe(customer, definitions.given_attributes(segment.expression))
        yield f"    segmentd {_word(answered, customer)}, SQL {_word(expected, customer)}: {values}"


def _word(verdict: Verdict, customer: str) -> str:
    words = [word for word, group in (("in", verdict.members), ("unknown", verdict.unknowns)) if customer in group]
    return " and ".join(words) or "out"
