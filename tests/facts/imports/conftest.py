"""A bank whose files are in the test's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facts.imports.bank import Bank, open_bank


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """The folder that the bank may import from."""
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


@pytest.fixture
def bank(tmp_path: Path, landing: Path) -> Iterator[Bank]:
    """A bank with two accounts, a1 and a2."""
    with open_bank(tmp_path / "data", roots=(landing,)) as opened:
        (landing / "accounts.csv").write_text("id\na1\na2\n")
        opened.run(landing / "accounts.csv", "kind: account\nid: id\nfields: {kind: {constant: CHECKING}}\n")
        yield opened
