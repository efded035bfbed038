"""One engine for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from segmentd.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """An engine with two threads."""
    with Engine(threads=2) as running:
        yield running
