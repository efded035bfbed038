"""Where the Berka bank's files lie: an anonymised Czech bank, kept beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT.parent / "shared" / "data" / "berka"
TABLES = ("account", "client", "disp", "order", "trans", "loan", "card", "district")


def berka_directory() -> Path:
    """The directory with the eight `.asc` files; skips the test, naming what is missing, if one is not there."""
    missing = [f"{table}.asc" for table in TABLES if not (DIRECTORY / f"{table}.asc").is_file()]
    if missing:
        pytest.skip(f"the Berka data set is not in {DIRECTORY}: no {', '.join(missing)}")
    return DIRECTORY
