"""The options of every command that talks to a server, in one place."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from segmentd.client import Client

PANEL = "Server"
DEFAULT_SERVER = "localhost:50051"
ADDRESS = re.compile(r"([^\s:/\[\]]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Hosts where a server may have been started by the command before."""

SILENT_S = 0.3
"""How long to wait for a server without saying so."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Which server and ledger a command is about."""

    server: str = DEFAULT_SERVER
    ledger: str = "main"
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    wait_s: float = 10.0

    def __post_init__(self) -> None:
        if not ADDRESS.fullmatch(self.server):
            raise typer.BadParameter(f"--server is {self.server!r}; give HOST:PORT, such as {DEFAULT_SERVER}")

    def open(self) -> Client:
        """A client for the server; plain without any of the TLS files. One on this machine may be about to start."""
        from segmentd.client import Client, Tls

        files = (self.tls_ca, self.tls_cert, self.tls_key)
        client = Client(self.server, ledger=self.ledger, tls=Tls(*files) if any(files) else None)
        if self.server.rpartition(":")[0] in LOOPBACK and not client.wait_for_ready(min(self.wait_s, SILENT_S)):
            self.wait(client)
        return client

    def wait(self, client: Client) -> None:
        """Say what is waited for, and wait; who does not answer then is found by the first call."""
        if self.wait_s > SILENT_S:
            typer.echo(f"waiting for {self.server} …", err=True)
            client.wait_for_ready(self.wait_s - SILENT_S)


def option(flag: str, variable: str, metavar: str, text: str) -> typer.models.OptionInfo:
    """An option of the panel, with an environment variable."""
    info: typer.models.OptionInfo = typer.Option(
        flag, envvar=variable, metavar=metavar, help=text, rich_help_panel=PANEL, show_default=flag != "--tls-ca"
    )
    return info


OPTIONS = {
    "server": Annotated[str, option("--server", "SEGMENTD_SERVER", "HOST:PORT", "Address of the server.")],
    "ledger": Annotated[str, option("--ledger", "SEGMENTD_LEDGER", "ID", "The ledger.")],
    "tls_ca": Annotated[
        Path | None, option("--tls-ca", "SEGMENTD_TLS_CA", "FILE", "Use TLS; certificates to trust, PEM.")
    ],
    "tls_cert": Annotated[
        Path | None, option("--tls-cert", "SEGMENTD_TLS_CERT", "FILE", "Own certificate for mutual TLS, PEM.")
    ],
    "tls_key": Annotated[Path | None, option("--tls-key", "SEGMENTD_TLS_KEY", "FILE", "Key of --tls-cert, PEM.")],
    "wait_s": Annotated[
        float, option("--wait", "SEGMENTD_WAIT", "SECONDS", "How long to wait for a server on this machine to start.")
    ],
}


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is a Connection, as one with the options that make it."""

    @functools.wraps(command)
    def wrapper(**kwargs: Any) -> None:
        given = {name: kwargs.pop(name) for name in OPTIONS}
        command(Connection(**given), **kwargs)

    # typer reads the signature and the annotations, and looks for both behind __wrapped__ too.
    del wrapper.__wrapped__
    parameters = [*own_parameters(command), *connection_parameters()]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return wrapper


def own_parameters(command: Callable[..., None]) -> Iterator[inspect.Parameter]:
    """The parameters after the first, with their annotations as types."""
    hints = get_type_hints(command, include_extras=True)
    for parameter in list(inspect.signature(command).parameters.values())[1:]:
        yield parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)


def connection_parameters() -> Iterator[inspect.Parameter]:
    """A parameter for each field of a Connection."""
    defaults = Connection()
    for name, kind in OPTIONS.items():
        default = getattr(defaults, name)
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
