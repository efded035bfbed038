"""The peers. Two of them depend on the environment when they are imported, so none is before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Final, cast

from benchmarks.contenders.contender import Maker

PEERS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "Polars": ("polars", "polars_frame", "PolarsFrame"),
        "DuckDB": ("duckdb", "duckdb_table", "DuckdbTable"),
        "chDB": ("chdb", "chdb_table", "ChdbTable"),
        "NumPy": ("numpy", "numpy_arrays", "NumpyArrays"),
        "numexpr": ("numexpr", "numexpr_arrays", "NumexprArrays"),
    }
)
"""By name: the package that it needs, and the module and class of its contender."""


def installed() -> tuple[str, ...]:
    """The names of the peers whose packages are here; `make bench` installs all of them."""
    return tuple(name for name, (package, _, _) in PEERS.items() if find_spec(package) is not None)


def peers(names: Collection[str] = tuple(PEERS)) -> Sequence[Maker]:
    """The makers of peers. Raises ImportError for one that is not installed.

    To be called after POLARS_MAX_THREADS is set, which Polars reads when it is imported.
    """
    wanted = [PEERS[name] for name in PEERS if name in names]
    with _without("TZDIR"):
        modules = [(import_module(f"benchmarks.contenders.{module}"), made) for _, module, made in wanted]
    return [cast(Maker, getattr(module, made)) for module, made in modules]


@contextmanager
def _without(variable: str) -> Iterator[None]:
    """An environment without a variable: TZDIR, which we set for the official runtime, keeps chDB from starting."""
    value = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[variable] = value
