"""Answers as messages, stopped before they outgrow what every client accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.v1 import segment_service_pb2
from segmentd.engine import ComputedValues
from segmentd.engine.errors import EvaluationCancelledError
from segmentd.schema import Kind
from segmentd.scoring.computed import encode_computed
from segmentd.scoring.errors import ResponseTooLargeError
from segmentd.scoring.memberships import encode_memberships
from segmentd.scoring.model import Answer, Basis, Plan
from segmentd.segments.catalogue import Catalogue

Cancelled = Callable[[], bool]

MAX_RESPONSE_BYTES: Final = (4 << 20) - (64 << 10)
"""Clients in Go and Java accept 4 MiB unasked; the rest is for what goes around a message."""


class Budget:
    """The bytes that are left for an answer, while its caller waits for it."""

    __slots__ = ("_cancelled", "_used")

    def __init__(self, cancelled: Cancelled | None = None) -> None:
        self._cancelled = cancelled
        self._used = 0

    def spend(self, size_bytes: int) -> None:
        """Note that the answer grew.

        ResponseTooLargeError once it is too large, EvaluationCancelledError once nobody waits for it.
        """
        if self._cancelled is not None and self._cancelled():
            raise EvaluationCancelledError
        self._used += size_bytes
        if self._used > MAX_RESPONSE_BYTES:
            raise ResponseTooLargeError(self._used, MAX_RESPONSE_BYTES)


def encode_answer(
    plan: Plan, answer: Answer, *, include_benefits: bool, cancelled: Cancelled | None = None
) -> pb.ScoreResponse:
    """The response for a batch. `cancelled` is asked per segment and per column. Raises as `Budget.spend`."""
    budget = Budget(cancelled)
    check_columns(answer.computed, answer.verdicts.rows)
    response = pb.ScoreResponse(basis=encode_basis(answer.basis))
    response.memberships.CopyFrom(encode_memberships(answer.verdicts, plan.question.form, budget.spend))
    if answer.missing is not None:
        response.missing_rows.extend(answer.missing.tolist())
    for benefits in encode_benefits(plan) if include_benefits else ():
        budget.spend(benefits.ByteSize())
        response.benefits.append(benefits)
    time_zone = plan.catalogue.ledger.time_zone
    for computed in answer.computed:
        budget.spend(0)
        column = encode_computed(computed, answer.verdicts.rows, time_zone)
        budget.spend(column.ByteSize())
        response.computed.append(column)
    Budget().spend(response.ByteSize())
    return response


def check_columns(computed: Sequence[ComputedValues], rows: int) -> None:
    """Refuse columns that are too large for an answer whatever their values, before one is encoded."""
    Budget().spend(sum(rows * (8 if each.type.kind is Kind.DOUBLE else 1) for each in computed))


def encode_basis(basis: Basis) -> pb.AnswerBasis:
    """What an answer was computed from."""
    message = pb.AnswerBasis(
        catalogue_version=basis.catalogue_version,
        data_version=basis.data_version,
        absent_attributes=basis.absent,
    )
    message.now.FromMicroseconds(basis.now_us)
    return message


def encode_benefits(plan: Plan) -> Iterator[pb.SegmentBenefits]:
    """The benefits of each asked segment."""
    return (_benefits(plan.catalogue, segment) for segment in plan.segments)


def _benefits(catalogue: Catalogue, segment: str) -> pb.SegmentBenefits:
    benefits = catalogue.segments[segment].segment.benefits
    return pb.SegmentBenefits(
        segment=segment,
        benefits=[
            segment_service_pb2.Benefit(id=each.id, display_name=each.display_name, description=each.description)
            for each in benefits
        ],
    )
