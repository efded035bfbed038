"""What `pyproject.toml` and the locks promise about dependencies."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
STUBS = ROOT / "src" / "segmentd" / "api" / "v1"
PROTOBUF_VERSION = re.compile(r"^# Protobuf Python Version: (\S+)$", re.MULTILINE)
GRPC_VERSION = re.compile(r"^GRPC_GENERATED_VERSION = '(\S+)'$", re.MULTILINE)


def lower_bound(distribution: str) -> Version:
    """The oldest release of a direct dependency that the package accepts."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = {requirement.name: requirement for requirement in map(Requirement, project["dependencies"])}
    return next(Version(part.version) for part in requirements[distribution].specifier if part.operator == ">=")


@pytest.mark.parametrize(
    ("distribution", "ending", "pattern"),
    [("protobuf", "_pb2.py", PROTOBUF_VERSION), ("grpcio", "_pb2_grpc.py", GRPC_VERSION)],
)
def test_stubs_import_under_the_oldest_accepted_runtime(
    distribution: str, ending: str, pattern: re.Pattern[str]
) -> None:
    """No committed stub was generated for a newer runtime than the lower bound; it would refuse to be imported."""
    stubs = sorted(STUBS.glob(f"*{ending}"))
    generated_for = {Version(version) for stub in stubs for version in pattern.findall(stub.read_text("utf-8"))}
    assert stubs
    assert generated_for
    assert max(generated_for) <= lower_bound(distribution)


@pytest.mark.parametrize("lock", ["runtime", "dev", "bench"])
def test_locks_name_no_host(lock: str) -> None:
    """A lock names packages, versions and hashes, and leaves it to pip's settings where they come from."""
    text = (ROOT / "locks" / f"{lock}.txt").read_text("utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text


def test_larger_locks_hold_the_same_versions() -> None:
    """What runs the service has the same version in every lock, so that one environment serves all tasks."""
    runtime, dev, bench = (pins(ROOT / "locks" / f"{name}.txt") for name in ("runtime", "dev", "bench"))
    assert runtime <= dev <= bench


def pins(lock: Path) -> set[str]:
    """The `name==version ; marker` lines of a lock."""
    return {line.rstrip(" \\") for line in lock.read_text("utf-8").splitlines() if re.match(r"[a-z]", line)}
