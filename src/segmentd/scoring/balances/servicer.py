"""AggregateBalances of ScoringService: decode, call, encode, on a worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.scoring.balances.requests import balance_question
from segmentd.scoring.balances.responses import answer_pages
from segmentd.scoring.balances.service import BalanceReports
from segmentd.scoring.workers import Cancellation, Workers


class Call(Protocol):
    """What is asked of a call's context."""

    def time_remaining(self) -> float | None:
        """Seconds until the deadline; None: there is none."""


class BalancesServicer:
    """The method, from a request's bytes to the bytes of its answers. Raises SegmentdError."""

    def __init__(self, reports: BalanceReports, workers: Workers, note_rows: Callable[[int], None]) -> None:
        self._reports = reports
        self._workers = workers
        self._note_rows = note_rows

    async def AggregateBalances(self, request: bytes, context: Call) -> AsyncGenerator[bytes, None]:
        """Sum up balances. The next page is made when the one before was taken."""
        cancellation = Cancellation(context.time_remaining())
        message = parse_request(pb.AggregateBalancesRequest, request)
        question = balance_question(message)
        answer = await self._workers.run(lambda: self._reports.answer(question, cancellation), cancellation)
        self._note_rows(answer.report.totals.rows_in)
        pages = answer_pages(answer)
        while (page := await self._workers.run(lambda: next(pages, None), cancellation)) is not None:
            yield page
