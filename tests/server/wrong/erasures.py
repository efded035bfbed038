"""Wrong requests to erase a customer, to verify a ledger, and for a ledger's status."""

from __future__ import annotations

from typing import Any

from segmentd.api.v1 import ledger_service_pb2 as pb
from tests.server.bank import MAIN
from tests.server.wrong.request import Wrong


def _wrong(what: str, reason: str, field: str | None, status: str = "INVALID_ARGUMENT", **fields: Any) -> Wrong:
    request = pb.DeleteCustomerRequest(**{"parent": MAIN, "customer_id": "nobody"} | fields)
    return Wrong("DeleteCustomer", what, request, reason, field, status)


ERASURES = [
    _wrong("no parent", "FIELD_REQUIRED", "parent", parent=""),
    _wrong("parent without form", "INVALID_RESOURCE_NAME", "parent", parent="main"),
    _wrong("unknown ledger", "LEDGER_NOT_FOUND", None, "NOT_FOUND", parent="ledgers/other"),
    _wrong("no id", "FIELD_REQUIRED", "customer_id", customer_id=""),
    _wrong("a long id", "INVALID_FIELD", "customer_id", customer_id="ž" * 129),
    _wrong("somebody unknown", "CUSTOMER_NOT_FOUND", "customer_id", "NOT_FOUND"),
    Wrong("VerifyLedger", "no name", pb.VerifyLedgerRequest(), "FIELD_REQUIRED", "name"),
    Wrong("VerifyLedger", "name without form", pb.VerifyLedgerRequest(name="x"), "INVALID_RESOURCE_NAME", "name"),
    Wrong(
        "VerifyLedger",
        "unknown ledger",
        pb.VerifyLedgerRequest(name="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("GetLedgerStatus", "no name", pb.GetLedgerStatusRequest(), "FIELD_REQUIRED", "name"),
    Wrong(
        "GetLedgerStatus",
        "the ledger's own name",
        pb.GetLedgerStatusRequest(name=MAIN),
        "INVALID_RESOURCE_NAME",
        "name",
    ),
    Wrong(
        "GetLedgerStatus",
        "unknown ledger",
        pb.GetLedgerStatusRequest(name="ledgers/other/status"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
]
