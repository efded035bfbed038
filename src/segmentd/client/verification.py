"""Verifying a ledger: how far it is, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.client.call import Scope, Stream
from segmentd.client.records import RecordKind


@dataclass(frozen=True, slots=True)
class VerificationProgress:
    """So much of a step is done, of how much."""

    step: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """Records of a kind, and the sums of their amounts in minor units by currency."""

    rows: int
    sums_minor: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BalanceCheck:
    """Pairs of balances that were compared with transactions; those that differ, and some accounts in which they do."""

    compared: int
    differing: int
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AggregateCheck:
    """Values of an aggregate against the same computed anew; `followed`: those that evaluations were given."""

    attribute: str
    followed: bool
    rows: int
    differing: int


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """What was found. `is_sound`: files are what was written, and aggregates what they are when computed anew.

    `given_balances` are those of transactions, `balance_snapshots` those that are records of their own.
    """

    data_version: int
    is_sound: bool
    files: int
    file_bytes: int
    batches: int
    faults: tuple[str, ...]
    totals: Mapping[RecordKind, ControlTotal]
    given_balances: BalanceCheck
    balance_snapshots: BalanceCheck
    aggregates: tuple[AggregateCheck, ...]


def verify_ledger(scope: Scope) -> Stream[VerificationProgress | VerificationReport]:
    """Verify the ledger: how far the server is, again and again, and at last the report."""
    request = pb.VerifyLedgerRequest(name=scope.parent)
    return Stream("LedgerService/VerifyLedger", request, pb.VerifyLedgerResponse, _read)


def _read(message: Any) -> VerificationProgress | VerificationReport:
    if message.HasField("progress"):
        progress = message.progress
        return VerificationProgress(progress.step, progress.done, progress.total)
    report = message.report
    return VerificationReport(
        data_version=report.data_version,
        is_sound=report.sound,
        files=report.file_count,
        file_bytes=report.file_bytes,
        batches=report.batch_count,
        faults=tuple(report.faults),
        totals={RecordKind(each.kind): _read_total(each) for each in report.totals},
        given_balances=_read_balances(report.given_balances),
        balance_snapshots=_read_balances(report.balance_snapshots),
        aggregates=tuple(
            AggregateCheck(each.attribute, each.followed, each.row_count, each.differing_count)
            for each in report.aggregates
        ),
    )


def _read_total(message: Any) -> ControlTotal:
    return ControlTotal(message.row_count, {each.currency_code: int(each.amount_minor) for each in message.sums})


def _read_balances(message: Any) -> BalanceCheck:
    return BalanceCheck(message.compared_count, message.differing_count, tuple(message.accounts))
