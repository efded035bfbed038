"""Answers about balances as messages: pages of groups below 1 MiB, their basis first, what they are checked by last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.scoring.balances.groups import Groups
from segmentd.scoring.balances.service import Answer
from segmentd.scoring.responses import encode_basis

PAGE_BYTES: Final = 1 << 20
"""A message has no more, unless its frame alone does."""

FIELD_BYTES: Final = 8
"""What goes around a group at most: its tag and its length."""


def answer_pages(answer: Answer) -> Iterator[bytes]:
    """The bytes of AggregateBalancesResponses. Raises AmountOverflowError before the first."""
    groups = Groups(answer.question, answer.report, answer.scale)
    totals = groups.totals()
    page = pb.AggregateBalancesResponse(basis=encode_basis(answer.basis), frame=groups.frame(answer.currency_code))
    room = PAGE_BYTES - page.ByteSize() - totals.ByteSize()
    used = 0
    for number in groups.order.tolist():
        group = groups.encode(number)
        size = group.ByteSize() + FIELD_BYTES
        if used and used + size > room:
            yield page.SerializeToString()
            page, used, room = pb.AggregateBalancesResponse(), 0, PAGE_BYTES - totals.ByteSize()
        page.groups.append(group)
        used += size
    page.totals.CopyFrom(totals)
    yield page.SerializeToString()
