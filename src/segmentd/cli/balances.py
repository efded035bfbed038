"""`segmentd balances`: what the accounts of a ledger hold, by group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.options import AsOfOption
from segmentd.cli.output import JsonFlag, counted, print_json, print_table

if TYPE_CHECKING:
    from segmentd.client import BalanceGroup, BalanceReport

MONEY = ("sum", "average", "min", "max", "median", "average_daily_balance")
"""The measures that are amounts, in the order of their columns."""


@connected
def balances(
    connection: Connection,
    by: Annotated[
        str,
        typer.Option(
            metavar="WORD,…",
            help="segment, kind, currency, institution, month, or attributes such as account.tier and customer.region.",
        ),
    ] = "",
    measures: Annotated[
        str,
        typer.Option(
            metavar="WORD,…",
            help="sum, average, min, max, median, standard_deviation, average_daily_balance. Counts are always there.",
        ),
    ] = "sum",
    segments: Annotated[str, typer.Option(metavar="ID,…", help="Only the accounts of these segments.")] = "",
    percentiles: Annotated[str, typer.Option(metavar="PERCENT,…", help="Percentiles, such as 5,50,99.9.")] = "",
    bins: Annotated[int, typer.Option(help="Count balances in so many bins of equal width.", show_default=False)] = 0,
    months: Annotated[int, typer.Option(help="With --by month: how many complete months.", show_default=False)] = 0,
    days: Annotated[
        int, typer.Option(help="With average_daily_balance: over how many complete days.", show_default=False)
    ] = 0,
    roles: Annotated[str, typer.Option(metavar="ROLE,…", help="Owners that count, such as OWNER. [default: all]")] = "",
    as_of: AsOfOption = "",
    json: JsonFlag = False,
) -> None:
    """Sum up the balances of a ledger's accounts, in its currency, with control totals."""
    from segmentd.cli.moments import parse_moment

    with connection.open() as client:
        report = refuse_words(
            lambda: client.aggregate_balances(
                by=words(by),
                measures=words(measures),
                segments=words(segments),
                percentiles=numbers(percentiles),
                bins=bins,
                months=months,
                days=days,
                roles=words(roles),
                as_of=parse_moment(as_of, client.get_ledger().time_zone) if as_of else None,
            )
        )
    if json:
        print_json(report)
        return
    print_groups(report, words(by), words(measures), words(percentiles))
    print_totals(report)


def words(text: str) -> list[str]:
    """The words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def numbers(text: str) -> list[float]:
    """The numbers between commas. Raises BadParameter."""
    try:
        return [float(word) for word in words(text)]
    except ValueError as error:
        raise typer.BadParameter(f"--percentiles is {text!r}; give numbers, such as 5,50,99.9") from error


def refuse_words(ask: Callable[[], BalanceReport]) -> BalanceReport:
    """The answer; BadParameter where the client knows a word of the question not to be one."""
    try:
        return ask()
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def print_groups(report: BalanceReport, by: list[str], measures: list[str], percentiles: list[str]) -> None:
    """Print the groups as a table, amounts in major units."""
    amounts = [measure for measure in MONEY if measure in measures]
    deviation = ["standard deviation>"] if "standard_deviation" in measures else []
    bounds = [f"from {money(report, bound)}>" for bound in report.frame.bounds]
    columns = [
        *(by or ["accounts of"]),
        "accounts>",
        "unknown>",
        *(f"{measure.replace('_', ' ')}>" for measure in amounts),
        *deviation,
        *(f"{percent} %>" for percent in percentiles),
        *(["below>", *bounds] if any(group.histogram for group in report.groups) else []),
    ]

    def row(group: BalanceGroup) -> list[str]:
        keys = ["-" if key is None else str(key).lower() if isinstance(key, bool) else str(key) for key in group.keys]
        return [
            *(keys or ["all"]),
            f"{group.count:,}",
            f"{group.unknown:,}",
            *(money(report, getattr(group, measure)) for measure in amounts),
            *(["-" if group.standard_deviation is None else f"{group.standard_deviation:,.2f}"] if deviation else []),
            *(money(report, each) for each in group.percentiles or [None] * len(percentiles)),
            *(f"{count:,}" for count in group.histogram),
        ]

    print_table(columns, [row(group) for group in report.groups])


def money(report: BalanceReport, minor: Any) -> str:
    """An amount in major units, `-` for none."""
    return "-" if minor is None else f"{report.amount(minor):,}"


def print_totals(report: BalanceReport) -> None:
    """Say what the groups are checked against."""
    totals, code = report.totals, report.frame.currency_code
    parts = f"groups {money(report, totals.groups)} + in no group {money(report, totals.no_group)}"
    relation = "groups overlap" if report.frame.overlapping else "they add up"
    if not report.frame.overlapping and totals.groups + totals.no_group != totals.whole:
        relation = "THEY DO NOT ADD UP"
    typer.echo(
        f"{counted(totals.rows_in, 'row')}, {totals.rows_in_no_group:,} in no group, {totals.rows_unknown:,} unknown; "
        f"data version {report.basis.data_version}"
    )
    typer.echo(f"all accounts {money(report, totals.whole)} {code}; {parts}: {relation}")
