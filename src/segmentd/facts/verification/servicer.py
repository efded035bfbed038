"""The method of LedgerService that verifies a ledger, on workers, a block at a time."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import grpc

from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.facts.off_loop import OffLoop
from segmentd.facts.verification.messages import encode_step
from segmentd.facts.verification.service import Verification
from segmentd.ledger.editions import now_us

Context = grpc.aio.ServicerContext[Any, Any]


class VerificationServicer:
    """The method of LedgerService that verifies a ledger. Raises SegmentdError."""

    def __init__(self, verification: Verification, off_loop: OffLoop) -> None:
        self._verification = verification
        self._off_loop = off_loop

    async def VerifyLedger(self, request: bytes, context: Context) -> AsyncGenerator[pb.VerifyLedgerResponse, None]:
        """Verify a ledger; a caller who goes ends it after the block that is being looked at."""
        ledger_id = parse_ledger_name(parse_request(pb.VerifyLedgerRequest, request).name, "name")
        gone = threading.Event()
        steps = self._verification.verify(ledger_id, now_us(), gone.is_set)
        try:
            while (step := await self._off_loop(partial(next, steps, None), context.time_remaining(), 0)) is not None:
                yield encode_step(step)
        finally:
            gone.set()
