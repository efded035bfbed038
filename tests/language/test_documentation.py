"""The page on the language says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from segmentd.language import Environment
from segmentd.language.identifiers import SEGMENTS
from segmentd.schema import BOOL, DATE, DOUBLE, INT64, LIST, STRING, TIMESTAMP, AttributeSpec, Kind, Schema, Subject
from tests.language.schemas import EUR

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "semantics.md").read_text("utf-8")

KINDS = {
    "vip": BOOL,
    "age": INT64,
    "income": DOUBLE,
    "income12m": EUR,
    "balance": EUR,
    "country": STRING,
    "name": STRING,
    "tier": STRING,
    "lastLogin": TIMESTAMP,
    "born": DATE,
    "clientSince": DATE,
    "tags": LIST,
}
EXPRESSIONS = sorted(set(re.findall(r"`([^`\n]*customer\.[^`\n]*)`", PAGE)) - {f"customer.{SEGMENTS}"})


def test_the_table_is_current() -> None:
    """The page shows exactly the operations of `overloads.py`."""
    done = subprocess.run(
        [sys.executable, "scripts/overload_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_of_the_page_compile(text: str) -> None:
    """Every expression that the page shows inside of a line can be used."""
    specs = tuple(AttributeSpec(attribute_id, type_) for attribute_id, type_ in KINDS.items())
    schema = Schema(Subject.CUSTOMER, specs, "Europe/Prague")
    assert Environment(schema).compile(text, result=None).type.kind in Kind


def test_the_example_compiles() -> None:
    """So can the first one, over several lines."""
    example = re.search(r"```cel\n(.*?)```", PAGE, re.DOTALL)
    assert example
    specs = tuple(AttributeSpec(attribute_id, type_) for attribute_id, type_ in KINDS.items())
    compiled = Environment(Schema(Subject.CUSTOMER, specs)).compile(example[1])
    assert compiled.segments == {"optedOut"}
