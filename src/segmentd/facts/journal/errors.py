"""What can be wrong with what was kept of the facts."""

from __future__ import annotations

from segmentd.storage import DamagedError


class FactsDamagedError(DamagedError):
    """A file of the facts is lacking, shorter than it was, or not what was written. Nothing was changed."""
