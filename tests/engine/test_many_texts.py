"""Text columns with many distinct values, where operations run on whole dictionaries at once."""

from __future__ import annotations

from random import Random

import pytest

from segmentd.engine import Engine
from segmentd.language.tree import Value
from segmentd.schema import LIST, STRING, AttributeSpec, Schema, Subject
from tests.oracle.edges import PATTERNS, TEXTS
from tests.oracle.judge import Judge
from tests.oracle.literals import text_literal

SCHEMA = Schema(Subject.CUSTOMER, (AttributeSpec("s", STRING), AttributeSpec("tags", LIST)))
PIECES = ("", "a", "B", "Pr", "\n", "é", "e\u0301", "😀", "ß", ".", "(", " ", "İ", "\x00", "0", "_", "\u2028")
WORDS = ("", "a", "Pra", "é", "\u0301", "😀", ".", "zz", "\n", "\x00", "ab")


def rows(random: Random) -> list[dict[str, Value]]:
    """600 rows of hundreds of distinct texts and lists, some missing, some with every edge."""
    texts: list[str | None] = [None, *TEXTS]
    texts += ["".join(random.choices(PIECES, k=random.randrange(1, 6))) for _ in range(600 - len(texts))]
    lists = [tuple(random.choices(("a", "", "é", "😀", "zz", "b", "ab"), k=random.randrange(7))) for _ in texts]
    return [{"s": text, "tags": tags} for text, tags in zip(texts, lists, strict=True)]


@pytest.fixture(scope="module")
def judge(engine: Engine) -> Judge:
    """A judge over enough distinct values for operations on dictionaries."""
    found = rows(Random(7))  # noqa: S311 - repeatable, not secret
    assert len({row["s"] for row in found}) > 400
    assert len({row["tags"] for row in found}) > 256
    return Judge(engine, SCHEMA, found)


@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_words(judge: Judge, word: str) -> None:
    """Comparisons and searches give what the official runtime gives, missing values included."""
    literal = text_literal(word)
    texts: dict[str, str | None] = {
        f"{subject}{name}": form.format(subject, literal)
        for subject in ("customer.s", "customer.s.lowerAscii()", "customer.s.upperAscii().lowerAscii()")
        for name, form in {
            "eq": "{0} == {1}",
            "ne": "{1} != {0}",
            "lt": "{0} < {1}",
            "ge": "{0} >= {1}",
            "mirrored": "{1} < {0}",
            "mirrored ge": "{1} >= {0}",
            "starts": "{0}.startsWith({1})",
            "ends": "{0}.endsWith({1})",
            "contains": "{0}.contains({1})",
            "started": "{1}.startsWith({0})",
            "under": "{0}.isUnder({1})",
            "over": "{1}.isUnder({0})",
            "in": '{0} in [{1}, "a"]',
            "size": "size({0}) > 2 && {0}.size() < 9",
        }.items()
    }
    texts["list"] = f"{literal} in customer.tags"
    texts["list size"] = "customer.tags.size() == 2 || size(customer.tags) > 3"
    verdicts = judge.together(texts)
    assert verdicts["customer.sstarts"][0] is None
    assert verdicts["list size"].count(True) > 100


@pytest.mark.parametrize("pattern", [*PATTERNS, "(?m)^a", "\\\\x{1F600}", "[^\\\\n]$", "^(Pr|B)", "\\\\.", "\\\\C"])
def test_patterns(judge: Judge, pattern: str) -> None:
    """Regular expressions find what RE2 finds in the official runtime, across line breaks and code points."""
    escaped = pattern if "\\\\" in pattern else pattern.replace("\\", "\\\\")
    judge.together({"method": f'customer.s.matches("{escaped}")', "function": f'matches(customer.s, "{escaped}")'})
