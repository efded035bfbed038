"""`segmentd ledger verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.exits import ExitCode
from segmentd.cli.output import JsonFlag, counted, print_fields, print_json, print_table
from segmentd.cli.progress import progress

if TYPE_CHECKING:
    from segmentd.client.verification import BalanceCheck, VerificationReport


@connected
def verify(connection: Connection, json: JsonFlag = False) -> None:
    """Verify a ledger: its files, its control totals, its balances, and its aggregates, computed anew.

    Exit code 1 says that a file is not what was written, or an aggregate not what it has to be.
    """
    from segmentd.client.verification import VerificationReport

    with connection.open() as client, progress("verifying") as report:
        for found in client.verify_ledger():
            if isinstance(found, VerificationReport):
                told = found
            else:
                report(found.done, found.total)
    if json:
        print_json(told)
    else:
        print_report(told)
    if not told.is_sound:
        raise typer.Exit(ExitCode.INVALID)


def print_report(report: VerificationReport) -> None:
    """Print what was found."""
    print_fields(
        (
            ("data version", f"{report.data_version:,}"),
            ("files", f"{counted(report.files, 'file')} of {report.file_bytes:,} bytes"),
            ("journal", counted(report.batches, "batch").replace("batchs", "batches")),
            ("faults", "\n".join(report.faults) or "none"),
            ("balances of transactions", balances(report.given_balances)),
            ("balances by themselves", balances(report.balance_snapshots)),
        )
    )
    totals = report.totals.items()
    rows = [(kind.value, f"{each.rows:,}", sums(each.sums_minor)) for kind, each in totals]
    print_table(("records", "number>", "amounts in minor units>"), rows)
    if report.aggregates:
        aggregates = [
            (each.attribute, "as evaluated" if each.followed else "", f"{each.rows:,}", f"{each.differing:,}")
            for each in report.aggregates
        ]
        print_table(("aggregate", "", "computed anew>", "other than before>"), aggregates)


def balances(check: BalanceCheck) -> str:
    """How balances fit transactions, in words."""
    accounts = f", in {', '.join(check.accounts)}" if check.accounts else ""
    return f"{check.compared:,} compared with transactions, {check.differing:,} differ{accounts}"


def sums(by_currency: Mapping[str, int]) -> str:
    """Sums by currency, a line each."""
    return "\n".join(f"{code} {amount:,}" for code, amount in by_currency.items())
