"""Where figures come from: the machine, and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    "segmentd",
    "numpy",
    "numba",
    "numexpr",
    "polars",
    "duckdb",
    "chdb",
    "chdb-core",
    "pyarrow",
    "grpcio",
    "cel-expr-python",
)


def describe_machine() -> dict[str, Any]:
    """Processor, processors that we may use, memory in GiB, system, and the load before we began."""
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(pages * page / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Of Python and of each package that takes part."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
