"""Settings of the whole suite, and a real server that tests can call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from segmentd.server.app import Server

# No deadline for one example: the first call of a kernel may compile it.
settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, print_blob=True, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "soak", deadline=None, print_blob=True, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a free loopback port with an empty data directory, shared by the tests of a module."""
    # Here, so that a test of one package does not import all the others.
    from segmentd.server.app import running_server  # noqa: PLC0415
    from segmentd.server.config import ServerConfig  # noqa: PLC0415

    config = ServerConfig(data_dir=tmp_path_factory.mktemp("data"), port=0, threads=2, drain_s=1.0)
    with running_server(config) as running:
        yield running


@pytest.fixture(scope="module")
def channel(server: Server) -> Iterator[grpc.Channel]:
    """A connection to the module's server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as connected:
        yield connected
