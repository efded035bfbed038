"""The peers. Two of them have to be imported at the right moment, so this module imports none before it is asked."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contenders.contender import Maker


def peers() -> Sequence[Maker]:
    """The makers of all peers.

    To be called after POLARS_MAX_THREADS is set, which Polars reads when it is imported, and before the first
    expression is compiled: chDB's library cannot be loaded after CEL's, because both bring some of the same C++.
    """
    from benchmarks.contenders.chdb_table import ChdbTable  # noqa: PLC0415
    from benchmarks.contenders.duckdb_table import DuckdbTable  # noqa: PLC0415
    from benchmarks.contenders.numexpr_arrays import NumexprArrays  # noqa: PLC0415
    from benchmarks.contenders.numpy_arrays import NumpyArrays  # noqa: PLC0415
    from benchmarks.contenders.polars_frame import PolarsFrame  # noqa: PLC0415

    return (PolarsFrame, DuckdbTable, ChdbTable, NumpyArrays, NumexprArrays)
