"""The services over a directory of the test's own."""

from __future__ import annotations

from tests.segments.conftest import services

__all__ = ["services"]
