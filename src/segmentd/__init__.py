"""Decides which segments every customer is in, and says why."""

from typing import Any

__version__: str


def __getattr__(name: str) -> Any:
    """Read `__version__` from the installed distribution on first use, so that `import segmentd` stays cheap."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415 - 20 ms that most commands never need

    found = version("segmentd")
    globals()[name] = found
    return found
