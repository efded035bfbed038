"""ScoringService of the API: decode, call, encode; on the event loop what is short, on a worker what is not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import grpc

from segmentd.api.errors import FieldRequiredError
from segmentd.api.read_ahead import answer_in_order
from segmentd.api.surroundings import Surroundings
from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import length_delimited, parse_request, undelimited
from segmentd.engine.short_scores.program import short_program
from segmentd.schema import Subject
from segmentd.scoring.batches import decode_batch
from segmentd.scoring.costs import INLINE_BYTES, INLINE_S, score_cost_s
from segmentd.scoring.evaluation import evaluation_pages
from segmentd.scoring.model import Answer, Plan, Question
from segmentd.scoring.request_parts import RequestParts, Subjects, split_request
from segmentd.scoring.requests import score_question
from segmentd.scoring.responses import encode_answer
from segmentd.scoring.service import Cancelled, Scoring
from segmentd.scoring.short_scores import MAX_BYTES, ShortScores
from segmentd.scoring.workers import Cancellation, Workers

Context = grpc.aio.ServicerContext[Any, Any]

READ_AHEAD: Final = 4
"""Requests of a stream that are read before the first of them is answered."""


class ScoringServicer:
    """The methods of ScoringService, each from a request's bytes to the bytes of its answers. Raises SegmentdError."""

    def __init__(self, scoring: Scoring, workers: Workers, surroundings: Surroundings) -> None:
        self._scoring = scoring
        self._workers = workers
        self._around = surroundings
        self._short = ShortScores(scoring)

    async def Score(self, request: bytes, context: Context) -> bytes:
        """Answer for one batch."""
        asked = self._ask(request, _UNARY)
        return self._answer_known(asked) or await self._answer_new(asked, Cancellation(context.time_remaining()))

    async def StreamScores(self, requests: AsyncIterator[bytes], context: Context) -> AsyncGenerator[bytes, None]:
        """Answer many batches in order; a wrong one is answered by its error."""
        cancellation = Cancellation(context.time_remaining())

        async def outcome(request: bytes) -> bytes:
            try:
                self._around.check_size(request)
                asked = self._ask(request, _STREAMED)
                return self._answer_known(asked) or await self._answer_new(asked, cancellation)
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

    def _ask(self, raw: bytes, method: _Method) -> _Asked:
        request = method.unwrap(raw)
        return _Asked(method, raw, request, self._short.scan(request))

    def _answer_known(self, asked: _Asked) -> bytes | None:
        """The answer if requests of this shape are known."""
        known = None if asked.shape is None else self._short.answer(asked.shape)
        if known is None:
            return None
        response, rows = known
        self._around.note_rows(rows)
        return asked.method.wrap(response)

    async def _answer_new(self, asked: _Asked, cancellation: Cancellation) -> bytes:
        """The answer, from the event loop if that is quick, else from a worker. The next of its shape is known."""
        opened = asked.open() if len(asked.raw) <= INLINE_BYTES else None
        if opened is not None and self._is_quick(opened):
            scored = self._score(opened, None)
        else:
            job = partial(self._open_and_score, asked, opened, cancellation)
            # A stream's caller is slowed by waiting; one of a single request is told at once.
            run = self._workers.run_in_turn if asked.method.streamed else self._workers.run
            scored = await run(job, cancellation, size_bytes=len(asked.raw))
        if asked.shape is not None:
            self._short.learn(asked.shape, asked.request, scored.plan, scored.answer)
        self._around.note_rows(scored.answer.verdicts.rows)
        return scored.response

    def _is_quick(self, opened: _Opened) -> bool:
        program = self._scoring.kept_program(opened.question)
        return program is not None and score_cost_s(opened.parts, program, opened.question.form) <= INLINE_S

    def _open_and_score(self, asked: _Asked, opened: _Opened | None, cancelled: Cancelled) -> _Scored:
        scored = self._score(asked.open() if opened is None else opened, cancelled)
        if asked.shape is not None:
            # What takes a millisecond of learning the shape, so that the event loop finds it done.
            short_program(scored.plan.program)
        return scored

    def _score(self, opened: _Opened, cancelled: Cancelled | None) -> _Scored:
        plan = self._scoring.plan(opened.question)
        answer = self._evaluate(plan, opened.parts, cancelled)
        response = encode_answer(plan, answer, include_benefits=opened.include_benefits, cancelled=cancelled)
        return _Scored(opened.method.wrap(response.SerializeToString()), plan, answer)

    def _evaluate(self, plan: Plan, parts: RequestParts, cancelled: Cancelled | None) -> Answer:
        match parts.subjects:
            case Subjects.NOBODY:
                raise FieldRequiredError("features", "or customers or accounts must be set")
            case Subjects.CUSTOMERS:
                customers = parts.parse_body(pb.ResidentCustomers)
                return self._scoring.score_residents(plan, customers.ids, "customers.ids", cancelled)
            case Subjects.ACCOUNTS:
                accounts = parts.parse_body(pb.ResidentAccounts)
                return self._scoring.score_residents(plan, accounts.ids, "accounts.ids", cancelled)
            case _:
                schema = plan.catalogue.schemas[plan.question.subject]
                return self._scoring.score_features(plan, decode_batch(parts, schema), cancelled)


@dataclass(frozen=True, slots=True)
class _Method:
    """How a ScoreRequest and its answer lie in the messages of a method.

    `unwrap` gives the bytes of the ScoreRequest, or none where it takes a parser to find them or they are not short.
    """

    streamed: bool
    unwrap: Callable[[bytes], bytes]
    wrap: Callable[[bytes], bytes]


_ONLY_FIELD: Final = b"\x0a"
"""The tag of `request` and of `response`, the first fields of a stream's messages."""

_RESIDENT: Final = {Subjects.CUSTOMERS: Subject.CUSTOMER, Subjects.ACCOUNTS: Subject.ACCOUNT}
"""Whom a request that names them asks about."""

_UNARY: Final = _Method(streamed=False, unwrap=lambda raw: raw, wrap=lambda response: response)
_STREAMED: Final = _Method(
    streamed=True,
    unwrap=lambda raw: undelimited(_ONLY_FIELD, raw) if len(raw) <= MAX_BYTES else b"",
    wrap=lambda response: length_delimited(_ONLY_FIELD, response),
)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A request of whom the subjects have not been looked at yet."""

    method: _Method
    parts: RequestParts
    question: Question
    include_benefits: bool


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as it came; its ScoreRequest and the shape of that, where it is short."""

    method: _Method
    raw: bytes
    request: bytes
    shape: bytes | None

    def open(self) -> _Opened:
        """Raises SegmentdError with the field at fault."""
        parts = split_request(self.raw, streamed=self.method.streamed)
        request = parts.parse_question()
        question = score_question(request, _RESIDENT.get(parts.subjects))
        return _Opened(self.method, parts, question, request.include_benefits)


@dataclass(frozen=True, slots=True)
class _Scored:
    """The bytes of an answer, and what it was made of."""

    response: bytes
    plan: Plan
    answer: Answer
