"""The package as installed: its version, and what importing it costs."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import segmentd

HEAVY = ("numpy", "numba", "pyarrow", "grpc", "google.protobuf", "sqlalchemy", "cel_expr_python")


def modules_after(statement: str) -> set[str]:
    """The names of all modules that a fresh interpreter holds after `statement`."""
    code = f"{statement}; import sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_version_is_that_of_the_distribution() -> None:
    """`segmentd.__version__` is what the installed metadata says."""
    assert segmentd.__version__ == version("segmentd")


def test_an_unknown_name_is_refused() -> None:
    """Only `__version__` is looked up late; any other name is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="no_such_name"):
        segmentd.no_such_name  # noqa: B018 - the access is what is tested


def test_import_is_light() -> None:
    """`import segmentd` brings in none of the heavy dependencies."""
    assert modules_after("import segmentd").isdisjoint(HEAVY)
