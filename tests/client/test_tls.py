"""Connections with TLS, of both clients and of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segmentd.cli.main import app
from segmentd.client import AsyncClient, Client, ServerUnreachableError, Tls
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig, TlsFiles

FILES = Path(__file__).parent.parent / "server" / "tls"
CERTIFICATE, KEY = FILES / "localhost.pem", FILES / "localhost-key.pem"
KNOWN = Tls(root_certificates=CERTIFICATE, certificate_chain=CERTIFICATE, private_key=KEY)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that only answers clients whose certificate it knows."""
    tls = TlsFiles(CERTIFICATE, KEY, client_ca=CERTIFICATE)
    with running_server(ServerConfig(data_dir=tmp_path_factory.mktemp("data"), port=0, tls=tls, threads=1)) as server:
        yield f"localhost:{server.port}"


async def test_both_clients_show_their_certificate(guarded: str) -> None:
    """With the server's authority and a certificate of their own, both clients are answered."""
    with Client(guarded, tls=KNOWN) as client:
        assert client.list_ledgers() == ()
    async with AsyncClient(guarded, tls=KNOWN) as aio:
        assert await aio.list_ledgers() == ()


@pytest.mark.parametrize("tls", [None, Tls(root_certificates=CERTIFICATE)], ids=["plain", "without certificate"])
def test_others_reach_nobody(guarded: str, tls: Tls | None) -> None:
    """A plain connection, or one without a certificate, is an unreachable server and advice to look at TLS."""
    with Client(guarded, tls=tls) as client, pytest.raises(ServerUnreachableError, match="TLS"):
        client.list_ledgers()


def test_a_file_that_is_lacking_is_named(tmp_path: Path) -> None:
    """A certificate that is not there is an error before any call."""
    with pytest.raises(FileNotFoundError, match="lacking"):
        Client("localhost:1", tls=Tls(root_certificates=tmp_path / "lacking.pem"))


def test_the_command_line_takes_the_files(guarded: str) -> None:
    """`--tls-ca`, `--tls-cert` and `--tls-key` reach the same server."""
    options = ["--tls-ca", str(CERTIFICATE), "--tls-cert", str(CERTIFICATE), "--tls-key", str(KEY)]
    result = CliRunner().invoke(app, ["ledgers", "list", "--server", guarded, *options, "--json"])
    assert (result.exit_code, result.stdout.strip()) == (0, "[]")
