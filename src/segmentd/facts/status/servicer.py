"""The method of LedgerService that tells the status of a ledger's facts, on workers."""

from __future__ import annotations

from functools import partial
from typing import Any

import grpc

from segmentd.api.names import parse_ledger_status_name
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request, to_timestamp
from segmentd.facts.off_loop import OffLoop
from segmentd.facts.status.service import FactsStatus, LedgerStatuses
from segmentd.moments import moment_of

Context = grpc.aio.ServicerContext[Any, Any]


class StatusServicer:
    """The method of LedgerService that tells the status of a ledger's facts. Raises SegmentdError."""

    def __init__(self, statuses: LedgerStatuses, off_loop: OffLoop) -> None:
        self._statuses = statuses
        self._off_loop = off_loop

    async def GetLedgerStatus(self, request: bytes, context: Context) -> pb.LedgerStatus:
        """Return the status of a ledger's facts."""
        name = parse_request(pb.GetLedgerStatusRequest, request).name
        look_up = partial(self._statuses.status, parse_ledger_status_name(name, "name"))
        return _encode(await self._off_loop(look_up, context.time_remaining(), 0))


def _encode(status: FactsStatus) -> pb.LedgerStatus:
    written, past_from = (moment_of(each) for each in (status.written_us, status.past_from_us))
    return pb.LedgerStatus(
        name=f"ledgers/{status.ledger_id}/status",
        data_version=status.version,
        write_time=to_timestamp(written) if status.written_us else None,
        record_counts=[pb.RecordCount(kind=kind.value, row_count=count) for kind, count in status.counts.items()],
        checkpoint_version=status.checkpoint_version,
        checkpoint_bytes=status.checkpoint_bytes,
        journal_bytes=status.journal_bytes,
        data_directory_bytes=status.directory_bytes,
        pending_erasure_count=status.pending_erasures,
        past_value_count=status.past_values,
        past_start_time=to_timestamp(past_from) if status.past_from_us else None,
    )
