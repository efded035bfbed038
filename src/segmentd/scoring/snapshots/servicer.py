"""SnapshotService of the API: decode, call, encode; on a worker what evaluates or reads files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from segmentd.api.names import SNAPSHOT_ID, SnapshotName, parse_ledger_name, parse_new_id, parse_snapshot_name
from segmentd.api.paging import cut_page, next_page_token, page_limit, parse_page_token
from segmentd.api.v1 import snapshot_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.errors import SegmentdError
from segmentd.scoring.snapshots.messages import decode_draft, encode_comparison, encode_snapshot
from segmentd.scoring.snapshots.paths import placed_in_snapshot
from segmentd.scoring.snapshots.service import Snapshots
from segmentd.scoring.workers import Cancellation, Workers

Context = grpc.aio.ServicerContext[Any, Any]


class SnapshotServicer:
    """The methods of SnapshotService, each from a request's bytes to a message. Raises SegmentdError."""

    def __init__(self, snapshots: Snapshots, workers: Workers) -> None:
        self._snapshots = snapshots
        self._workers = workers

    async def CreateSnapshot(self, request: bytes, context: Context) -> pb.Snapshot:
        """Evaluate and keep."""
        message = parse_request(pb.CreateSnapshotRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        name = SnapshotName(ledger_id, parse_new_id(message.snapshot_id, "snapshot_id", SNAPSHOT_ID))
        cancellation = Cancellation(context.time_remaining())
        try:
            draft = decode_draft(message.snapshot)
            create = partial(self._snapshots.create, name, draft, cancellation)
            return encode_snapshot(await self._workers.run(create, cancellation))
        except SegmentdError as error:
            raise placed_in_snapshot(error) from error.__cause__

    async def GetSnapshot(self, request: bytes, _context: Context) -> pb.Snapshot:
        """Return a snapshot."""
        message = parse_request(pb.GetSnapshotRequest, request)
        return encode_snapshot(self._snapshots.get(parse_snapshot_name(message.name, "name")))

    async def ListSnapshots(self, request: bytes, _context: Context) -> pb.ListSnapshotsResponse:
        """Return a page of a ledger's snapshots."""
        return await asyncio.to_thread(self._list, request)

    async def DeleteSnapshot(self, request: bytes, _context: Context) -> Empty:
        """Delete a snapshot."""
        name = parse_snapshot_name(parse_request(pb.DeleteSnapshotRequest, request).name, "name")
        await asyncio.to_thread(self._snapshots.delete, name)
        return Empty()

    async def CompareSnapshots(
        self, request: bytes, context: Context
    ) -> AsyncGenerator[pb.CompareSnapshotsResponse, None]:
        """Compare; the next page is made when the one before was taken."""
        message = parse_request(pb.CompareSnapshotsRequest, request)
        name = parse_snapshot_name(message.name, "name")
        other = parse_snapshot_name(message.other, "other") if message.other else None
        cancellation = Cancellation(context.time_remaining())
        compared = await self._workers.run(
            lambda: self._snapshots.compare(name, other, message.segments, cancellation), cancellation
        )
        pages = encode_comparison(compared, counts_only=message.counts_only)
        while (page := await self._workers.run(lambda: next(pages, None), cancellation)) is not None:
            yield page

    def _list(self, request: bytes) -> pb.ListSnapshotsResponse:
        message = parse_request(pb.ListSnapshotsRequest, request)
        limit = page_limit(message.page_size)
        ledger_id = parse_ledger_name(message.parent, "parent")
        arguments = ("snapshots", ledger_id)
        snapshots = self._snapshots.list_after(ledger_id, parse_page_token(message.page_token, *arguments))
        page = cut_page(snapshots, limit, encode_snapshot)
        token = next_page_token([snapshot.name.snapshot for snapshot in snapshots], len(page), *arguments)
        return pb.ListSnapshotsResponse(snapshots=page, next_page_token=token)
