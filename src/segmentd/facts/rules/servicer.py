"""The methods of LedgerService that are about rules of categories."""

from __future__ import annotations

from typing import Any

import grpc

from segmentd.api.masks import chosen_fields, populated_fields
from segmentd.api.names import parse_category_rules_name
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.facts.rules.messages import decode_rules, encode_rules
from segmentd.facts.rules.service import CHANGEABLE, RulesService
from segmentd.storage import Writer

Context = grpc.aio.ServicerContext[Any, Any]


class RulesServicer:
    """The methods of LedgerService that are about rules of categories. Raises SegmentdError."""

    def __init__(self, rules: RulesService, writer: Writer) -> None:
        self._rules = rules
        self._writer = writer

    async def GetCategoryRules(self, request: bytes, _context: Context) -> pb.CategoryRules:
        """Return a ledger's rules."""
        name = parse_request(pb.GetCategoryRulesRequest, request).name
        return encode_rules(self._rules.get(parse_category_rules_name(name, "name")))

    async def UpdateCategoryRules(self, request: bytes, _context: Context) -> pb.CategoryRules:
        """Take other rules."""
        return await self._writer.run(lambda: self._update(request))

    def _update(self, request: bytes) -> pb.CategoryRules:
        message = parse_request(pb.UpdateCategoryRulesRequest, request)
        ledger_id = parse_category_rules_name(message.category_rules.name, "category_rules.name")
        fields = chosen_fields(message.update_mask.paths, CHANGEABLE, populated_fields(message.category_rules))
        rules = decode_rules(message.category_rules) if fields else self._rules.get(ledger_id).rules
        etag, validate_only = message.category_rules.etag, message.validate_only
        return encode_rules(self._rules.update(ledger_id, rules, etag=etag, validate_only=validate_only))
