"""Text: counted in code points, compared by bytes, matched by RE2; tables give what the runtime gives."""

from __future__ import annotations

import pytest

from segmentd.engine import Engine
from segmentd.schema import BOOL, DOUBLE, INT64, LIST, STRING, AttributeSpec, Schema, Subject
from tests.oracle.evaluator import UNKNOWN, Answer
from tests.oracle.judge import Judge

SCHEMA = Schema(
    Subject.CUSTOMER,
    (
        AttributeSpec("s", STRING),
        AttributeSpec("u", STRING),
        AttributeSpec("n", INT64),
        AttributeSpec("x", DOUBLE),
        AttributeSpec("b", BOOL),
        AttributeSpec("tags", LIST),
    ),
)


def texts(engine: Engine, *values: str | None) -> Judge:
    """A judge over rows whose text `s` has these values; the other attributes are the same on each."""
    rows = [{"s": value, "u": "b", "n": 1, "x": 1.5, "b": True, "tags": ("b", "é")} for value in values]
    return Judge(engine, SCHEMA, rows)


def test_sizes_are_code_points(engine: Engine) -> None:
    """An accent of its own and a character beyond 16 bits count one each, an emoji sequence all of its parts."""
    judge = texts(engine, "", "é", "e\u0301", "😀", "👨\u200d👩\u200d👧", "日本語", None)
    assert judge.values("customer.s.size()") == [0, 1, 2, 1, 5, 3, UNKNOWN]
    assert judge.values("size(customer.s)") == [0, 1, 2, 1, 5, 3, UNKNOWN]
    assert judge.verdicts("size(customer.s) > 2") == [False, False, False, False, True, True, None]


def test_substrings_are_code_points(engine: Engine) -> None:
    """Indexes count code points; one beyond the text is unknown."""
    judge = texts(engine, "a😀b", "é", "", None)
    assert judge.values("customer.s.substring(1)") == ["😀b", "", UNKNOWN, UNKNOWN]
    assert judge.values("customer.s.substring(0, 2)") == ["a😀", UNKNOWN, UNKNOWN, UNKNOWN]
    assert judge.values("customer.s.charAt(1)") == ["😀", "", UNKNOWN, UNKNOWN]
    assert judge.values('customer.s.indexOf("b")') == [2, -1, -1, UNKNOWN]
    assert judge.values("customer.s.reverse()") == ["b😀a", "é", "", UNKNOWN]


def test_order_is_by_bytes(engine: Engine) -> None:
    """Texts are ordered by their UTF-8 bytes, which is the order of code points: no locale, no normal form."""
    judge = texts(engine, "Z", "a", "é", "\uffff", "😀", None)
    assert judge.verdicts('customer.s < "a"') == [True, False, False, False, False, None]
    assert judge.verdicts('customer.s > "é"') == [False, False, False, True, True, None]
    assert judge.verdicts('customer.s > "\uffff"') == [False, False, False, False, True, None]
    assert judge.verdicts('customer.s == "e\u0301"') == [False] * 6


def test_ascii_case_only(engine: Engine) -> None:
    """`lowerAscii` and `upperAscii` leave every letter outside ASCII as it is; `trim` knows Unicode's white space."""
    judge = texts(engine, "PRAHA ŽIŽKOV", "  x\u2003", None)
    assert judge.values("customer.s.lowerAscii()") == ["praha ŽiŽkov", "  x\u2003", UNKNOWN]
    assert judge.values("customer.s.trim()") == ["PRAHA ŽIŽKOV", "x", UNKNOWN]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("b", ["abc"]),  # anywhere in the text
        ("^b", []),
        ("(?i)ABC", ["abc"]),
        ("^.$", ["😀", "é"]),  # a dot is a code point, and no line break
        ("(?s)^.$", ["😀", "é", "\n"]),
        ("\\\\pL", ["abc", "é", "e\u0301"]),
        ("^\\\\w+$", ["abc"]),  # classes are ASCII
        ("^$", [""]),
        ("\\\\z", ["abc", "😀", "é", "e\u0301", "\n", ""]),
    ],
)
def test_patterns_are_re2(engine: Engine, pattern: str, matching: list[str]) -> None:
    """`matches` searches with RE2: unanchored, code points, ASCII classes."""
    values = ("abc", "😀", "é", "e\u0301", "\n", "", None)
    judge = texts(engine, *values)
    expected = [None if value is None else value in matching for value in values]
    assert judge.verdicts(f'customer.s.matches("{pattern}")') == expected
    assert judge.verdicts(f'matches(customer.s, "{pattern}")') == expected


def test_a_pattern_may_be_chosen(engine: Engine) -> None:
    """Which of two literal patterns is looked for can depend on the row."""
    chosen = 'customer.s.matches(customer.s.size() > 2 ? "^a" : "b$")'
    assert texts(engine, "abc", "bca", "ab", "ba", None).verdicts(chosen) == [True, False, True, False, None]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("int", [12, -7, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 9223372036854775807, UNKNOWN]),
        ("double", [12.0, -7.0, 3.5, UNKNOWN, UNKNOWN, UNKNOWN, 9.223372036854775807e18, 9.223372036854775808e18]),
        ("bool", [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, True, UNKNOWN, UNKNOWN]),
    ],
)
def test_numbers_in_text(engine: Engine, function: str, expected: list[Answer]) -> None:
    """Text that is no number of the type, or out of its range, is unknown."""
    values = ("12", "-7", "3.5", "", "word", "true", "9223372036854775807", "9223372036854775808")
    assert texts(engine, *values).values(f"{function}(customer.s)") == expected


def test_several_columns_in_one_operation(engine: Engine) -> None:
    """An operation may combine texts, lists, integers and truth values of one row."""
    judge = texts(engine, "ab", "b", "", None)
    assert judge.verdicts("customer.s.contains(customer.u)") == [True, True, False, None]
    assert judge.values("customer.s + customer.u") == ["abb", "bb", "b", UNKNOWN]
    assert judge.values("customer.s.charAt(customer.n)") == ["b", "", UNKNOWN, UNKNOWN]
    assert judge.verdicts("customer.s in customer.tags") == [False, True, False, False]
    assert judge.values("customer.tags.join(customer.s)") == ["babé", "bbé", "bé", UNKNOWN]
    assert judge.values('customer.s.split("")') == [("a", "b"), ("b",), ("",), UNKNOWN]


def test_text_chosen_by_a_number(engine: Engine) -> None:
    """A text function may be given a ternary whose condition reads what text functions cannot."""
    judge = texts(engine, "ab", None)
    assert judge.values("size(customer.x > 1.0 ? customer.s : customer.u)") == [2, UNKNOWN]
    assert judge.values("size(customer.x > 2.0 ? customer.s : customer.u)") == [1, 1]
    chosen = '(customer.x > 1.0 ? "a" : "c") + (customer.x > 2.0 ? "y" : customer.u)'
    assert judge.verdicts(f'{chosen} == "ab"') == [True, True]
    assert judge.verdicts(f"customer.s.startsWith({chosen})") == [True, None]
