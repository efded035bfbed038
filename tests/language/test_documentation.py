"""The page on the language says what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from segmentd.language import Environment
from segmentd.language.identifiers import SEGMENTS
from segmentd.language.macros import FORMS, MacroForm
from segmentd.language.tree import ItemsQuantifier, walk
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
EXPRESSIONS = sorted(
    set(re.findall(r"`([^`\n]*customer\.[^`\n]*)`", PAGE))
    - {f"customer.{SEGMENTS}", "customer.accounts", "customer.accounts[0]"}
)


def environment() -> Environment:
    """What the page's expressions read: customers with accounts."""
    specs = tuple(AttributeSpec(attribute_id, type_) for attribute_id, type_ in KINDS.items())
    fields = {"kind": STRING, "balance": EUR, "external": BOOL, "opened": DATE}
    specs_of_accounts = tuple(AttributeSpec(field, type_) for field, type_ in fields.items())
    accounts = Schema(Subject.ACCOUNT, specs_of_accounts, "Europe/Prague")
    return Environment(Schema(Subject.CUSTOMER, specs, "Europe/Prague"), {"accounts": accounts})


def test_the_tables_are_current() -> None:
    """The page shows exactly the operations of `overloads.py` and the macros of `macros.py`."""
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
    assert environment().compile(text, result=None).type.kind in Kind


def test_the_examples_compile() -> None:
    """So can those over several lines."""
    texts = re.findall(r"```cel\n(.*?)```", PAGE, re.DOTALL)
    first, of_accounts, of_roles = (environment().compile(text) for text in texts)
    assert first.segments == {"optedOut"}
    assert {attribute for _, attribute in of_accounts.item_attributes} == {"kind", "balance", "external"}
    assert {attribute for _, attribute in of_roles.item_attributes} == {"role", "balance"}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.signature)
def test_every_macro_of_the_page_is_there(form: MacroForm) -> None:
    """Each form compiles to the type that its row says."""
    text, type_ = form.signature.replace("items", "customer.accounts").replace("BOOL)", "x.external)").split(" -> ")
    compiled = environment().compile(text, result=None)
    assert str(compiled.type) == type_
    assert any(isinstance(node, ItemsQuantifier) for node in walk(compiled.tree))
