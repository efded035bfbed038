"""A real server and a small bank for the tests of the command line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner, Result

from segmentd.cli.main import app
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig

Run = Callable[..., Result]

CUSTOMERS = {
    "customer_id": ["c0", "c1", "c2", "c3"],
    "income": [1200.0, 5300.0, None, 3000.0],
    "country": ["CZ", "DE", "CZ", None],
}

DEFINITIONS = """
time_zone: Europe/Prague
currency: CZK
attributes:
  - {id: income, type: DOUBLE}
  - {id: country, type: STRING}
  - {id: tier, expression: "customer.income >= 3000.0 ? 'gold' : 'basic'"}
segments:
  - id: local
    expression: '"wealthy" in customer.segments && customer.country == "CZ"'
  - id: wealthy
    display_name: Wealthy
    expression: customer.income >= 3000.0
    benefits: [{id: lounge, display_name: Lounge access}]
    labels: {team: retail}
"""


@pytest.fixture
def population(tmp_path: Path) -> Path:
    """The four customers as a Parquet file."""
    path = tmp_path / "customers.parquet"
    pa.parquet.write_table(pa.table(CUSTOMERS), path)
    return path


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """Two segments, one by the other, and a computed attribute."""
    path = tmp_path / "segments.yaml"
    path.write_text(DEFINITIONS)
    return path


@pytest.fixture
def target(tmp_path: Path, population: Path) -> Iterator[str]:
    """The address of a server with the four customers as ledger `main`."""
    config = ServerConfig(data_dir=tmp_path / "data", port=0, population=population, threads=1)
    with running_server(config) as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
def cli(target: str) -> Run:
    """Runs `segmentd` with arguments, with the server as the one to talk to."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [*map(str, arguments)], env={"SEGMENTD_SERVER": target}, prog_name="segmentd")

    return run


@pytest.fixture
def offline() -> Run:
    """Runs `segmentd` with arguments, with nobody to talk to."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(
            app, [*map(str, arguments)], env={"SEGMENTD_SERVER": "127.0.0.1:1", "SEGMENTD_WAIT": "0"}
        )

    return run
