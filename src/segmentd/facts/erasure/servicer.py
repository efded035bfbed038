"""The method of LedgerService that erases customers: decode, call, encode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from segmentd.api.errors import FieldRequiredError, InvalidFieldError
from segmentd.api.names import parse_ledger_name
from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.api.wire import parse_request
from segmentd.facts.erasure.erasures import Erasures
from segmentd.facts.kinds import MAX_ID_BYTES
from segmentd.facts.records import Erased, WriteOutcome
from segmentd.facts.views import BookView
from segmentd.ledger.vocabulary import Vocabularies

Context = grpc.aio.ServicerContext[bytes, object]


class ErasureServicer:
    """The method of LedgerService that erases customers. Raises SegmentdError."""

    def __init__(self, erasures: Erasures, vocabularies: Vocabularies, view: Callable[[str], BookView | None]) -> None:
        """`view`: a ledger's facts as they are now."""
        self._erasures = erasures
        self._vocabularies = vocabularies
        self._view = view

    async def DeleteCustomer(self, request: bytes, _context: Context) -> pb.DeleteCustomerResponse:
        """Erase a customer."""
        message = parse_request(pb.DeleteCustomerRequest, request)
        ledger_id = parse_ledger_name(message.parent, "parent")
        self._vocabularies.vocabulary(ledger_id)
        customer_id = _checked_id(message.customer_id)
        started = await self._erasures.erase(
            ledger_id, customer_id, self._view(ledger_id), allow_missing=message.allow_missing
        )
        is_erased = message.wait and await asyncio.wrap_future(started.finished)
        return _encode(started.outcome, is_erased=is_erased)


def _checked_id(customer_id: str) -> str:
    if not customer_id:
        raise FieldRequiredError("customer_id")
    size = len(customer_id.encode())
    if size > MAX_ID_BYTES:
        raise InvalidFieldError("customer_id", f"{size} bytes", f"at most {MAX_ID_BYTES} bytes")
    return customer_id


def _encode(outcome: WriteOutcome, *, is_erased: bool) -> pb.DeleteCustomerResponse:
    erased = outcome.erased or Erased()
    return pb.DeleteCustomerResponse(
        data_version=outcome.version,
        found=bool(outcome.deleted),
        account_count=len(erased.accounts),
        shared_account_count=erased.shared_accounts,
        transaction_count=erased.transactions,
        balance_count=erased.balances,
        engagement_count=erased.engagements,
        state=pb.ERASURE_STATE_ERASED if is_erased else pb.ERASURE_STATE_PENDING_REWRITE,
    )
