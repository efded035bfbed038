"""Compiling expressions: what comes out beside the tree, results, computed attributes, and limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from segmentd.errors import ErrorReason
from segmentd.language import AttributeIdError, CompiledExpression, Environment, ExpressionError
from segmentd.language.tree import Position
from segmentd.schema import (
    BOOL,
    DATE,
    DOUBLE,
    INT64,
    STRING,
    TIMESTAMP,
    AttributeSpec,
    DataType,
    Schema,
    Subject,
)
from tests.language.reference import reference_environment
from tests.language.schemas import EUR, EUR_4, SCHEMA, tree_text


@pytest.fixture(scope="module")
def environment() -> Environment:
    """The environment of the shared schema."""
    return Environment(SCHEMA)


def refusal(environment: Environment, text: str, result: DataType | None = BOOL) -> ExpressionError:
    """Why an expression cannot be used."""
    with pytest.raises(ExpressionError) as failure:
        environment.compile(text, result=result)
    return failure.value


def chain(length: int, expression: str = "customer.a{}") -> Environment:
    """An environment of computed attributes a0, a1, … of which each reads the next; the last reads `flag`."""
    specs = [AttributeSpec(f"a{i}", BOOL, expression=expression.format(i + 1)) for i in range(length)]
    last = AttributeSpec(f"a{length}", BOOL, expression="customer.flag")
    return Environment(Schema(Subject.CUSTOMER, (*specs, last, AttributeSpec("flag", BOOL))))


def test_what_is_read(environment: Environment) -> None:
    """Attributes are those of the text; given ones are those that its computed attributes need too."""
    compiled = environment.compile("has(customer.tier) && customer.age > 1 && 'a' in customer.segments")
    assert compiled.attributes == {"tier", "age"}
    assert compiled.given == {"balance", "age"}
    assert compiled.segments == {"a"}
    assert (compiled.type, compiled.text) == (
        BOOL,
        "has(customer.tier) && customer.age > 1 && 'a' in customer.segments",
    )


def test_checked_tree_can_be_evaluated(environment: Environment) -> None:
    """The serialized checked tree is the official one, with decimals in minor units."""
    reference = reference_environment(SCHEMA)
    expression = reference.deserialize(environment.compile("customer.balance > 99.99").checked)
    assert expression.evaluate(reference.message({"balance": 10_000}), 0) is True
    assert expression.evaluate(reference.message({"balance": 9_999}), 0) is False


def test_places_of_nodes(environment: Environment) -> None:
    """Nodes stand where their name does; those of a computed attribute where it is read."""
    tree = environment.compile("customer.vip &&\n  customer.isAdult").tree
    places = {tree_text(node): node.position for node in (tree, *tree.arguments)}  # type: ignore[union-attr]
    assert places["vip"] == Position(1, 10)
    assert places["greater_equals_int64(years_between_timestamp_timestamp(born, now), 18)"] == Position(2, 12)
    assert tree.position == Position(1, 14)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("customer.vip", BOOL),
        ("customer.age", INT64),
        ("1.5", DOUBLE),
        ("'a'", STRING),
        ("customer.born", DATE),
        ("customer.opened", TIMESTAMP),
        ("customer.born", TIMESTAMP),
        ("customer.balance * 2", EUR),
    ],
)
def test_results(environment: Environment, text: str, result: DataType) -> None:
    """An expression of the wanted type compiles; a DATE is also a moment."""
    assert environment.compile(text, result=result).type == result


@pytest.mark.parametrize(
    ("text", "result", "reason", "words"),
    [
        ("customer.age", BOOL, "EXPRESSION_TYPE", "the value is of type INT64, and BOOL is needed"),
        ("1", DOUBLE, "EXPRESSION_TYPE", "and DOUBLE is needed; write 1.0"),
        ("customer.age", DOUBLE, "EXPRESSION_TYPE", r"and DOUBLE is needed; write double\(...\)"),
        ("customer.opened", DATE, "EXPRESSION_TYPE", "of type TIMESTAMP, and DATE is needed"),
        ("customer.balance", DOUBLE, "DECIMAL_MISUSE", r"write double\(...\), which gives major units"),
        ("customer.fee", EUR, "DECIMAL_MISUSE", r"DECIMAL\(4, EUR\), and DECIMAL\(2, EUR\) is needed"),
        ("0.001", EUR, "DECIMAL_MISUSE", "0.001 has more digits"),
        ("null", STRING, "EXPRESSION_TYPE", "the value is of type null, and STRING is needed"),
    ],
)
def test_wrong_results(environment: Environment, text: str, result: DataType, reason: str, words: str) -> None:
    """An expression of another type is refused, with what was given and what is needed."""
    error = refusal(environment, text, result)
    assert error.reason == reason
    with pytest.raises(ExpressionError, match=words):
        environment.compile(text, result=result)


def test_an_attribute_may_not_read_itself(environment: Environment) -> None:
    """The expression that is to define an attribute is refused where it reads it, also through others."""
    with pytest.raises(ExpressionError) as failure:
        environment.compile("customer.labels == []", itself="tier")
    assert failure.value.reason is ErrorReason.ATTRIBUTE_CYCLE
    assert failure.value.metadata["cycle"] == "customer.tier -> customer.labels -> customer.tier"
    assert environment.compile("customer.labels == []").attributes == {"labels"}


def test_computed_attributes_have_their_declared_type() -> None:
    """A computed attribute whose expression is of another type than declared cannot be read."""
    wrong = AttributeSpec("wrong", INT64, expression="'text'")
    error = refusal(Environment(Schema(Subject.CUSTOMER, (wrong,))), "customer.wrong > 1")
    assert error.reason is ErrorReason.EXPRESSION_TYPE
    assert "attribute 'wrong' is computed by an expression that cannot be used" in error.message


def test_chains_of_computed_attributes() -> None:
    """Chains of 32 attributes compile, of 33 not, and a chain of a thousand fails as quickly."""
    assert chain(31).compile("customer.a0").given == {"flag"}
    for length in (32, 1_000):
        assert refusal(chain(length), "customer.a0").reason is ErrorReason.EXPRESSION_TOO_DEEP


def test_pasted_trees_are_bounded() -> None:
    """Attributes that double their size with every step are refused before they fill the memory."""
    error = refusal(chain(30, "customer.a{0} && customer.a{0}"), "customer.a0")
    assert error.reason is ErrorReason.EXPRESSION_TOO_LONG
    assert error.metadata["limit"] == "4096"


def test_deep_trees_are_bounded() -> None:
    """Attributes that deepen with every step are refused at 128 levels."""
    environment = chain(30, "!(!(!(!(!customer.a{}))))")
    assert environment.compile("customer.a10").type == BOOL
    assert refusal(environment, "customer.a0").reason is ErrorReason.EXPRESSION_TOO_DEEP


def test_deep_text_is_bounded() -> None:
    """Text operations reach the official runtime at 40 levels, and are refused beyond."""
    specs = [AttributeSpec(f"a{i}", STRING, expression=f"customer.a{i + 1}" + ".trim()" * 10) for i in range(5)]
    environment = Environment(Schema(Subject.CUSTOMER, (*specs, AttributeSpec("a5", STRING))))
    assert environment.compile("customer.a2", result=STRING).given == {"a5"}
    assert refusal(environment, "customer.a0", STRING).reason is ErrorReason.EXPRESSION_TOO_DEEP


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000 + "1" + ")" * 1_000,
        "!" * 3 + "!(" * 40 + "true" + ")" * 40,
        "+".join(["1"] * 100),
        "customer.name" + ".trim()" * 100,
        "[" * 50 + "]" * 50,
        "customer.vip ? 1 : " * 40 + "2",
    ],
)
def test_nesting_is_bounded(environment: Environment, text: str) -> None:
    """Deeper than the parser goes is refused with its limit, at the start, for it says no place."""
    error = refusal(environment, text)
    assert error.reason is ErrorReason.EXPRESSION_TOO_DEEP
    assert error.metadata["limit"] == "32"
    assert error.issues[0].position == Position(1, 1)


def test_long_conjunctions_are_not_deep(environment: Environment) -> None:
    """The parser balances && and ||, so that hundreds of conditions compile."""
    text = " && ".join(f"customer.age != {number}" for number in range(500))
    assert environment.compile(text).given == {"age"}


def test_long_texts_are_refused(environment: Environment) -> None:
    """16,384 code points are allowed, and are no bytes; one more is too long."""
    filler = "ž" * (16_384 - len("customer.name == ''"))
    assert environment.compile(f"customer.name == '{filler}'").given == {"name"}
    error = refusal(environment, f"customer.name == '{filler}ž'")
    assert error.reason is ErrorReason.EXPRESSION_TOO_LONG
    assert (error.metadata["length"], error.metadata["limit"]) == ("16385", "16384")


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_characters_that_no_text_has(environment: Environment, character: str) -> None:
    """NUL, which would end the text for the parser, and surrogates, which UTF-8 lacks, are refused and not shown."""
    error = refusal(environment, f"customer.name == '{character}'")
    assert error.reason is ErrorReason.EXPRESSION_SYNTAX
    assert error.metadata["column"] == "19"
    assert character not in error.message


def test_errors_carry_their_parts(environment: Environment) -> None:
    """Line, column and every dynamic part of the first issue are metadata of the error."""
    error = refusal(environment, "customer.vip &&\ncustomer.incom > 1")
    assert error.metadata == {"line": "2", "column": "10", "attribute": "customer.incom", "nearest": "customer.income"}
    assert error.issues[0].snippet == "customer.incom > 1\n         ^"


@pytest.mark.parametrize(
    ("text", "attribute", "nearest"),
    [
        ("customer.nothing > 1", "customer.nothing", None),
        ("income > 1.0", "income", "customer.income"),
        ("custmer.income > 1.0", "custmer.income", "customer.income"),
        ("account.income > 1.0", "account.income", None),
        ("bank > 1", "bank", None),
    ],
)
def test_attributes_are_named_as_expressions_write_them(
    environment: Environment, text: str, attribute: str, nearest: str | None
) -> None:
    """With the subject in front, where the text has it; the nearest one that there is always so."""
    metadata = refusal(environment, text).metadata
    assert (metadata["attribute"], metadata.get("nearest")) == (attribute, nearest)


def test_hints_name_attributes_that_there_are() -> None:
    """Where there is none, no example is given."""
    empty, one = (Environment(Schema(Subject.ACCOUNT, specs)) for specs in ((), (AttributeSpec("balance", EUR_4),)))
    assert refusal(one, "account").message.startswith(
        "1:1: account is no value by itself; read one of its attributes, as in account.balance\n"
    )
    assert refusal(empty, "account").message.startswith(
        "1:1: account is no value by itself; read one of its attributes\n"
    )
    assert refusal(empty, "has(account)").message.startswith("1:5: has() takes an attribute\n")


def test_a_new_attribute_may_not_read_itself_either(environment: Environment) -> None:
    """Also before the schema has it, and then of no declared type."""
    with pytest.raises(ExpressionError) as failure:
        environment.compile("1 + customer.fresh", result=None, itself="fresh")
    assert failure.value.reason is ErrorReason.ATTRIBUTE_CYCLE
    assert failure.value.metadata["cycle"] == "customer.fresh -> customer.fresh"
    assert failure.value.metadata["column"] == "14"


def test_many_errors(environment: Environment) -> None:
    """The checker stops after some twenty errors; each of them is an issue, and nothing else is."""
    error = refusal(environment, " || ".join(f"customer.x{number} > 1" for number in range(100)))
    assert len(error.issues) >= 20
    assert {issue.reason for issue in error.issues} == {ErrorReason.UNKNOWN_ATTRIBUTE}


def test_ids_that_expressions_cannot_read() -> None:
    """A schema with such an attribute has no environment."""
    with pytest.raises(AttributeIdError, match="no attribute can be called 'segments'"):
        Environment(Schema(Subject.CUSTOMER, (AttributeSpec("segments", INT64),)))


def test_accounts() -> None:
    """The variable is named after the subject."""
    environment = Environment(Schema(Subject.ACCOUNT, (AttributeSpec("balance", EUR_4),)))
    assert tree_text(environment.compile("account.balance > 1 && 'x' in account.segments").tree) == (
        "logical_and(greater_int64(balance, 10000 DECIMAL(4, EUR)), segment(x))"
    )
    assert refusal(environment, "customer.balance > 1").reason is ErrorReason.UNKNOWN_ATTRIBUTE


def test_threads_share_an_environment() -> None:
    """Several threads compile at once, computed attributes included, with one result."""
    environment = Environment(SCHEMA)
    texts = ["customer.tier == 'gold'", "customer.incom > 1", "customer.labels == []", "customer.surplus > 0.5"] * 8

    def outcome(text: str) -> CompiledExpression | str:
        try:
            return replace(environment.compile(text), checked=b"")
        except ExpressionError as error:
            return error.message

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, texts))
    assert outcomes == [outcome(text) for text in texts]
