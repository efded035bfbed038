"""Answers as messages, stopped before they outgrow what every client accepts."""

from __future__ import annotations

from typing import Final

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.v1 import segment_service_pb2
from segmentd.scoring.computed import encode_computed
from segmentd.scoring.errors import ResponseTooLargeError
from segmentd.scoring.memberships import encode_memberships
from segmentd.scoring.model import Answer, Basis, Plan
from segmentd.segments.catalogue import Catalogue

MAX_RESPONSE_BYTES: Final = (4 << 20) - (64 << 10)
"""Clients in Go and Java accept 4 MiB unasked; the rest is for what goes around a message."""


class Budget:
    """The bytes that are left for an answer."""

    __slots__ = ("_used",)

    def __init__(self) -> None:
        self._used = 0

    def spend(self, size_bytes: int) -> None:
        """Note that the answer grew; raises ResponseTooLargeError once it is too large."""
        self._used += size_bytes
        if self._used > MAX_RESPONSE_BYTES:
            raise ResponseTooLargeError(self._used, MAX_RESPONSE_BYTES)


def encode_answer(plan: Plan, answer: Answer, *, include_benefits: bool) -> pb.ScoreResponse:
    """The response for a batch. Raises ResponseTooLargeError."""
    budget = Budget()
    response = pb.ScoreResponse(basis=encode_basis(answer.basis))
    response.memberships.CopyFrom(encode_memberships(answer.verdicts, plan.question.form, budget.spend))
    if answer.missing is not None:
        response.missing_rows.extend(answer.missing.tolist())
    for segment in plan.segments if include_benefits else ():
        benefits = _benefits(plan.catalogue, segment)
        budget.spend(benefits.ByteSize())
        response.benefits.append(benefits)
    time_zone = plan.catalogue.ledger.time_zone
    for computed in answer.computed:
        column = encode_computed(computed, answer.verdicts.rows, time_zone)
        budget.spend(column.ByteSize())
        response.computed.append(column)
    Budget().spend(response.ByteSize())
    return response


def encode_basis(basis: Basis) -> pb.AnswerBasis:
    """What an answer was computed from."""
    message = pb.AnswerBasis(
        catalogue_version=basis.catalogue_version,
        data_version=basis.data_version,
        absent_attributes=basis.absent,
    )
    message.now.FromMicroseconds(basis.now_us)
    return message


def _benefits(catalogue: Catalogue, segment: str) -> pb.SegmentBenefits:
    benefits = catalogue.segments[segment].segment.benefits
    return pb.SegmentBenefits(
        segment=segment,
        benefits=[
            segment_service_pb2.Benefit(id=each.id, display_name=each.display_name, description=each.description)
            for each in benefits
        ],
    )
