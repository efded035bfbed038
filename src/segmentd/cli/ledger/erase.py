"""`segmentd ledger erase`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.exits import ExitCode
from segmentd.cli.output import JsonFlag, counted, print_json, print_table
from segmentd.cli.progress import progress

if TYPE_CHECKING:
    from segmentd.client import ErasedCustomer
    from segmentd.facts.erasure.search import Finding, Needle


@connected
def erase(
    connection: Connection,
    customers: Annotated[list[str], typer.Argument(metavar="CUSTOMER...", help="Ids of customers.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Then look for the ids in every byte of the data directory.")
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="SEGMENTD_DATA_DIR",
            exists=True,
            file_okay=False,
            help="The server's data directory, for --verify.",
            show_default=False,
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="TEXT", help="Look for this too, such as a name or an amount; repeat for more."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Erase customers: their facts, snapshots and messages about them, and every byte of these on the server's disk.

    Accounts that nobody else owns go with them. With --verify, exit code 1 says that something was found.
    """
    if verify and data_dir is None:
        raise typer.BadParameter("--verify looks at files: name the server's --data-dir")
    needles = needles_of([*customers, *(also or ())]) if verify else []
    erased = erase_all(connection, customers, json=json)
    findings = find(data_dir, needles) if data_dir is not None and verify else []
    if json:
        print_json({"erased": dict(zip(customers, erased, strict=True)), "found": findings})
    elif verify:
        print_findings(findings, [*customers, *(also or ())])
    if findings:
        raise typer.Exit(ExitCode.INVALID)
    if not erased[-1].is_erased:
        typer.echo("the files wait to be rewritten; the server's log says why, and it tries again by itself", err=True)
        raise typer.Exit(ExitCode.FAILED)


def needles_of(texts: Sequence[str]) -> list[Needle]:
    """What is to be looked for. Raises BadParameter for a text that is too short."""
    from segmentd.facts.erasure.search import needles_of

    try:
        return [needle for text in texts for needle in needles_of(text)]
    except ValueError as error:
        raise typer.BadParameter(f"{error}; leave out --verify") from None


def erase_all(connection: Connection, customers: Sequence[str], *, json: bool) -> list[ErasedCustomer]:
    """Erase customers one after the other; the last answer comes when the bytes of all are gone."""
    from segmentd.client import Timeouts

    erased = []
    with connection.open() as client, progress("erasing") as report:
        client.timeouts = Timeouts(unary_s=None)
        for number, customer in enumerate(customers, 1):
            erased.append(client.delete_customer(customer, allow_missing=True, wait=number == len(customers)))
            report(number, len(customers))
            if not json:
                typer.echo(f"{customer}: {told(erased[-1])}")
    return erased


def told(erased: ErasedCustomer) -> str:
    """What was deleted, in words."""
    if not erased.found:
        return "not in the ledger; what else may tell of it is erased"
    facts = (
        counted(erased.accounts, "account"),
        counted(erased.transactions, "transaction"),
        counted(erased.balances, "balance"),
        counted(erased.engagements, "engagement"),
    )
    shared = counted(erased.shared_accounts, "account")
    stays = f"; {shared} of other owners, too, left to them" if erased.shared_accounts else ""
    return f"erased, with {', '.join(facts)}{stays}"


def find(data_dir: Path, needles: Sequence[Needle]) -> list[Finding]:
    """Where something is found in the data directory."""
    from segmentd.facts.erasure.search import search

    with progress("reading every byte") as report:
        return list(search(data_dir, needles, report))


def print_findings(findings: Sequence[Finding], texts: Sequence[str]) -> None:
    """Print where something was found, or that nothing was."""
    if not findings:
        typer.echo(f"{counted(len(texts), 'text')} looked for: in no byte of the data directory")
        return
    rows = [(each.text, each.form, str(each.path), each.place) for each in findings]
    print_table(("found", "as", "file", "at"), rows)
