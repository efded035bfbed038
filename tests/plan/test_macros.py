"""What macros over items become in a program: columns that are folded, and programs over the items."""

from __future__ import annotations

import pytest

from segmentd.language import Environment, ExpressionError
from segmentd.plan import Program, compile_plannable, compile_program
from segmentd.plan.thresholds import distinctions
from segmentd.plan.traffic import bytes_per_row
from tests.language.schemas import ACCOUNTS, SCHEMA_WITH_ACCOUNTS

ENVIRONMENT = Environment(SCHEMA_WITH_ACCOUNTS, {"accounts": ACCOUNTS})


def program(**texts: str) -> Program:
    """The program of segments by id."""
    trees = {name: ENVIRONMENT.compile(text).tree for name, text in texts.items()}
    return compile_program(list(trees), [], trees, SCHEMA_WITH_ACCOUNTS)


def test_equal_macros_are_one_column() -> None:
    """Whatever their variables are called, and in whichever segments they stand."""
    asked = program(
        a="customer.accounts.exists(a, a.rank > 3)",
        b="!customer.accounts.exists(account, account.rank > 3) && customer.vip",
        c="customer.accounts.all(a, a.rank > 3)",
    )
    (part,) = asked.items
    assert sorted(part.readers.values()) == [("a", "b"), ("c",)]
    assert part.program.attributes == {"rank": ("a", "b", "c")}
    assert len(set(part.columns.values())) == 1


def test_what_is_read_of_whom() -> None:
    """The subject's attributes inside of macros count as read; those of items are their program's."""
    asked = program(a="customer.accounts.exists(a, a.balance > customer.balance)", b="customer.accounts.size() > 1")
    assert asked.attributes == {"balance": ("a",)}
    assert asked.wanted == {"balance", "accounts"}
    sizes, reading = sorted(asked.items, key=lambda part: len(part.reads))
    assert (reading.reads, sizes.reads) == (("balance",), ())
    assert not sizes.program.segments
    assert set(reading.program.attributes) == {"balance", "customer.balance"}


def test_roles_are_asked_of_pairs_alone() -> None:
    """What reads one is a program of its own, over pairs, and the others stay programs over accounts, each once."""
    asked = program(
        a='customer.accounts.exists(a, a.role == "OWNER" && a.rank > 3)',
        b="customer.accounts.exists(a, a.rank > 3)",
        c="customer.accounts.all(a, has(a.role) && a.balance > customer.balance)",
    )
    assert sorted((part.needs_pairs, sorted(part.readers.values())) for part in asked.items) == [
        (False, [("b",)]),
        (True, [("a",), ("c",)]),
    ]
    assert asked.wanted == {"balance", "accounts"}


def test_segments_pass_on_what_they_need() -> None:
    """Who refers to a segment with a macro needs its items too."""
    trees = {
        "inner": ENVIRONMENT.compile("customer.accounts.exists(a, a.external)").tree,
        "outer": ENVIRONMENT.compile("'inner' in customer.segments").tree,
    }
    (part,) = compile_program(["outer"], [], trees, SCHEMA_WITH_ACCOUNTS).items
    assert list(part.readers.values()) == [("outer",)]


def test_macros_are_printed() -> None:
    """As columns, in the form of calls."""
    text = program(
        a="customer.accounts.exists(a, a.rank > 3)",
        b="customer.accounts.filter(a, a.external).size() > customer.accounts.size()",
    ).render()
    assert "= accounts.exists(greater_int64(rank, 3)), once a program" in text
    assert "= accounts.filter(external).size(), once a program" in text
    assert "= accounts.size(), once a program" in text
    assert "over accounts:\n  2 segments, 0 computed attributes asked for, 2 attributes" in text


def test_macros_are_read_as_columns() -> None:
    """A truth value is a plane, a number eight bytes, both with their validity."""
    assert bytes_per_row(program(a="customer.accounts.exists(a, a.rank > 3)"), {}) == (2 / 8,)
    assert bytes_per_row(program(a="customer.accounts.size() > 3"), {}) == (8 + 1 / 8,)


def test_macros_are_not_kept_as_codes() -> None:
    """Items change without their owners, so what is computed from macros is no part that codes are made of."""
    asked = program(a="customer.accounts.size() + customer.visits > 3", b="customer.accounts.size() > 3")
    found = distinctions(asked.origin.circuit, SCHEMA_WITH_ACCOUNTS)
    assert (dict(found.cuts), dict(found.values), found.planes) == ({}, {}, frozenset())


def test_plans_of_predicates_are_limited() -> None:
    """A predicate that multiplies into too many parts is refused when it is defined, at its place."""
    text = '"x"'
    for _ in range(16):
        text = f'({text} + (a.balance > 1 ? "a" : "b"))'
    with pytest.raises(ExpressionError, match="multiply"):
        compile_plannable(ENVIRONMENT, f"customer.accounts.exists(a, {text} == a.kind)")
