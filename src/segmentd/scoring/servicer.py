"""ScoringService of the API: decode, call, encode; on the event loop what is short, on a worker what is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.rpc import status_pb2

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import parse_request, subject_name
from segmentd.schema import Subject
from segmentd.scoring.batches import decode_batch
from segmentd.scoring.costs import INLINE_BYTES, INLINE_S, score_cost_s
from segmentd.scoring.evaluation import evaluation_pages
from segmentd.scoring.model import Answer, Plan
from segmentd.scoring.read_ahead import answer_in_order
from segmentd.scoring.request_parts import RequestParts, Subjects, split_request
from segmentd.scoring.requests import score_question
from segmentd.scoring.responses import encode_answer
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.scoring.workers import Cancellation, Workers

Context = grpc.aio.ServicerContext[Any, Any]

READ_AHEAD: Final = 4
"""Requests of a stream that are read before the first of them is answered."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the servicer needs of the server.

    `explain` makes the status that a failed request of a stream is answered with; `check_size` raises where such
    a request is too large; `note_rows` hears how many rows were answered, in the call's own task.
    """

    explain: Callable[[Exception], status_pb2.Status]
    check_size: Callable[[bytes], None]
    note_rows: Callable[[int], None]


class ScoringServicer:
    """The methods of ScoringService, each from a request's bytes to the bytes of its answers. Raises SegmentdError."""

    def __init__(self, scoring: Scoring, workers: Workers, surroundings: Surroundings) -> None:
        self._scoring = scoring
        self._workers = workers
        self._around = surroundings

    async def Score(self, request: bytes, context: Context) -> bytes:
        """Answer for one batch."""
        return await self._score(request, _UNARY, Cancellation(context.time_remaining()))

    async def StreamScores(self, requests: AsyncIterator[bytes], context: Context) -> AsyncGenerator[bytes, None]:
        """Answer many batches in order; a wrong one is answered by its error."""
        cancellation = Cancellation(context.time_remaining())

        async def outcome(request: bytes) -> bytes:
            try:
                self._around.check_size(request)
                return await self._score(request, _STREAMED, cancellation)
            except Exception as error:  # noqa: BLE001 - one request fails, and the stream goes on
                return pb.StreamScoresResponse(error=self._around.explain(error)).SerializeToString()

        async with aclosing(answer_in_order(requests, outcome, read_ahead=READ_AHEAD)) as responses:
            async for response in responses:
                yield response

    async def EvaluateSegments(self, request: bytes, context: Context) -> AsyncGenerator[bytes, None]:
        """Evaluate over the resident population. The next page is made when the one before was taken."""
        cancellation = Cancellation(context.time_remaining())
        message = parse_request(pb.EvaluateSegmentsRequest, request)
        pages = evaluation_pages(self._scoring, message, cancellation)
        noted = 0
        while (page := await self._workers.run(lambda: next(pages, None), cancellation)) is not None:
            self._around.note_rows(page.rows_done - noted)
            noted = page.rows_done
            yield page.response

    async def _score(self, raw: bytes, wire: _Wire, cancellation: Cancellation) -> bytes:
        """The bytes of the answer, from the event loop if it is short, else from a worker."""
        if self._is_short(raw, wire):
            response, rows = self._answer(raw, wire, None)
        else:
            response, rows = await self._workers.run(
                lambda: self._answer(raw, wire, cancellation), cancellation, size_bytes=len(raw)
            )
        self._around.note_rows(rows)
        return response

    def _is_short(self, raw: bytes, wire: _Wire) -> bool:
        if len(raw) > INLINE_BYTES:
            return False
        parts = wire.split(raw)
        question = score_question(parts.parse_question())
        program = self._scoring.kept_program(question)
        return program is not None and score_cost_s(parts, program, question.form) <= INLINE_S

    def _answer(self, raw: bytes, wire: _Wire, cancelled: Cancelled | None) -> tuple[bytes, int]:
        parts = wire.split(raw)
        request = parts.parse_question()
        plan = self._scoring.plan(score_question(request))
        answer = self._evaluate(plan, parts, cancelled)
        response = encode_answer(plan, answer, include_benefits=request.include_benefits, cancelled=cancelled)
        return wire.serialize(response), answer.verdicts.rows

    def _evaluate(self, plan: Plan, parts: RequestParts, cancelled: Cancelled | None) -> Answer:
        match parts.subjects:
            case Subjects.NOBODY:
                raise FieldRequiredError("features", "or customers must be set")
            case Subjects.CUSTOMERS:
                customers = parts.parse_body(pb.ResidentCustomers)
                if plan.question.subject is not Subject.CUSTOMER:
                    given = subject_name(plan.question.subject)
                    raise InvalidFieldError("subject", given, "resident subjects are customers")
                return self._scoring.score_residents(plan, customers.ids, cancelled)
            case _:
                schema = plan.catalogue.schemas[plan.question.subject]
                return self._scoring.score_features(plan, decode_batch(parts, schema), cancelled)


@dataclass(frozen=True, slots=True)
class _Wire:
    """How a request and its answer lie in the messages of a method."""

    split: Callable[[bytes], RequestParts]
    serialize: Callable[[pb.ScoreResponse], bytes]


_UNARY: Final = _Wire(
    split=lambda raw: split_request(raw, streamed=False),
    serialize=lambda response: response.SerializeToString(),
)

_STREAMED: Final = _Wire(
    split=lambda raw: split_request(raw, streamed=True),
    serialize=lambda response: pb.StreamScoresResponse(response=response).SerializeToString(),
)
