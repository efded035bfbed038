"""The mappings that are shipped and printed are mappings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmentd.facts.imports.mapping_text import read_mapping
from tests.berka import ROOT

PAGE = ROOT / "docs" / "loading.md"
SHIPPED = sorted(path for path in (ROOT / "examples" / "berka").glob("*.yaml") if path.stem != "attributes")
PRINTED = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_mappings_are_read(path: Path) -> None:
    """Every mapping of the Berka bank says which kind its records are, and the page on loading names it."""
    assert read_mapping(path.read_text("utf-8")).kind is not None
    assert f"examples/berka/{path.name}" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("text", PRINTED)
def test_printed_mappings_are_shipped_ones(text: str) -> None:
    """What the page on loading shows is taken from the mappings that are shipped, field by field."""
    printed = read_mapping(text)
    shipped = [read_mapping(path.read_text("utf-8")) for path in SHIPPED]
    assert any(
        printed.kind == mapping.kind and printed.fields.items() <= mapping.fields.items() and printed.csv == mapping.csv
        for mapping in shipped
    )
