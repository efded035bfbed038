"""`segmentd serve`: the gRPC service."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segmentd.cli.options import existing

if TYPE_CHECKING:
    from segmentd.facts.erasure.retention import KeepRule
    from segmentd.facts.journal.history import KeepHistory
    from segmentd.server.app import Server
    from segmentd.server.config import TlsFiles

READY = "segmentd is ready on "
"""What the line begins with that tells where the service listens."""

LIMITS = "Limits"
TLS = "TLS"
IMPORTS = "Imports"
FACTS = "Facts"

KEPT = re.compile(r"(?:(?P<ledger>[a-z][a-z0-9-]{0,62})=)?(?P<days>[0-9]{1,6})d")
"""How long facts are kept, as it is written: `3650d`, or `retail=3650d`."""


def keep_option(things: str) -> typer.models.OptionInfo:
    """The option that says for how long facts of a kind are kept."""
    info: typer.models.OptionInfo = typer.Option(
        metavar="[LEDGER=]DAYSd",
        help=f"Delete {things} that are older, such as 3650d; retail=730d is about one ledger. Repeat for more. "
        "[default: kept for ever]",
        rich_help_panel=FACTS,
        show_default=False,
    )
    return info


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 or [::] for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")] = 50_051,
    data_dir: Annotated[
        Path,
        typer.Option(
            envvar="SEGMENTD_DATA_DIR", file_okay=False, help="Where definitions and facts are kept; made if lacking."
        ),
    ] = Path("segmentd-data"),
    population: Annotated[
        Path | None,
        typer.Option(callback=existing, help="Customers, as Parquet, CSV or Arrow, served as ledger main."),
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(
            callback=existing,
            help="Attributes and segments of ledger main, in YAML; the population is read with their types, so that "
            "money is exact. What the file does not name stays as it is.",
        ),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="The column of the population that has the customers' ids. [default: what the definitions say, else "
            "customer_id]",
            show_default=False,
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(
            help="ISO 4217 code of ledger main, which is created with it; where it exists it has to have this one. "
            "[default: what the definitions say, else EUR]",
            show_default=False,
        ),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            help="IANA name of the business time zone of ledger main, as --currency. [default: what the definitions "
            "say, else UTC]",
            show_default=False,
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads that evaluate; 0: as many as there are processors.")] = 0,
    max_request_mib: Annotated[
        int, typer.Option(min=1, max=1_024, help="Larger requests are refused.", rich_help_panel=LIMITS)
    ] = 32,
    max_waiting: Annotated[
        int,
        typer.Option(min=1, help="Scores that may wait; more are told to try later.", rich_help_panel=LIMITS),
    ] = 64,
    max_calls: Annotated[
        int, typer.Option(min=1, help="Calls at a time, open streams included.", rich_help_panel=LIMITS)
    ] = 1_024,
    drain_s: Annotated[
        float,
        typer.Option(min=0, help="Seconds for running calls once the server is stopped.", rich_help_panel=LIMITS),
    ] = 10.0,
    import_root: Annotated[
        list[Path] | None,
        typer.Option(
            file_okay=False,
            metavar="DIR",
            help="Let files below this folder be imported; repeat for more.",
            rich_help_panel=IMPORTS,
            show_default=False,
        ),
    ] = None,
    import_remote: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URI",
            help="Let objects be imported whose URI begins like this, such as s3://landing/bank/, with the server's "
            "own credentials; repeat for more.",
            rich_help_panel=IMPORTS,
            show_default=False,
        ),
    ] = None,
    keep_transactions: Annotated[list[str] | None, keep_option("transactions")] = None,
    keep_balances: Annotated[list[str] | None, keep_option("balances")] = None,
    keep_engagements: Annotated[list[str] | None, keep_option("engagements")] = None,
    keep_history: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LEDGER=]DAYSd",
            help="Know for so long what customers and accounts were before they were changed, such as 800d; "
            "retail=30d is about one ledger. Repeat for more. [default: 400d]",
            rich_help_panel=FACTS,
            show_default=False,
        ),
    ] = None,
    checkpoint_mib: Annotated[
        int,
        typer.Option(
            min=1,
            help="Write a ledger's facts into files when so much was written since the last time: less makes a start "
            "quicker, more spares the disk.",
            rich_help_panel=FACTS,
        ),
    ] = 64,
    tls_cert: Annotated[
        Path | None, typer.Option(callback=existing, help="Certificate chain of the server, PEM.", rich_help_panel=TLS)
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(callback=existing, help="Key of --tls-cert, PEM.", rich_help_panel=TLS)
    ] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(
            callback=existing, help="Clients must show a certificate of this authority, PEM.", rich_help_panel=TLS
        ),
    ] = None,
) -> None:
    """Serve segments over gRPC until interrupted; logs are JSON lines on stderr.

    Prints a line with the address on stdout once requests are taken. SIGTERM or Ctrl-C stops taking new calls and lets
    running ones end.
    """
    # gRPC writes lines of its own to stderr, between those of JSON, about what is reported anyway.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from segmentd.facts.ingestion import CheckpointPolicy
    from segmentd.server.app import run
    from segmentd.server.config import ServerConfig

    try:
        config = ServerConfig(
            data_dir=data_dir,
            host=host,
            port=port,
            population=population,
            definitions=definitions,
            id_column=id_column,
            currency=currency,
            time_zone=time_zone,
            threads=threads or os.cpu_count() or 1,
            max_request_bytes=max_request_mib << 20,
            max_waiting=max_waiting,
            max_calls=max_calls,
            drain_s=drain_s,
            tls=tls_files(tls_cert, tls_key, tls_client_ca),
            import_roots=tuple(import_root or ()),
            import_remotes=tuple(import_remote or ()),
            keep=keep_rules(transaction=keep_transactions, balance=keep_balances, engagement=keep_engagements),
            checkpoints=CheckpointPolicy(checkpoint_mib << 20, keep_history=kept_history(keep_history)),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    run(config, when_serving=announce)


def announce(server: Server) -> None:
    """Print where the server listens; whoever started it waits for this line."""
    host = f"[{server.config.host}]" if ":" in server.config.host else server.config.host
    typer.echo(f"{READY}{host}:{server.port}")


def keep_rules(**given: list[str] | None) -> tuple[KeepRule, ...]:
    """The rules that options say, by the kind of fact. Raises BadParameter, or ValueError for less than a day."""
    from segmentd.facts.erasure.retention import KeepRule
    from segmentd.facts.kinds import RecordKind

    return tuple(
        KeepRule(RecordKind(kind), days, ledger)
        for kind, texts in given.items()
        for ledger, days in kept_days(f"--keep-{kind}s", texts)
    )


def kept_history(texts: list[str] | None) -> KeepHistory:
    """For how long the past of records is kept. Raises as `keep_rules`."""
    from segmentd.facts.journal.history import KEPT_DAYS, KeepHistory

    given = kept_days("--keep-history", texts)
    days = dict(given)
    if len(days) < len(given):
        raise ValueError("for how long history is kept is said twice")
    return KeepHistory(days.pop("", KEPT_DAYS), days)


def kept_days(option: str, texts: list[str] | None) -> list[tuple[str, int]]:
    """The ledgers, "" for all, and days that an option says. Raises BadParameter."""
    found = [(text, KEPT.fullmatch(text)) for text in texts or ()]
    for text, match in found:
        if match is None:
            raise typer.BadParameter(f"{option} is {text!r}; give days, as 3650d, or retail=3650d")
    return [(match["ledger"] or "", int(match["days"])) for _, match in found if match]


def tls_files(certificate: Path | None, key: Path | None, client_ca: Path | None) -> TlsFiles | None:
    """The files for TLS, None for a plain server. Raises BadParameter where one is lacking."""
    from segmentd.server.config import TlsFiles

    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise typer.BadParameter("--tls-cert and --tls-key belong together")
    return TlsFiles(certificate, key, client_ca)
