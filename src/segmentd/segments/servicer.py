"""SegmentService of the API: decode, call, encode. None of it runs on the event loop but reading one segment."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import grpc
from google.protobuf.empty_pb2 import Empty

from segmentd.api.masks import ALL, chosen_fields, populated_fields
from segmentd.api.names import SEGMENT_ID, SegmentName, parse_ledger_name, parse_new_id, parse_segment_name
from segmentd.api.paging import cut_page, next_page_token, page_limit, parse_page_token
from segmentd.api.v1 import segment_service_pb2 as pb
from segmentd.api.wire import parse_request, to_subject
from segmentd.segments.drafts import SegmentDraft
from segmentd.segments.filters import parse_filter
from segmentd.segments.messages import decode_segment, encode_meaning, encode_segment
from segmentd.segments.service import SegmentService
from segmentd.storage import Writer

Context = grpc.aio.ServicerContext[bytes, object]


class SegmentServicer:
    """The methods of SegmentService, each from a request's bytes to a message. Raises SegmentdError."""

    def __init__(self, service: SegmentService, writer: Writer) -> None:
        self._service = service
        self._writer = writer

    async def CreateSegment(self, request: bytes, _context: Context) -> pb.Segment:
        """Create a segment."""
        return await self._writer.run(lambda: self._create(request))

    async def GetSegment(self, request: bytes, _context: Context) -> pb.Segment:
        """Return a segment."""
        name = parse_segment_name(parse_request(pb.GetSegmentRequest, request).name, "name")
        return encode_segment(name.ledger, self._service.get(name))

    async def ListSegments(self, request: bytes, _context: Context) -> pb.ListSegmentsResponse:
        """Return a page of a ledger's segments."""
        return await asyncio.to_thread(self._list, request)

    async def UpdateSegment(self, request: bytes, _context: Context) -> pb.Segment:
        """Change the chosen fields of a segment."""
        return await self._writer.run(lambda: self._update(request))

    async def DeleteSegment(self, request: bytes, _context: Context) -> Empty:
        """Delete a segment."""
        return await self._writer.run(lambda: self._delete(request))

    async def CheckExpression(self, request: bytes, _context: Context) -> pb.CheckExpressionResponse:
        """Say what an expression means or what is wrong with it."""
        return await asyncio.to_thread(self._check, request)

    def _create(self, request: bytes) -> pb.Segment:
        message = parse_request(pb.CreateSegmentRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        name = SegmentName(ledger_id, parse_new_id(message.segment_id, "segment_id", SEGMENT_ID))
        draft = decode_segment(message.segment)
        return encode_segment(ledger_id, self._service.create(name, draft, validate_only=message.validate_only))

    def _list(self, request: bytes) -> pb.ListSegmentsResponse:
        message = parse_request(pb.ListSegmentsRequest, request)
        limit = page_limit(message.page_size)
        ledger_id = parse_ledger_name(message.parent, "parent")
        wanted = parse_filter(message.filter)
        arguments = ("segments", ledger_id, message.filter)
        segments = self._service.list_after(ledger_id, parse_page_token(message.page_token, *arguments), wanted)
        page = cut_page(segments, limit, lambda segment: encode_segment(ledger_id, segment))
        token = next_page_token([segment.id for segment in segments], len(page), *arguments)
        return pb.ListSegmentsResponse(segments=page, next_page_token=token)

    def _update(self, request: bytes) -> pb.Segment:
        message = parse_request(pb.UpdateSegmentRequest, request)
        name = parse_segment_name(message.segment.name, "segment.name")
        paths = message.update_mask.paths
        fields = chosen_fields(paths, SegmentDraft.CHANGEABLE, populated_fields(message.segment))
        draft, etag = decode_segment(message.segment), message.segment.etag
        if paths and ALL not in paths:
            # The mask says what of the message counts, and the subject is not in it.
            draft = replace(draft, subject=None)
        updated = self._service.update(name, draft, fields, etag=etag, validate_only=message.validate_only)
        return encode_segment(name.ledger, updated)

    def _delete(self, request: bytes) -> Empty:
        message = parse_request(pb.DeleteSegmentRequest, request)
        name = parse_segment_name(message.name, "name")
        self._service.delete(name, etag=message.etag, validate_only=message.validate_only)
        return Empty()

    def _check(self, request: bytes) -> pb.CheckExpressionResponse:
        message = parse_request(pb.CheckExpressionRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        subject = to_subject(message.subject, "subject")
        return encode_meaning(self._service.check(ledger_id, subject, message.expression))
