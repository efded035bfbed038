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
from segmentd.api.wire import length_delimited, parse_request, subject_name, undelimited
from segmentd.schema import Subject
from segmentd.scoring.batches import decode_batch
from segmentd.scoring.costs import INLINE_BYTES, INLINE_S, score_cost_s
from segmentd.scoring.evaluation import evaluation_pages
from segmentd.scoring.model import Answer, Plan, Question
from segmentd.scoring.read_ahead import answer_in_order
from segmentd.scoring.request_parts import RequestParts, Subjects, split_request
from segmentd.scoring.requests import score_question
from segmentd.scoring.responses import encode_answer
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.scoring.short_scores import ShortScores
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
        self._short = ShortScores(scoring)

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
        """The bytes of the answer: at once if its like is known, from the event loop if it is short, else a worker."""
        request = wire.unwrap(raw)
        shape = None if request is None else self._short.scan(request)
        if request is None or shape is None:
            response, _, answer = await self._score_anew(raw, wire, cancellation)
        elif short := self._short.answer(shape):
            response, rows = short
            self._around.note_rows(rows)
            return wire.wrap(response)
        else:
            response, plan, answer = await self._score_anew(raw, wire, cancellation)
            self._short.learn(shape, request, plan, answer)
        self._around.note_rows(answer.verdicts.rows)
        return wire.wrap(response)

    async def _score_anew(self, raw: bytes, wire: _Wire, cancellation: Cancellation) -> tuple[bytes, Plan, Answer]:
        """The ScoreResponse, and what it was made of."""
        if len(raw) > INLINE_BYTES:
            return await self._workers.run(
                lambda: self._answer(_Opened.of(raw, wire), cancellation), cancellation, size_bytes=len(raw)
            )
        opened = _Opened.of(raw, wire)
        if self._is_short(opened):
            return self._answer(opened, None)
        return await self._workers.run(lambda: self._answer(opened, cancellation), cancellation, size_bytes=len(raw))

    def _is_short(self, opened: _Opened) -> bool:
        program = self._scoring.kept_program(opened.question)
        return program is not None and score_cost_s(opened.parts, program, opened.question.form) <= INLINE_S

    def _answer(self, opened: _Opened, cancelled: Cancelled | None) -> tuple[bytes, Plan, Answer]:
        plan = self._scoring.plan(opened.question)
        answer = self._evaluate(plan, opened.parts, cancelled)
        response = encode_answer(plan, answer, include_benefits=opened.include_benefits, cancelled=cancelled)
        return response.SerializeToString(), plan, answer

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
    """How a request and its answer lie in the messages of a method.

    `unwrap` gives the bytes of a ScoreRequest, or None where it takes a parser to find them.
    """

    split: Callable[[bytes], RequestParts]
    unwrap: Callable[[bytes], bytes | None]
    wrap: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A request of whom the subjects have not been looked at yet."""

    parts: RequestParts
    question: Question
    include_benefits: bool

    @classmethod
    def of(cls, raw: bytes, wire: _Wire) -> _Opened:
        """Raises SegmentdError with the field at fault."""
        parts = wire.split(raw)
        request = parts.parse_question()
        return cls(parts, score_question(request), request.include_benefits)


_ONLY_FIELD: Final = b"\x0a"
"""The tag of `request` and of `response`, the first fields of a stream's messages."""

_UNARY: Final = _Wire(
    split=lambda raw: split_request(raw, streamed=False),
    unwrap=lambda raw: raw,
    wrap=lambda response: response,
)

_STREAMED: Final = _Wire(
    split=lambda raw: split_request(raw, streamed=True),
    unwrap=lambda raw: undelimited(_ONLY_FIELD, raw) if len(raw) <= INLINE_BYTES else None,
    wrap=lambda response: length_delimited(_ONLY_FIELD, response),
)
