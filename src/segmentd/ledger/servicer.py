"""LedgerService and AttributeService of the API: decode, call, encode; on the event loop only what reads one thing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import grpc
from google.protobuf.empty_pb2 import Empty

from segmentd.api.masks import ALL, chosen_fields, populated_fields
from segmentd.api.names import LEDGER_ID, parse_attribute_name, parse_ledger_name, parse_new_attribute, parse_new_id
from segmentd.api.paging import cut_page, next_page_token, page_limit, parse_page_token
from segmentd.api.v1 import attribute_service_pb2 as attribute_pb
from segmentd.api.v1 import ledger_service_pb2 as ledger_pb
from segmentd.api.wire import parse_request
from segmentd.ledger.attributes import AttributeService
from segmentd.ledger.drafts import AttributeDraft, LedgerDraft
from segmentd.ledger.messages import (
    decode_attribute,
    decode_ledger,
    encode_attribute,
    encode_ledger,
)
from segmentd.ledger.model import Ledger
from segmentd.ledger.service import LedgerService
from segmentd.ledger.usage import Residents
from segmentd.storage import Writer

Context = grpc.aio.ServicerContext[bytes, object]


class LedgerServicer:
    """The methods of LedgerService, each from a request's bytes to a message. Raises SegmentdError."""

    def __init__(self, service: LedgerService, writer: Writer, residents: Residents) -> None:
        self._service = service
        self._writer = writer
        self._residents = residents

    async def CreateLedger(self, request: bytes, _context: Context) -> ledger_pb.Ledger:
        """Create a ledger."""
        return await self._writer.run(lambda: self._create(request))

    async def GetLedger(self, request: bytes, _context: Context) -> ledger_pb.Ledger:
        """Return a ledger."""
        message = parse_request(ledger_pb.GetLedgerRequest, request)
        return self._encode(self._service.get(parse_ledger_name(message.name, "name")))

    async def ListLedgers(self, request: bytes, _context: Context) -> ledger_pb.ListLedgersResponse:
        """Return a page of ledgers."""
        return await asyncio.to_thread(self._list, request)

    async def UpdateLedger(self, request: bytes, _context: Context) -> ledger_pb.Ledger:
        """Change the chosen fields of a ledger."""
        return await self._writer.run(lambda: self._update(request))

    def _create(self, request: bytes) -> ledger_pb.Ledger:
        message = parse_request(ledger_pb.CreateLedgerRequest, request)
        ledger_id = parse_new_id(message.ledger_id, "ledger_id", LEDGER_ID)
        draft = decode_ledger(message.ledger)
        return self._encode(self._service.create(ledger_id, draft, validate_only=message.validate_only))

    def _list(self, request: bytes) -> ledger_pb.ListLedgersResponse:
        message = parse_request(ledger_pb.ListLedgersRequest, request)
        limit = page_limit(message.page_size)
        ledgers = self._service.list_after(parse_page_token(message.page_token, "ledgers"))
        page = cut_page(ledgers, limit, self._encode)
        token = next_page_token([ledger.id for ledger in ledgers], len(page), "ledgers")
        return ledger_pb.ListLedgersResponse(ledgers=page, next_page_token=token)

    def _update(self, request: bytes) -> ledger_pb.Ledger:
        message = parse_request(ledger_pb.UpdateLedgerRequest, request)
        ledger_id = parse_ledger_name(message.ledger.name, "ledger.name")
        paths = message.update_mask.paths
        fields = chosen_fields(paths, LedgerDraft.CHANGEABLE, populated_fields(message.ledger))
        draft, etag = decode_ledger(message.ledger), message.ledger.etag
        if paths and ALL not in paths:
            # The mask says what of the message counts, and the currency is not in it.
            draft = replace(draft, currency_code="")
        updated = self._service.update(ledger_id, draft, fields, etag=etag, validate_only=message.validate_only)
        return self._encode(updated)

    def _encode(self, ledger: Ledger) -> ledger_pb.Ledger:
        return encode_ledger(ledger, self._residents.residency(ledger.id))


class AttributeServicer:
    """The methods of AttributeService, each from a request's bytes to a message. Raises SegmentdError."""

    def __init__(self, service: AttributeService, writer: Writer) -> None:
        self._service = service
        self._writer = writer

    async def CreateAttribute(self, request: bytes, _context: Context) -> attribute_pb.Attribute:
        """Add an attribute."""
        return await self._writer.run(lambda: self._create(request))

    async def GetAttribute(self, request: bytes, _context: Context) -> attribute_pb.Attribute:
        """Return an attribute."""
        name = parse_attribute_name(parse_request(attribute_pb.GetAttributeRequest, request).name, "name")
        return encode_attribute(name.ledger, self._service.get(name))

    async def ListAttributes(self, request: bytes, _context: Context) -> attribute_pb.ListAttributesResponse:
        """Return a page of a ledger's attributes."""
        return await asyncio.to_thread(self._list, request)

    async def UpdateAttribute(self, request: bytes, _context: Context) -> attribute_pb.Attribute:
        """Change the chosen fields of an attribute."""
        return await self._writer.run(lambda: self._update(request))

    async def DeleteAttribute(self, request: bytes, _context: Context) -> Empty:
        """Delete an attribute."""
        return await self._writer.run(lambda: self._delete(request))

    def _create(self, request: bytes) -> attribute_pb.Attribute:
        message = parse_request(attribute_pb.CreateAttributeRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        name = parse_new_attribute(ledger_id, message.attribute_id, "attribute_id")
        draft = decode_attribute(message.attribute)
        return encode_attribute(ledger_id, self._service.create(name, draft, validate_only=message.validate_only))

    def _list(self, request: bytes) -> attribute_pb.ListAttributesResponse:
        message = parse_request(attribute_pb.ListAttributesRequest, request)
        limit = page_limit(message.page_size)
        ledger_id = parse_ledger_name(message.parent, "parent")
        arguments = ("attributes", ledger_id)
        attributes = self._service.list_after(ledger_id, parse_page_token(message.page_token, *arguments))
        page = cut_page(attributes, limit, lambda attribute: encode_attribute(ledger_id, attribute))
        token = next_page_token([attribute.qualified for attribute in attributes], len(page), *arguments)
        return attribute_pb.ListAttributesResponse(attributes=page, next_page_token=token)

    def _update(self, request: bytes) -> attribute_pb.Attribute:
        message = parse_request(attribute_pb.UpdateAttributeRequest, request)
        name = parse_attribute_name(message.attribute.name, "attribute.name")
        populated = populated_fields(message.attribute)
        fields = chosen_fields(message.update_mask.paths, AttributeDraft.CHANGEABLE, populated)
        draft, etag = decode_attribute(message.attribute), message.attribute.etag
        updated = self._service.update(name, draft, fields, etag=etag, validate_only=message.validate_only)
        return encode_attribute(name.ledger, updated)

    def _delete(self, request: bytes) -> Empty:
        message = parse_request(attribute_pb.DeleteAttributeRequest, request)
        name = parse_attribute_name(message.name, "name")
        self._service.delete(name, etag=message.etag, validate_only=message.validate_only)
        return Empty()
