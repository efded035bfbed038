"""Changes that are written, and then made current in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from segmentd.storage.errors import UnmarkedError


@contextmanager
def published(publish: Callable[[], object]) -> Iterator[None]:
    """Publish what the block writes, unless it raises.

    UnmarkedError is raised after publishing: what was written is on disk, and whoever sends it again is to meet it.
    """
    try:
        yield
    except UnmarkedError:
        publish()
        raise
    publish()
