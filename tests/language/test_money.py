"""Decimal literals become exactly that amount of minor units, whatever their spelling."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentd.language import Environment, ExpressionError
from segmentd.language.celtree_pb2 import CheckedExpr
from segmentd.language.money import minor_units
from segmentd.language.tree import Call, Constant, ListLiteral
from segmentd.schema import MAX_SCALE, AttributeSpec, DataType, Kind, Schema, Subject
from tests.language.schemas import EUR, SCHEMA

INT64 = range(-(2**63), 2**63)
DIGITS = st.text("0123456789", min_size=1, max_size=24)
LITERALS = st.one_of(
    DIGITS,
    st.builds("{}.{}".format, DIGITS, DIGITS),
    st.builds(".{}".format, DIGITS),
    st.builds("{}.{}e{}".format, DIGITS, DIGITS, st.integers(-30, 30)),
    st.builds("{}E+{}".format, DIGITS, st.integers(0, 30)),
)


@given(literal=LITERALS, sign=st.sampled_from(["", "-"]), scale=st.integers(0, MAX_SCALE))
def test_minor_units(literal: str, sign: str, scale: int) -> None:
    """A literal is its value times ten to the scale, or is refused because that is no whole number of 64 bits."""
    exact = Fraction(Decimal(sign + literal)) * 10**scale
    amount = minor_units(sign + literal, DataType(Kind.DECIMAL, scale))
    if exact.denominator == 1 and exact.numerator in INT64:
        assert amount == exact
    else:
        assert isinstance(amount, str)
        assert ("more digits" in amount) == (exact.denominator != 1)


@pytest.mark.parametrize("literal", ["1e" + "9" * 5_000, "1e-" + "9" * 5_000, "9" * 10_000, "0." + "0" * 9_000 + "1"])
def test_absurd_literals(literal: str) -> None:
    """A literal of thousands of digits is refused, not computed."""
    assert isinstance(minor_units(literal, EUR), str)


@pytest.mark.parametrize("literal", ["0e" + "9" * 5_000, "0." + "0" * 9_000, "1." + "0" * 9_000, "1e0000000"])
def test_long_but_exact_literals(literal: str) -> None:
    """Zeros do not count, however many."""
    assert minor_units(literal, EUR) in (0, 100)


@given(cents=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=5), noise=st.sampled_from(["", " ", "\n"]))
def test_amounts_in_text(cents: list[int], noise: str) -> None:
    """Every literal of a list is replaced in its own place, and the checked tree holds the same amounts."""
    literals = [f"{noise}{Decimal(amount).scaleb(-2)}" for amount in cents]
    compiled = _ENVIRONMENT.compile(f"customer.age > 1 && customer.balance in [{','.join(literals)}] && customer.vip")
    conjunction = compiled.tree
    assert isinstance(conjunction, Call)
    lists = [node for node in _nodes(conjunction) if isinstance(node, ListLiteral)]
    assert [element.value for element in lists[0].elements if isinstance(element, Constant)] == cents
    assert _integers(CheckedExpr.FromString(compiled.checked)) == [1, *cents]


def test_a_wanted_decimal_reaches_literals() -> None:
    """The literals of a computed DECIMAL are amounts too, though no attribute says so."""
    tree = _ENVIRONMENT.compile("customer.vip ? 1 : 2.5", result=EUR).tree
    assert isinstance(tree, Call)
    assert [argument.value for argument in tree.arguments if isinstance(argument, Constant)] == [100, 250]
    assert _ENVIRONMENT.compile("0.5", result=EUR).tree == Constant(50, EUR)


def test_scale_zero() -> None:
    """A currency without minor units takes whole amounts only."""
    yen = DataType(Kind.DECIMAL, 0, "JPY")
    environment = Environment(Schema(Subject.ACCOUNT, (AttributeSpec("balance", yen),)))
    assert environment.compile("account.balance > 100.0").tree == environment.compile("account.balance > 100").tree
    with pytest.raises(ExpressionError, match="more digits after the point than the 0 of DECIMAL"):
        environment.compile("account.balance > 100.5")


def test_currencies_do_not_mix() -> None:
    """Two currencies of one scale are compared no more than two scales are."""
    attributes = (AttributeSpec("eur", EUR), AttributeSpec("czk", DataType(Kind.DECIMAL, 2, "CZK")))
    with pytest.raises(ExpressionError, match="scale and currency have to be the same") as failure:
        Environment(Schema(Subject.ACCOUNT, attributes)).compile("account.eur > account.czk")
    assert failure.value.metadata["left"] == "DECIMAL(2, EUR)"
    assert failure.value.metadata["right"] == "DECIMAL(2, CZK)"


_ENVIRONMENT = Environment(SCHEMA)


def _nodes(node: Call) -> list[object]:
    found: list[object] = []
    for argument in node.arguments:
        found += [argument, *(_nodes(argument) if isinstance(argument, Call) else [])]
    return found


def _integers(checked: CheckedExpr) -> list[int]:
    """The integer literals of a checked tree, in the order of the text."""
    pending, found = [checked.expr], {}
    while pending:
        expr = pending.pop()
        if expr.const_expr.WhichOneof("constant_kind") == "int64_value":
            found[checked.source_info.positions[expr.id]] = expr.const_expr.int64_value
        pending += [*expr.call_expr.args, *expr.list_expr.elements]
    return [found[position] for position in sorted(found)]
