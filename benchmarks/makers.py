"""The peers. Two of them have to be imported at the right moment, so this module imports none before it is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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

    To be called after POLARS_MAX_THREADS is set, which Polars reads when it is imported, and before the first
    expression is compiled: chDB's library cannot be loaded after CEL's, because both bring some of the same C++.
    """
    wanted = [PEERS[name] for name in PEERS if name in names]
    return [cast(Maker, getattr(import_module(f"benchmarks.contenders.{module}"), made)) for _, module, made in wanted]
