"""The command `segmentd`. Nothing heavy is imported here: `segmentd --help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from segmentd.cli import attributes, ledger, ledgers, segments
from segmentd.cli.balances import balances
from segmentd.cli.check import check
from segmentd.cli.demo import demo
from segmentd.cli.evaluate import evaluate
from segmentd.cli.exits import EPILOG
from segmentd.cli.explain_plan import explain_plan
from segmentd.cli.failures import ExplainingGroup
from segmentd.cli.score import score
from segmentd.cli.serve import serve
from segmentd.cli.warmup import warmup

app = typer.Typer(
    name="segmentd",
    cls=ExplainingGroup,
    help="Decides which segments every customer is in, over gRPC and from the command line, and says why.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def print_version(asked: bool) -> None:
    """Print the version and end, if asked."""
    if asked:
        from segmentd import __version__

        typer.echo(f"segmentd {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Decides which segments every customer is in, over gRPC and from the command line, and says why."""


app.command(epilog=EPILOG)(serve)
app.command()(demo)
app.command()(warmup)
app.command()(check)
app.command()(evaluate)
app.add_typer(segments.app, name="segments")
app.add_typer(attributes.app, name="attributes")
app.add_typer(ledgers.app, name="ledgers")
app.add_typer(ledger.app, name="ledger")
app.command()(score)
app.command()(balances)
app.command("explain-plan")(explain_plan)
