"""A server of the S3 API on loopback: VersityGW over a folder, built by Go once and kept in the build folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.berka import ROOT

MODULE: Final = "github.com/versity/versitygw/cmd/versitygw"
VERSION: Final = "v1.8.0"
BUILD_S: Final = 100.0
START_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: its buckets are the folders in `folder`, and clients reach it by the environment."""

    folder: Path
    environment: dict[str, str]


def gateway_program() -> Path:
    """The program, built where it is lacking; skips the test where that cannot be done."""
    folder = ROOT / "build" / f"versitygw-{VERSION}"
    program = folder / "versitygw"
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        pytest.skip("there is no S3 server to test with: Go, which builds one, is not installed")
    command = [go, "install", f"{MODULE}@{VERSION}"]
    environment = os.environ | {"GOBIN": str(folder), "GOFLAGS": "-mod=mod"}
    try:
        built = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=BUILD_S, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"there is no S3 server to test with: Go did not build one in {BUILD_S:.0f} s")
    if built.returncode:
        pytest.skip(f"there is no S3 server to test with: Go could not build one: {built.stderr.strip()[-300:]}")
    return program


@contextmanager
def running_gateway(folder: Path) -> Iterator[Gateway]:
    """A gateway over the folders in a folder."""
    program = gateway_program()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    environment = {
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "reader-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    keys = ["--access", environment["AWS_ACCESS_KEY_ID"], "--secret", environment["AWS_SECRET_ACCESS_KEY"]]
    command = [str(program), "--port", address, *keys, "--quiet", "posix", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_open(port, process)
            yield Gateway(folder, environment)
        finally:
            process.terminate()


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once a port takes connections. TimeoutError; OSError where the process has ended."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                raise OSError(f"the gateway ended with code {process.wait(0.02)}") from None
        else:
            return
    raise TimeoutError(f"the gateway takes no connections after {START_S:.0f} s")
