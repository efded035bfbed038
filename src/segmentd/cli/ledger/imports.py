"""`segmentd ledger import`, `jobs`, `cancel` and `rejects`: files that the server reads by itself."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.connection import Connection, connected
from segmentd.cli.exits import ExitCode
from segmentd.cli.ledger.write import KINDS, record_kind
from segmentd.cli.options import existing
from segmentd.cli.output import JsonFlag, counted, print_json, print_table
from segmentd.cli.progress import progress

if TYPE_CHECKING:
    from segmentd.client import Client
    from segmentd.client.imports import ImportJob

URI = re.compile(r"[a-z0-9]+://")
WILDCARD = re.compile(r"[*?\[]")

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]


@connected
def import_files(
    connection: Connection,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A file, folder or glob of the server's machine, or a URI of s3://, gs:// or abfss://. A relative "
            "path is made absolute here.",
        ),
    ],
    mapping: Annotated[
        Path, typer.Option("--mapping", metavar="FILE", callback=existing, help="How rows become records, in YAML.")
    ],
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help=f"What the records are: {KINDS}. [default: the mapping's]")
    ] = "",
    job: Annotated[str, typer.Option("--job", metavar="ID", help="The job's id. [default: made by the server]")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have everything read and checked, and nothing written.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait until the job has ended, showing how far it is.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Have the server import files; the job goes on by itself, also after a restart of the server."""
    source = path if URI.match(path) else absolute(path)
    text = mapping.read_text("utf-8")
    with connection.open() as client:
        begun = client.import_records(
            source, text, kind=record_kind(kind) if kind else None, job_id=job, dry_run=dry_run
        )
        end = watch(client, begun) if follow else begun
        print_job(end, json=json)
        if end.state == "FAILED":
            raise typer.Exit(ExitCode.FAILED)
        if follow and end.progress.rejected:
            typer.echo(f"why rows were rejected: segmentd ledger rejects {end.id}", err=True)
            raise typer.Exit(ExitCode.INPUT)


@connected
def jobs(connection: Connection, json: JsonFlag = False) -> None:
    """List the import jobs of the ledger, those that ended last at the end."""
    with connection.open() as client:
        found = sorted(client.list_import_jobs(), key=lambda job: job.create_time)
    if json:
        print_json(found)
        return
    columns = ("job", "state", "kind", "rows>", "written>", "rejected>", "done>", "source?")
    print_table(columns, [row_of(job) for job in found])


@connected
def job(
    connection: Connection,
    job_id: JobArgument,
    follow: Annotated[bool, typer.Option("--follow", help="Wait until it has ended.")] = False,
    json: JsonFlag = False,
) -> None:
    """Show an import job."""
    with connection.open() as client:
        found = client.get_import_job(job_id)
        print_job(watch(client, found) if follow else found, json=json)


@connected
def cancel(connection: Connection, job_id: JobArgument, json: JsonFlag = False) -> None:
    """Have an import job end before its next batch. What it had written stays written."""
    with connection.open() as client:
        print_job(client.cancel_import_job(job_id), json=json)


@connected
def rejects(connection: Connection, job_id: JobArgument, json: JsonFlag = False) -> None:
    """List the rows that an import job rejected: file, row (from 1, without the header), field and reason."""
    with connection.open() as client:
        found = client.list_import_rejects(job_id)
    if json:
        print_json([asdict(reject) for reject in found])
        return
    for reject in found:
        field = f"{reject.field}: " if reject.field else ""
        typer.echo(f"{reject.file}: row {reject.row}: {field}{reject.message}")


def absolute(path: str) -> str:
    """The path as the server takes it; the part of a glob before its first wildcard is made absolute."""
    if not WILDCARD.search(path):
        return str(Path(path).absolute())
    return str(Path.cwd() / path)


def watch(client: Client, job: ImportJob) -> ImportJob:
    """The job at its end, its progress shown until then."""
    with progress("importing") as report:
        for seen in client.watch_import_job(job.id):
            report(seen.progress.bytes_read, seen.progress.bytes_total)
            job = seen
    return job


def print_job(job: ImportJob, *, json: bool) -> None:
    """Print a job: what it is doing, or how it ended."""
    if json:
        print_json(job)
        return
    done = job.progress
    dry = ", dry run" if job.dry_run else ""
    typer.echo(f"{job.id}: {job.state.lower()}{dry}")
    if job.error_message:
        typer.echo(f"error: {job.error_message} [{job.error_reason}]", err=True)
    if job.state != "PENDING":
        counts = f"{done.inserted:,} new, {done.updated:,} updated, {done.unchanged:,} unchanged"
        rows = f"{counted(done.rows_read, 'row')} of {counted(done.file_count, 'file')}"
        typer.echo(f"{rows}: {counts}, {done.rejected:,} rejected, {done.elapsed.total_seconds():.2f} s")


def row_of(job: ImportJob) -> tuple[str, ...]:
    """A job as a row of a table."""
    done = job.progress
    return (
        job.id,
        f"{job.state.lower()}, dry run" if job.dry_run else job.state.lower(),
        job.kind.value,
        f"{done.rows_read:,}",
        f"{done.inserted + done.updated:,}",
        f"{done.rejected:,}",
        f"{done.bytes_read / done.bytes_total:.0%}" if done.bytes_total else "-",
        job.source,
    )
