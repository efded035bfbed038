"""AggregateBalances of ScoringService: decode, call, encode, on a worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Protocol

from segmentd.api.v1 import scoring_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.scoring.balances.requests import balance_question
from segmentd.scoring.balances.responses import answer_pages
from segmentd.scoring.balances.service import BalanceReports
from segmentd.scoring.service import Cancelled
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
        pages = self._pages(message, cancellation)
        while (page := await self._workers.run(lambda: next(pages, None), cancellation)) is not None:
            yield page

    def _pages(self, message: pb.AggregateBalancesRequest, cancelled: Cancelled) -> Iterator[bytes]:
        answer = self._reports.answer(balance_question(message), cancelled)
        yield from answer_pages(answer)
