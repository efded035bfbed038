"""The method of LedgerService that writes records: decoded on workers, written in the order of the stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import Future
from contextlib import aclosing
from functools import partial
from typing import Any, Final, Protocol

import grpc

from segmentd.api.read_ahead import answer_in_order
from segmentd.api.surroundings import Surroundings
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.facts.off_loop import OffLoop
from segmentd.facts.records import RecordBatch, WriteOutcome
from segmentd.facts.writing.decoding_room import DecodingRoom
from segmentd.facts.writing.line import Line, Turn
from segmentd.facts.writing.messages import encode_outcome
from segmentd.facts.writing.requests import Categories, decode_request
from segmentd.ledger.vocabulary import Vocabularies

Context = grpc.aio.ServicerContext[Any, Any]

READ_AHEAD: Final = 64
"""Requests of a stream that are read before the first of them is answered: a commit can take as many."""

READ_AHEAD_BYTES: Final = 1 << 26
"""64 MiB of them, or one."""


class Ingestion(Protocol):
    """Who writes batches, in the order in which they are handed in."""

    async def offer(
        self, ledger_id: str, batch: RecordBatch, batch_id: str, *, all_or_nothing: bool, validate_only: bool
    ) -> Future[WriteOutcome]:
        """Hand in a batch as soon as there is room; the future is what becomes of it, once that is on disk."""


class RecordServicer:
    """The method of LedgerService that writes records. Raises SegmentdError."""

    def __init__(
        self,
        ingestion: Ingestion,
        vocabularies: Vocabularies,
        categories: Categories,
        off_loop: OffLoop,
        surroundings: Surroundings,
    ) -> None:
        self._ingestion = ingestion
        self._vocabularies = vocabularies
        self._categories = categories
        self._off_loop = off_loop
        self._around = surroundings
        self._room = DecodingRoom()

    async def WriteRecords(self, requests: AsyncIterator[bytes], context: Context) -> AsyncGenerator[bytes, None]:
        """Write many batches, and answer each in order; a wrong one is answered by its error."""
        line = Line()

        async def outcome(request: bytes) -> bytes:
            writing = self._write(request, line.join(request), context.time_remaining())
            del request  # the request is kept no longer than until it is decoded
            try:
                answer = await writing
            except Exception as error:  # noqa: BLE001 - one request fails, and the stream goes on
                answer = pb.WriteRecordsResponse(error=self._around.explain(error))
            return answer.SerializeToString()

        answers = answer_in_order(requests, outcome, read_ahead=READ_AHEAD, max_size=READ_AHEAD_BYTES, size_of=len)
        async with aclosing(answers):
            async for answer in answers:
                yield answer

    async def _write(self, raw: bytes, turn: Turn, remaining_s: float | None) -> pb.WriteRecordsResponse:
        async with turn:
            self._around.check_size(raw)
            await turn.begin()
            async with self._room.place(turn.parent, self._categories.edition(turn.parent)) as place:
                gone = threading.Event()
                job = partial(decode_request, raw, turn.parent, self._vocabularies, self._categories, gone.is_set)
                try:
                    request = await self._off_loop(partial(place.work, job), remaining_s, len(raw))
                finally:
                    gone.set()
                del raw, job
                place.holds(request.batch)
                await turn.come()
                written = await self._ingestion.offer(
                    request.ledger_id,
                    request.batch,
                    request.batch_id,
                    all_or_nothing=request.all_or_nothing,
                    validate_only=request.validate_only,
                )
        rows, batch_id = request.rows, request.batch_id
        del request
        outcome = await asyncio.wrap_future(written)
        self._around.note_rows(rows)
        return encode_outcome(batch_id, outcome)
