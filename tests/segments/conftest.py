"""The services over a directory of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.segments.assembly import Assembly, assembled


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Assembly]:
    """The services over an empty database."""
    with assembled(tmp_path) as assembly:
        yield assembly
