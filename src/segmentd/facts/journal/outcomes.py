"""Why rows were rejected and who was erased, as texts that the journal keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from segmentd.facts.journal.model import Traces
from segmentd.facts.records import Rejection

FORGOTTEN: Final = "what was wrong is not kept, since a customer was erased after it"
"""The message of rejected rows after an erasure: what it said may have quoted the customer's values."""


def encode_rejections(rejected: Sequence[Rejection]) -> str | None:
    """JSON, a triple a row; None where no row was rejected."""
    if not rejected:
        return None
    return json.dumps([(each.row, each.field, each.message) for each in rejected], ensure_ascii=False)


def decode_rejections(text: str | None) -> tuple[Rejection, ...]:
    """The rejections that were encoded."""
    return () if text is None else tuple(Rejection(*each) for each in json.loads(text))


def without_messages(text: str) -> str | None:
    """The same rows and fields without a word of what they held."""
    return encode_rejections([Rejection(each.row, each.field, FORGOTTEN) for each in decode_rejections(text)])


def encode_traces(traces: Traces) -> str:
    """JSON: customers, accounts."""
    return json.dumps([traces.customers, traces.accounts], ensure_ascii=False)


def decode_traces(text: str | None) -> Traces:
    """The traces that were encoded; none of None."""
    return Traces() if text is None else Traces(*map(tuple, json.loads(text)))
