"""Ledgers: create, get, list, update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.field_mask_pb2 import FieldMask

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.client.call import Call, Scope, Steps, fetch_pages, last_part
from segmentd.client.moments import from_timestamp
from segmentd.client.records import RecordKind


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as the service keeps it."""

    id: str
    display_name: str
    currency_code: str
    time_zone: str
    create_time: datetime
    update_time: datetime
    etag: str
    catalogue_version: int
    data_version: int
    customer_count: int


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """What a ledger's facts are at a moment: `records` of each kind, `write_time` None where it is not known.

    `journal_bytes` wait for a checkpoint, which has `checkpoint_version`; `data_directory_bytes` are those of all
    ledgers. `pending_erasures` are deletions of which bytes may be left. `past_values`: of
    customers and accounts before they were changed; evaluations are as of `past_start` or later, None: any.
    """

    data_version: int
    write_time: datetime | None
    records: Mapping[RecordKind, int]
    checkpoint_version: int
    checkpoint_bytes: int
    journal_bytes: int
    data_directory_bytes: int
    pending_erasures: int
    past_values: int
    past_start: datetime | None


def create_ledger(
    scope: Scope,  # noqa: ARG001 - every builder is given the scope
    ledger_id: str,
    *,
    currency_code: str,
    time_zone: str = "",
    display_name: str = "",
    validate_only: bool = False,
) -> Call[Ledger]:
    """Create a ledger. `currency_code` is an ISO 4217 code, `time_zone` an IANA name ("" means UTC)."""
    ledger = pb.Ledger(display_name=display_name, currency_code=currency_code, time_zone=time_zone)
    request = pb.CreateLedgerRequest(ledger_id=ledger_id, ledger=ledger, validate_only=validate_only)
    return Call("LedgerService/CreateLedger", request, pb.Ledger, read_ledger)


def get_ledger(scope: Scope, ledger_id: str | None = None) -> Call[Ledger]:
    """Return a ledger; without an id, the client's own."""
    name = f"ledgers/{ledger_id}" if ledger_id else scope.parent
    return Call("LedgerService/GetLedger", pb.GetLedgerRequest(name=name), pb.Ledger, read_ledger)


def get_ledger_status(scope: Scope, ledger_id: str | None = None) -> Call[LedgerStatus]:
    """Return the status of a ledger's facts; without an id, of the client's own."""
    name = f"ledgers/{ledger_id}" if ledger_id else scope.parent
    request = pb.GetLedgerStatusRequest(name=f"{name}/status")
    return Call("LedgerService/GetLedgerStatus", request, pb.LedgerStatus, read_status)


def list_ledgers(scope: Scope, *, page_size: int = 1_000) -> Steps[tuple[Ledger, ...]]:  # noqa: ARG001 - as above
    """Return all ledgers, ordered by id, fetched in pages of `page_size`."""
    request = pb.ListLedgersRequest(page_size=page_size)
    ledgers = yield from fetch_pages("LedgerService/ListLedgers", request, pb.ListLedgersResponse, "ledgers")
    return tuple(map(read_ledger, ledgers))


def update_ledger(
    scope: Scope,
    ledger_id: str | None = None,
    *,
    display_name: str | None = None,
    time_zone: str | None = None,
    etag: str = "",
    validate_only: bool = False,
) -> Call[Ledger]:
    """Change what is not None; with an `etag`, only if it is still current."""
    name = f"ledgers/{ledger_id}" if ledger_id else scope.parent
    ledger = pb.Ledger(name=name, display_name=display_name or "", time_zone=time_zone or "", etag=etag)
    changes = {"display_name": display_name, "time_zone": time_zone}
    mask = FieldMask(paths=[field for field, value in changes.items() if value is not None])
    request = pb.UpdateLedgerRequest(ledger=ledger, update_mask=mask, validate_only=validate_only)
    return Call("LedgerService/UpdateLedger", request, pb.Ledger, read_ledger)


def read_status(status: pb.LedgerStatus) -> LedgerStatus:
    """The status of a response."""
    return LedgerStatus(
        data_version=status.data_version,
        write_time=from_timestamp(status.write_time) if status.HasField("write_time") else None,
        records={RecordKind(each.kind): each.row_count for each in status.record_counts},
        checkpoint_version=status.checkpoint_version,
        checkpoint_bytes=status.checkpoint_bytes,
        journal_bytes=status.journal_bytes,
        data_directory_bytes=status.data_directory_bytes,
        pending_erasures=status.pending_erasure_count,
        past_values=status.past_value_count,
        past_start=from_timestamp(status.past_start_time) if status.HasField("past_start_time") else None,
    )


def read_ledger(ledger: pb.Ledger) -> Ledger:
    """The ledger of a response."""
    return Ledger(
        id=last_part(ledger.name),
        display_name=ledger.display_name,
        currency_code=ledger.currency_code,
        time_zone=ledger.time_zone,
        create_time=from_timestamp(ledger.create_time),
        update_time=from_timestamp(ledger.update_time),
        etag=ledger.etag,
        catalogue_version=ledger.catalogue_version,
        data_version=ledger.data_version,
        customer_count=ledger.customer_count,
    )
