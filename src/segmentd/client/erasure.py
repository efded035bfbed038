"""Erasing customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.client.call import Call, Scope


@dataclass(frozen=True, slots=True)
class ErasedCustomer:
    """What was deleted with a customer; whether the server's data directory has a byte of it left.

    `found`: whether the ledger had the customer. `shared_accounts` stay with their other owners.
    """

    data_version: int
    found: bool
    accounts: int
    shared_accounts: int
    transactions: int
    balances: int
    engagements: int
    is_erased: bool


def delete_customer(
    scope: Scope, customer_id: str, *, allow_missing: bool = False, wait: bool = False
) -> Call[ErasedCustomer]:
    """Erase a customer with all facts; `wait` until no byte is left on the server's disk, which is so soon anyway.

    `allow_missing`: whom the ledger does not have is no error, and what else may tell of the customer is erased.
    """
    request = pb.DeleteCustomerRequest(
        parent=scope.parent, customer_id=customer_id, allow_missing=allow_missing, wait=wait
    )
    return Call("LedgerService/DeleteCustomer", request, pb.DeleteCustomerResponse, _read)


def _read(message: Any) -> ErasedCustomer:
    return ErasedCustomer(
        data_version=message.data_version,
        found=message.found,
        accounts=message.account_count,
        shared_accounts=message.shared_account_count,
        transactions=message.transaction_count,
        balances=message.balance_count,
        engagements=message.engagement_count,
        is_erased=message.state == pb.ERASURE_STATE_ERASED,
    )
