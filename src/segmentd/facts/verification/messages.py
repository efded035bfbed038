"""Verifications as messages of the API."""

from __future__ import annotations

from segmentd.api.v1 import ledger_service_pb2 as pb
from segmentd.facts.verification.model import AggregateReport, BalanceReport, ControlTotal, Progress, Report


def encode_step(step: Progress | Report) -> pb.VerifyLedgerResponse:
    """How far it is, or what was found."""
    if isinstance(step, Progress):
        progress = pb.VerificationProgress(step=step.step, done=step.done, total=step.total)
        return pb.VerifyLedgerResponse(progress=progress)
    report = pb.VerificationReport(
        data_version=step.version,
        sound=step.is_sound,
        file_count=step.files.files,
        file_bytes=step.files.bytes,
        batch_count=step.files.batches,
        faults=step.files.faults,
        totals=map(_encode_total, step.totals),
        given_balances=_encode_balances(step.given),
        balance_snapshots=_encode_balances(step.snapshots),
        aggregates=map(_encode_aggregate, step.aggregates),
    )
    return pb.VerifyLedgerResponse(report=report)


def _encode_total(total: ControlTotal) -> pb.ControlTotal:
    sums = [pb.CurrencySum(currency_code=code, amount_minor=str(total.sums[code])) for code in sorted(total.sums)]
    return pb.ControlTotal(kind=total.kind.value, row_count=total.rows, sums=sums)


def _encode_balances(report: BalanceReport) -> pb.BalanceCheck:
    return pb.BalanceCheck(compared_count=report.compared, differing_count=report.differing, accounts=report.accounts)


def _encode_aggregate(report: AggregateReport) -> pb.AggregateCheck:
    return pb.AggregateCheck(
        attribute=report.attribute,
        followed=report.followed,
        row_count=report.rows,
        differing_count=report.differing,
    )
