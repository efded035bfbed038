"""Definitions in YAML files: what they mean, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmentd.errors import ErrorReason
from segmentd.language.tree import SegmentVerdict
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, AttributeSpec, DataType, Kind, Subject
from segmentd.segments.definitions import Definitions, DefinitionsError, load_definitions, parse_definitions
from segmentd.segments.model import Benefit, State

FULL = """\
time_zone: Europe/Prague      # a comment
currency: CZK
id_column: customer_id
attributes:
  - {id: balance, type: "DECIMAL(2, CZK)"}
  - id: tier
    expression: "customer.rank > 1 ? 'gold' : 'basic'"
    display_name: Tier
    description: What they are told
  - {id: rank, expression: "customer.visits + 1"}
  - {id: visits, type: INT64, nullable: false}
  - {id: tier, type: STRING, subject: ACCOUNT}
segments:
  - id: premium
    display_name: Prémiový 🙂
    description: |
      line one
      line two
    expression: customer.balance >= 3000.00
    benefits: [{id: lounge, display_name: Lounge access, description: …}, {id: insurance}]
    labels: {team: retail, country: NO, wave: 007}
    state: INACTIVE
  - id: gold
    expression: '"premium" in customer.segments && customer.tier == "gold"'
  - id: savings
    subject: ACCOUNT
    expression: account.kind == 'SAVINGS'
"""


def parse(text: str) -> Definitions:
    """The definitions in a text."""
    return parse_definitions(text, "bank.yaml")


def problems(text: str) -> list[tuple[int, str, str]]:
    """Line, entry and message of all that is wrong with a text, compiled."""
    with pytest.raises(DefinitionsError) as caught:
        parse(text).catalogue()
    for problem in caught.value.problems:
        place = f"bank.yaml:{problem.line}: {problem.entry + ': ' if problem.entry else ''}"
        assert f"{place}{problem.message}" in caught.value.message
    return [(problem.line, problem.entry, problem.message) for problem in caught.value.problems]


def test_a_file_is_read_whole() -> None:
    """Every key has its meaning; what is written is taken as it stands, so a country NO stays a text."""
    definitions = parse(FULL)
    assert (definitions.time_zone, definitions.currency, definitions.id_column) == (
        "Europe/Prague",
        "CZK",
        "customer_id",
    )
    premium, gold, savings = definitions.segments
    assert (premium.id, premium.display_name, premium.description) == ("premium", "Prémiový 🙂", "line one\nline two\n")
    assert premium.benefits == (Benefit("lounge", "Lounge access", "…"), Benefit("insurance"))
    assert premium.labels == {"team": "retail", "country": "NO", "wave": "007"}
    assert (premium.state, gold.state) == (State.INACTIVE, State.ACTIVE)
    assert (gold.subject, savings.subject) == (Subject.CUSTOMER, Subject.ACCOUNT)
    assert [(a.subject.name, a.id, a.required) for a in definitions.attributes] == [
        ("CUSTOMER", "balance", False),
        ("CUSTOMER", "tier", False),
        ("CUSTOMER", "rank", False),
        ("CUSTOMER", "visits", True),
        ("ACCOUNT", "tier", False),
    ]


def test_a_file_is_compiled_without_a_server() -> None:
    """Computed attributes get their expressions' types, in whatever order they stand; segments refer to each other."""
    catalogue = parse(FULL).catalogue()
    assert (catalogue.ledger.id, catalogue.ledger.currency_code, catalogue.version) == ("main", "CZK", 1)
    schema = catalogue.schemas[Subject.CUSTOMER]
    assert schema.time_zone == "Europe/Prague"
    assert {spec.id: spec.type for spec in schema if not spec.built_in} == {
        "balance": DataType(Kind.DECIMAL, 2, "CZK"),
        "tier": STRING,
        "rank": INT64,
        "visits": INT64,
    }
    attribute = catalogue.attributes[Subject.CUSTOMER]["tier"]
    assert (attribute.display_name, attribute.description) == ("Tier", "What they are told")
    assert catalogue.asked(Subject.CUSTOMER, ()) == ("gold",)
    definitions = catalogue.definitions(Subject.CUSTOMER)
    assert definitions["premium"] is None
    assert SegmentVerdict("premium") in getattr(definitions["gold"], "arguments", ())


def test_everything_is_optional() -> None:
    """An empty file defines nothing, in UTC and without a currency."""
    for text in ("", "# only a comment\n", "segments:\n", "segments: []\nattributes: ~\n", "---\n...\n"):
        catalogue = parse(text).catalogue()
        assert (catalogue.ledger.time_zone, catalogue.ledger.currency_code) == ("UTC", "XXX")
        assert catalogue.segments == {}


@pytest.mark.parametrize(
    ("text", "data_type"),
    [
        ("BOOL", BOOL),
        ("DOUBLE", DOUBLE),
        ("LIST", LIST),
        ("DECIMAL(0)", DataType(Kind.DECIMAL)),
        ("DECIMAL(9,EUR)", DataType(Kind.DECIMAL, 9, "EUR")),
        ('"DECIMAL( 2 , EUR )"', DataType(Kind.DECIMAL, 2, "EUR")),
    ],
)
def test_types_are_written_by_name(text: str, data_type: DataType) -> None:
    """A decimal has its scale and, if it likes, its currency."""
    [attribute] = parse(f"attributes:\n- id: x\n  type: {text}\n").attributes
    assert attribute.type == data_type


def test_what_the_file_says_wins_over_what_the_columns_suggest() -> None:
    """Types and expressions override; what the file leaves out is the column's; other columns are added."""
    text = """
attributes:
  - {id: balance, type: "DECIMAL(2)"}
  - {id: age, display_name: Age, nullable: false}
  - {id: active, expression: "customer.age > 3"}
"""
    columns = [
        AttributeSpec("age", INT64),
        AttributeSpec("balance", DOUBLE),
        AttributeSpec("active", BOOL),
        AttributeSpec("name", STRING),
    ]
    schema = parse(text).merge_inferred(columns).catalogue().schemas[Subject.CUSTOMER]
    assert {spec.id: spec for spec in schema if not spec.built_in} == {
        "balance": AttributeSpec("balance", DataType(Kind.DECIMAL, 2)),
        "age": AttributeSpec("age", INT64, required=True),
        "active": AttributeSpec("active", BOOL, expression="customer.age > 3"),
        "name": AttributeSpec("name", STRING),
    }


@pytest.mark.parametrize(
    ("text", "line", "entry", "message"),
    [
        ("curency: EUR", 1, "", "unknown key 'curency'; did you mean 'currency'?"),
        ("\nzzz: 1", 2, "", "unknown key 'zzz'; allowed are time_zone, currency, id_column, attributes, segments"),
        ("currency: EURO", 1, "", "did you mean EUR?"),
        ("time_zone: Europe/Prag", 1, "", "did you mean Europe/Prague?"),
        ("time_zone: [UTC]", 1, "", "time_zone has to be a text"),
        ("- a", 1, "", "expected keys and values: time_zone"),
        ("segments: premium", 1, "", "segments has to be a list"),
        ("segments:\n- premium", 2, "segments[0]", "expected keys and values: id"),
        ("segments:\n- {expression: 'true'}", 2, "segments[0]", "id must be set"),
        ("segments:\n- id: a", 2, "segments[0] (a)", "expression must be set"),
        ("segments:\n- {id: A, expression: 'true'}", 2, "segments[0] (A)", "must match [a-z]"),
        ("segments:\n- id: a\n  expresion: 'true'", 3, "segments[0] (a)", "did you mean 'expression'?"),
        ("segments:\n- id: a\n  expression: {a: b}", 3, "segments[0] (a)", "expression has to be a text"),
        (
            "segments:\n- id: a\n  expression: 'true'\n  state: active",
            4,
            "segments[0] (a)",
            "state is 'active'; allowed are ACTIVE, INACTIVE",
        ),
        (
            "segments:\n- {id: a, expression: 'true'}\n- {id: a, expression: 'false'}",
            3,
            "segments[1] (a)",
            "the id is there twice, first in line 2",
        ),
        (
            "segments:\n- id: a\n  expression: 'true'\n  benefits: [{id: x, name: y}]",
            4,
            "segments[0] (a).benefits[0] (x)",
            "unknown key 'name'; allowed are id, display_name, description",
        ),
        ("segments:\n- {id: a, expression: 'true', labels: [b]}", 2, "segments[0] (a)", "labels has to be keys"),
        ("segments:\n- {id: a, expression: 'true', labels: {B: c}}", 2, "segments[0] (a)", "a key must match"),
        (f"segments:\n- {{id: a, expression: 'true', display_name: {'x' * 129}}}", 2, "segments[0] (a)", "129 code"),
        ("attributes:\n- {id: for, type: BOOL}", 2, "attributes[0] (for)", "keyword of CEL"),
        ("attributes:\n- {id: x, type: INT}", 2, "attributes[0] (x)", "did you mean INT64?"),
        ("attributes:\n- {id: x, type: DECIMAL}", 2, "attributes[0] (x)", "DECIMAL(scale) or DECIMAL(scale, currency)"),
        ("attributes:\n- {id: x, type: DECIMAL(10)}", 2, "attributes[0] (x)", "with scale 0 to 9"),
        ("attributes:\n- {id: x, type: 'DECIMAL(2, EUX)'}", 2, "attributes[0] (x)", "ISO 4217"),
        ("attributes:\n- {id: x, type: BOOL, nullable: no}", 2, "attributes[0] (x)", "nullable is 'no'"),
        ("attributes:\n- {id: x, type: LIST, nullable: false}", 2, "attributes[0] (x)", "a missing LIST"),
        ("attributes:\n- {id: x, expression: '1', nullable: false}", 2, "attributes[0] (x)", "a computed attribute"),
        ("attributes:\n\n- {id: x}", 3, "attributes/customer.x", "type must be set"),
        ("attributes:\n- {id: aB, type: BOOL}\n- {id: a_b, type: BOOL}", 3, "attributes/customer.a_b", "'aB'"),
        ("attributes:\n- {id: x, expression: customer.y}", 2, "attributes/customer.x", "no attribute 'y'"),
        ("segments:\n\n- id: a\n  expression: customer.y", 3, "segments/a", "no attribute 'y'"),
        ("segments:\n- {id: a, expression: '''b'' in customer.segments'}", 2, "segments/a", "no segment 'b'"),
        ("a: b: c", 1, "", "mapping values are not allowed"),
        ("a: [1, 2", 1, "", "while parsing a flow sequence"),
        ("a: 1\na: 2", 2, "", "'a' is there twice, first in line 1"),
        ("[a]: 1", 1, "", "a key has to be a text"),
        ("a: &x 1", 1, "", "anchors and aliases are not taken"),
        ("a: *x", 1, "", "anchors and aliases are not taken"),
        ("a: !!python/object/apply:os.system [ls]", 1, "", "tags are not taken"),
        ("a: 1\n---\nb: 2", 1, "", "a second document"),
        ("a: \0", 1, "", "control characters are not allowed"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_entry(text: str, line: int, entry: str, message: str) -> None:
    """And with what is allowed, or the nearest that is."""
    found = [problem for problem in problems(text) if message in problem[2]]
    assert [problem[:2] for problem in found] == [(line, entry)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    """In the order of the file."""
    text = """\
curency: EUR
attributes:
  - {id: x, type: INTEGER}
segments:
  - {id: a, expresion: "true"}
  - {id: B, expression: "true"}
"""
    assert [line for line, _, _ in problems(text)] == [1, 3, 5, 5, 6]
    text = """\
segments:
  - {id: a, expression: "customer.x > 1"}
  - {id: b, expression: "1 + 1"}
  - {id: c, expression: "true"}
  - {id: d, expression: "'e' in customer.segments"}
"""
    assert [entry for _, entry, _ in problems(text)] == ["segments/a", "segments/b", "segments/d"]


def test_an_expressions_issues_come_with_the_problem() -> None:
    """For tools that show places in the text; the reason is the expression's."""
    with pytest.raises(DefinitionsError) as caught:
        parse("segments:\n- id: a\n  expression: true && customer.y").catalogue()
    [problem] = caught.value.problems
    assert problem.reason is ErrorReason.UNKNOWN_ATTRIBUTE
    assert [(issue.position.line, issue.position.column) for issue in problem.issues] == [(1, 18)]


def test_attributes_that_wait_for_each_others_types_are_a_cycle() -> None:
    """The path is shown; one that only reads the cycle is not blamed for another's mistake."""
    text = """\
attributes:
  - {id: a, expression: customer.b + 1}
  - {id: b, expression: customer.a + 1}
"""
    [(line, _, message), _] = problems(text)
    assert line == 2
    assert "customer.a -> customer.b -> customer.a" in message
    text = """\
attributes:
  - {id: a, expression: customer.b + 1}
  - {id: b, expression: customer.nope}
"""
    assert [entry for _, entry, _ in problems(text)] == ["attributes/customer.b"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "[{a: "])
def test_deep_nesting_is_refused(opening: str) -> None:
    """A hundred thousand brackets neither crash nor take long."""
    [(_, _, message)] = problems(opening * 100_000)
    assert "nested deeper than 16 levels" in message or "not allowed" in message or "expected" in message


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    """A byte order mark is skipped."""
    path = tmp_path / "bank.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.encode())
    assert [segment.id for segment in load_definitions(path).segments] == ["premium", "gold", "savings"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, a directory, not UTF-8, and too large."""
    latin, large = tmp_path / "latin.yaml", tmp_path / "large.yaml"
    latin.write_bytes("segments: []\n# Prémiový".encode("latin-1"))
    with large.open("wb") as file:
        file.truncate((16 << 20) + 1)
    for path, message in (
        (tmp_path / "none.yaml", ":1: cannot be read: No such file"),
        (tmp_path, ":1: cannot be read: Is a directory"),
        (latin, ":2: the text is not in UTF-8"),
        (large, ":1: the file has 16,777,217 bytes"),
    ):
        with pytest.raises(DefinitionsError) as caught:
            load_definitions(path)
        assert caught.value.message.startswith(f"{path}{message}")
